"""The API."""

from __future__ import annotations

from core.api import Routes

routes = Routes("roster")
