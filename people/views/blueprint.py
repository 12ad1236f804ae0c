"""The package's blueprint."""

from __future__ import annotations

from core.private_pages import private_pages

pages = private_pages("people", __name__)
