"""A program that uses the API with a token, and holds every answer against the published
description."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from core.openapi import openapi


class Answer(TestResponse):
    """As any response, but tests read its JSON without asking first whether there is any."""

    json: Any


class Description:
    """What an application publishes of its API, ready to hold answers against."""

    def __init__(self, app: Flask):
        self.published = openapi(app, "http://127.0.0.1")
        self.patterns = {
            template: re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template))
            for template in self.published["paths"]
        }
        self.validators: dict[tuple[str, str, int, str], Draft202012Validator] = {}

    def check(self, method: str, path: str, response: TestResponse) -> None:
        template = self._template(method, path)
        promised = self.published["paths"][template][method.lower()]["responses"]
        assert str(response.status_code) in promised, (
            f"{method} {path}: {response.status_code} is not promised: {response.text[:300]}"
        )
        if response.status_code == 304:
            return
        content = promised[str(response.status_code)]["content"]
        assert response.mimetype in content, (
            f"{method} {path}: {response.mimetype} is not promised, {list(content)} is"
        )
        if "json" in response.mimetype:
            key = template, method, response.status_code, response.mimetype
            if key not in self.validators:
                schema = content[response.mimetype]["schema"]
                resolved = schema | {"components": self.published["components"]}
                self.validators[key] = Draft202012Validator(resolved)
            errors = self.validators[key].iter_errors(response.json)
            faults = [f"{list(error.absolute_path)}: {error.message}" for error in errors]
            assert not faults, f"{method} {path}: {faults[:3]}"

    def _template(self, method: str, path: str) -> str:
        matches = [
            template
            for template, operations in self.published["paths"].items()
            if method.lower() in operations and self.patterns[template].fullmatch(path)
        ]
        assert matches, f"{method} {path} is not in the description"
        return path if path in matches else matches[0]


description_of = cache(Description)


class ApiClient:
    """`client.post("/courses/GTI/deliveries", {...})`; every answer must be one that OpenAPI
    promises."""

    def __init__(self, app: Flask, token: str | None):
        self.app = app
        self.client = app.test_client(use_cookies=False)
        self.token = token

    @property
    def description(self) -> dict[str, Any]:
        return description_of(self.app).published

    def get(self, address: str, **headers: str) -> Answer:
        return self._call("GET", address, None, headers)

    def post(self, address: str, body: Any = None, **headers: str) -> Answer:
        return self._call("POST", address, body, headers)

    def put(self, address: str, body: Any, **headers: str) -> Answer:
        return self._call("PUT", address, body, headers)

    def _call(self, method: str, address: str, body: Any, headers: dict[str, str]) -> Answer:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        address = re.sub("^https?://[^/]+", "", address)
        path = address if address.startswith("/api/") else f"/api/v1{address}"
        options: dict[str, Any] = {"json": body} if body is not None else {}
        response = self.client.open(path, method=method, headers=headers, **options)
        description_of(self.app).check(method, path.partition("?")[0], response)
        return cast("Answer", response)
