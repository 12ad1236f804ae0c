"""What a function returned, as a response."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, current_app, request, url_for
from pydantic import BaseModel

from core.api.operations import Operation
from core.paging import Page
from core.settings import settings_of


def respond(result: Any, operation: Operation) -> Response:
    status = 200
    if isinstance(result, tuple):
        result, status = result
    if isinstance(result, Response):
        return result
    if isinstance(result, Page):
        following = None
        if result.next:
            query: dict[str, Any] = request.args.to_dict(flat=False) | {"after": [result.next]}
            assert request.endpoint
            following = settings_of().public_url + url_for(
                request.endpoint, **(request.view_args or {}), **query
            )
        result = {"items": [_plain(item) for item in result.items], "next": following}
    response = current_app.response_class(
        _json(_plain(result)), status, content_type="application/json"
    )
    if operation.location and status in (201, 202) and (place := operation.location(result)):
        response.headers["Location"] = settings_of().public_url + place
    return response


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
