"""Pages."""

from __future__ import annotations

from flask import Blueprint

from accounts import models  # noqa: F401 -- the tables must be known

pages = Blueprint("accounts", __name__)
