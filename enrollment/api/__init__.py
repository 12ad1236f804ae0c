"""The API, a module per resource."""

from enrollment.api import deliveries, enrollments, identity, needs
from enrollment.api.routes import routes

__all__ = ["deliveries", "enrollments", "identity", "needs", "routes"]
