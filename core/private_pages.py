"""Blueprints whose pages no browser keeps."""

from __future__ import annotations

from flask import Blueprint, Response


def private_pages(name: str, import_name: str) -> Blueprint:
    """A blueprint whose answers, also those to forms, hold tokens and people's data, so that no one goes back to one."""
    pages = Blueprint(name, import_name)
    pages.after_request(_keep_nothing)
    return pages


def _keep_nothing(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
