"""Blueprints whose pages browsers do not store."""

from __future__ import annotations

from flask import Blueprint, Response


def private_pages(name: str, import_name: str) -> Blueprint:
    """A blueprint whose answers contain tokens or personal data. Browsers do not store them, so no
    one can go back to one."""
    pages = Blueprint(name, import_name)
    pages.after_request(_keep_nothing)
    return pages


def _keep_nothing(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
