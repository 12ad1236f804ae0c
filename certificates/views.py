"""Pages."""

from __future__ import annotations

from flask import Blueprint

from certificates import models  # noqa: F401 -- the tables must be known

pages = Blueprint("certificates", __name__)
