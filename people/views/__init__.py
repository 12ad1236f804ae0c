"""Pages of the package, a module per topic."""

from __future__ import annotations

from people import models  # noqa: F401 -- registers the tables
from people.views import consents, details, organizations
from people.views.blueprint import pages

__all__ = ["consents", "details", "organizations", "pages"]
