"""Pages."""

from __future__ import annotations

from flask import Blueprint

from roster import models  # noqa: F401 -- the tables must be known

pages = Blueprint("roster", __name__)
