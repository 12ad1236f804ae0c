"""The API's description, for programs and for people, generated from the routes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from core.api import BASE
from core.openapi import openapi
from core.settings import settings_of
from core.web import public

pages = Blueprint("docs", __name__, url_prefix=BASE)


@pages.get("/openapi.json")
@public
def openapi_json() -> Response:
    return jsonify(_description())


@pages.get("/docs")
@public
def api_page() -> str:
    """The description as one page, without resources from other hosts."""
    return render_template("docs/api.html", description=_description())


def _description() -> dict[str, Any]:
    app = current_app._get_current_object()
    return openapi(app, settings_of().public_url)
