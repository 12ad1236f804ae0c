"""The API's description, OpenAPI 3.1: drawn from the routes that answer, so that it is true."""

from __future__ import annotations

from typing import Any

from flask import Flask
from pydantic import BaseModel
from werkzeug.routing import IntegerConverter

from core.api import Operation


def openapi(app: Flask, public_url: str) -> dict[str, Any]:
    """The OpenAPI 3.1 description, drawn from the routes that answer."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation is None:
            continue
        address, parameters = _template(rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(address, {})[method.lower()] = _describe(rule.endpoint, method, operation, parameters, schemas)
    schemas["Problem"] = PROBLEM
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rostrum", "version": "1", "description": "From the classroom to the mission."},
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


def _template(rule: Any) -> tuple[str, list[dict[str, Any]]]:
    address, parameters = rule.rule, []
    for name, converter in rule._converters.items():
        kind = "integer" if isinstance(converter, IntegerConverter) else "string"
        for form in (f"<{name}>", f"<int:{name}>", f"<string:{name}>"):
            address = address.replace(form, f"{{{name}}}")
        parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": kind}})
    return address, parameters


def _describe(endpoint: str, method: str, operation: Operation, parameters: list[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": endpoint.replace("_api.", "_"),
        "summary": operation.summary,
        "tags": [endpoint.split("_api.")[0]],
        "responses": _answers(operation, schemas),
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
    if listed:
        described["parameters"] = listed
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body_is_optional,
            "content": {"application/json": {"schema": _schema(operation.body, schemas, "validation")}},
        }
    return described


def _answers(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, shape in operation.answers.items():
        schema = _schema(shape, schemas, "serialization")
        if operation.is_list:
            schema = {
                "type": "object",
                "required": ["items", "next"],
                "properties": {"items": {"type": "array", "items": schema}, "next": {"type": ["string", "null"]}},
            }
        answers[str(status)] = {"description": "done", "content": {operation.media_type: {"schema": schema}}}
    problem_schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    refusal = {"description": "refused", "content": {"application/problem+json": problem_schema}}
    codes = ["422", "429", "503"] + (["401", "403", "404", "409", "413"] if operation.access.signed_in else ["404"])
    answers |= dict.fromkeys(sorted(codes), refusal)
    return {status: answer | {"headers": _headers(status)} for status, answer in answers.items()}


def _headers(status: str) -> dict[str, Any]:
    named = ["RateLimit", "RateLimit-Policy"] + (["Retry-After"] if status in ("429", "503") else [])
    return {name: {"$ref": f"#/components/headers/{name}"} for name in named}


#: draft-ietf-httpapi-ratelimit-headers, and RFC 9110.
HEADERS = {
    "RateLimit-Policy": {
        "description": "the budgets: `q` calls in `w` seconds, of the origin, the token and the account",
        "schema": {"type": "string", "examples": ['"origin";q=6000;w=60, "token";q=1200;w=60, "account";q=2400;w=60']},
    },
    "RateLimit": {
        "description": "what is left of each: `r` calls now, the whole budget in `t` seconds",
        "schema": {"type": "string", "examples": ['"origin";r=5999;t=1, "token";r=1199;t=1, "account";r=2399;t=1']},
    },
    "Retry-After": {"description": "seconds to wait", "required": True, "schema": {"type": "integer", "minimum": 1}},
}


def _schema(shape: Any, schemas: dict[str, Any], mode: Any) -> dict[str, Any]:
    if shape is bytes or shape is str:
        return {"type": "string"}
    if not (isinstance(shape, type) and issubclass(shape, BaseModel)):
        return {"type": "object"}
    made = shape.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    for name, schema in {**made.pop("$defs", {}), shape.__name__: made}.items():
        if schemas.setdefault(name, schema) != schema:
            raise RuntimeError(f"two shapes of the API have the name {name}")
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _query_parameters(model: type[BaseModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    made = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= made.pop("$defs", {})
    required = made.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in made["properties"].items()
    ]
