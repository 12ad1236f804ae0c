"""The API's description, OpenAPI 3.1, generated from the routes so that it is accurate."""

from __future__ import annotations

import re
from functools import lru_cache
from inspect import cleandoc
from types import UnionType
from typing import Any, get_args

from flask import Flask
from pydantic import BaseModel
from werkzeug.routing import IntegerConverter

from core.api import Operation


@lru_cache(maxsize=2)
def openapi(app: Flask, public_url: str) -> dict[str, Any]:
    """The OpenAPI 3.1 description, generated from the routes. It is the same for everyone and
    cached (it takes a tenth of a second), so callers must not change it."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation is None:
            continue
        address, parameters = _template(rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            described = _describe(rule.endpoint, method, operation, parameters, schemas)
            if docstring := app.view_functions[rule.endpoint].__doc__:
                described["description"] = cleandoc(docstring)
            paths.setdefault(address, {})[method.lower()] = described
    schemas["Problem"] = PROBLEM
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rostrum",
            "version": "1",
            "description": "From the classroom to the mission.",
        },
        "servers": [{"url": public_url}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "headers": HEADERS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


PROBLEM = {
    "type": "object",
    "required": ["title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; match this"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "field": {"type": ["string", "null"]},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}


PROBLEM_SCHEMA = {"schema": {"$ref": "#/components/schemas/Problem"}}
BINARY = {"type": "string", "format": "binary"}
#: Answers possible at any address: the request is malformed, too slow or too long, the method,
#: address or HTTP version is unknown, or something fails on our side.
EVERYWHERE = ("400", "405", "408", "414", "431", "500", "501", "505")


def _header(description: str, kind: str = "string", **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind, **schema}}


#: RFC 9110, and draft-ietf-httpapi-ratelimit-headers.
HEADERS = {
    "Location": _header("the address of what was created, or of the job"),
    "Idempotency-Replayed": _header("`true` when this is the first answer to the same key again"),
    "ETag": _header("send it back in If-None-Match: 304 when nothing has changed"),
    "Accept-Ranges": _header("`bytes`: parts may be asked for with Range"),
    "Content-Range": _header(
        "which bytes of the file these are; with 416, how many bytes the file has"
    ),
    "Content-Disposition": _header("the name of the file"),
    "WWW-Authenticate": _header("`Bearer`"),
    "Retry-After": _header("seconds to wait", "integer", minimum=1) | {"required": True},
    "RateLimit-Policy": _header(
        "the budgets: `q` calls in `w` seconds, of the origin, the token and the account",
        examples=['"origin";q=6000;w=60, "token";q=1200;w=60, "account";q=2400;w=60'],
    ),
    "RateLimit": _header(
        "what is left of each: `r` calls now, the whole budget in `t` seconds",
        examples=['"origin";r=5999;t=1, "token";r=1199;t=1, "account";r=2399;t=1'],
    ),
}


def _template(rule: Any) -> tuple[str, list[dict[str, Any]]]:
    address, parameters = rule.rule, []
    for name, converter in rule._converters.items():
        kind = "integer" if isinstance(converter, IntegerConverter) else "string"
        for form in (f"<{name}>", f"<int:{name}>", f"<string:{name}>"):
            address = address.replace(form, f"{{{name}}}")
        parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": kind}})
    return address, parameters


def _describe(
    endpoint: str, method: str, operation: Operation, parameters: list[Any], schemas: dict[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.replace("_api.", "_").replace(".", "_"),
        "summary": operation.summary,
        "tags": [re.split(r"_api\.|\.", endpoint)[0]],
        "responses": _answers(method, operation, schemas),
    }
    if operation.access.signed_in:
        described["security"] = [{"token": []}]
    listed = list(parameters)
    if operation.query is not None:
        listed += _query_parameters(operation.query, schemas)
    if method == "POST":
        listed.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "maxLength": 200},
            }
        )
    if operation.is_catalogue or operation.media_type == "application/pdf":
        listed.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
            }
        )
    if operation.media_type == "application/pdf":
        listed.append(
            {"name": "Range", "in": "header", "required": False, "schema": {"type": "string"}}
        )
    if listed:
        described["parameters"] = listed
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body_is_optional,
            "content": {
                "application/json": {"schema": _schema(operation.body, schemas, "validation")}
            },
        }
    return described


def _answers(method: str, operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, shape in operation.answers.items():
        schema = _schema(shape, schemas, "serialization")
        if operation.is_list:
            schema = {
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": {"type": "array", "items": schema},
                    "next": {"type": ["string", "null"]},
                },
            }
        answers[str(status)] = {
            "description": "done",
            "content": {operation.media_type: {"schema": schema}},
        }
    if operation.is_catalogue or operation.media_type == "application/pdf":
        answers["304"] = {"description": "the client has it already"}
    if operation.media_type == "application/pdf":
        part = {"application/pdf": {"schema": BINARY}}
        answers["206"] = {
            "description": "the requested part (one range for each request)",
            "content": part,
        }
        answers["416"] = {
            "description": "there is no such part",
            "content": {"application/problem+json": PROBLEM_SCHEMA},
        }
    refusal = {"description": "refused", "content": {"application/problem+json": PROBLEM_SCHEMA}}
    codes = ["422", "429", "503"] + (
        ["401", "403", "404", "409", "413"] if operation.access.signed_in else ["404"]
    )
    refusals: dict[str, Any] = {
        code: dict(refusal) for code in [*codes, *EVERYWHERE] if code not in answers
    }
    pages = [
        *(answers.values() if operation.is_page_too else ()),
        *(refusals.values() if operation.is_outside else ()),
    ]
    for answer in pages:  # outside /api/ a refusal is a page unless the client asks for JSON
        answer["content"] = answer["content"] | {"text/html": {"schema": {"type": "string"}}}
    every = dict(sorted((answers | refusals).items()))
    return {
        status: answer | {"headers": _headers(method, operation, status)}
        for status, answer in every.items()
    }


def _headers(method: str, operation: Operation, status: str) -> dict[str, Any]:
    is_file = operation.media_type == "application/pdf"
    named = {
        "RateLimit": not operation.is_outside,
        "RateLimit-Policy": not operation.is_outside,
        "Retry-After": status in ("429", "503"),
        "WWW-Authenticate": status == "401",
        "Location": bool(operation.location) and status in ("201", "202"),
        "Idempotency-Replayed": method == "POST"
        and status in (*map(str, operation.answers), "404", "409", "422"),
        "ETag": (operation.is_catalogue or is_file) and status in ("200", "206", "304"),
        "Accept-Ranges": is_file and status in ("200", "206"),
        "Content-Range": is_file and status in ("206", "416"),
        "Content-Disposition": is_file and status in ("200", "206"),
    }
    return {
        name: {"$ref": f"#/components/headers/{name}"} for name, is_sent in named.items() if is_sent
    }


def _schema(shape: Any, schemas: dict[str, Any], mode: Any) -> dict[str, Any]:
    if shape is bytes:
        return BINARY
    if isinstance(shape, UnionType):
        return {"anyOf": [_schema(member, schemas, mode) for member in get_args(shape)]}
    if shape is str:
        return {"type": "string"}
    if not (isinstance(shape, type) and issubclass(shape, BaseModel)):
        return {"type": "object"}
    generated = shape.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    for name, schema in {**generated.pop("$defs", {}), shape.__name__: generated}.items():
        if schemas.setdefault(name, schema) != schema:
            raise RuntimeError(f"two shapes of the API have the name {name}")
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _query_parameters(model: type[BaseModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    generated = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= generated.pop("$defs", {})
    required = generated.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in generated["properties"].items()
    ]
