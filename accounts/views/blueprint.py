"""The room's blueprint."""

from __future__ import annotations

from flask import Blueprint, Response

pages = Blueprint("accounts", __name__)


@pages.after_request
def keep_nothing(response: Response) -> Response:
    """Answers to forms here hold tokens and people's accounts, so no one goes back to one."""
    response.headers["Cache-Control"] = "no-store"
    return response
