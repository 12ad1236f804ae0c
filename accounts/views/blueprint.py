"""The room's blueprint."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("accounts", __name__)
