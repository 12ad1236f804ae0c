"""Pages."""

from __future__ import annotations

from flask import Blueprint

from courses import models  # noqa: F401 -- the tables must be known

pages = Blueprint("courses", __name__)
