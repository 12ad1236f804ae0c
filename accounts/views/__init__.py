"""Pages of the package, a module per topic."""

from __future__ import annotations

from accounts import models  # noqa: F401 -- registers the tables
from accounts.views import own, people, sign_in
from accounts.views.blueprint import pages

__all__ = ["own", "pages", "people", "sign_in"]
