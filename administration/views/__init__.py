"""Pages of the package, a module per topic."""

from __future__ import annotations

from administration.views import information, oversight
from administration.views.blueprint import pages

__all__ = ["information", "oversight", "pages"]
