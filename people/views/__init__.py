"""Pages of the package, a module per part of it."""

from __future__ import annotations

from people import models  # noqa: F401 -- the tables must be known
from people.views import consents, details, organizations
from people.views.blueprint import pages

__all__ = ["consents", "details", "organizations", "pages"]
