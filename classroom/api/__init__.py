"""The API, a module per resource; each adds its calls to `routes`."""

from classroom.api import attendance, completion, letter
from classroom.api.routes import routes

__all__ = ["attendance", "completion", "letter", "routes"]
