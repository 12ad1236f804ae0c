"""A program that uses the API with a token, and holds every answer against the published
description."""

from __future__ import annotations

import re
from typing import Any, cast

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from core.openapi import openapi


class Answer(TestResponse):
    """As any response, but tests read its JSON without asking first whether there is any."""

    json: Any


class ApiClient:
    """`client.post("/courses/GTI/deliveries", {...})`; every answer must be one that OpenAPI
    promises."""

    def __init__(self, app: Flask, token: str | None):
        self.app = app
        self.client = app.test_client(use_cookies=False)
        self.token = token
        self.description = openapi(app, "http://127.0.0.1")

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
        self._check(method, path.partition("?")[0], response)
        return cast("Answer", response)

    def _check(self, method: str, path: str, response: TestResponse) -> None:
        operation = self._operation(method, path)
        promised = operation["responses"]
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
            schema = content[response.mimetype]["schema"] | {
                "components": self.description["components"]
            }
            faults = [
                f"{list(e.absolute_path)}: {e.message}"
                for e in Draft202012Validator(schema).iter_errors(response.json)
            ]
            assert not faults, f"{method} {path}: {faults[:3]}"

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        matches = [
            operations[method.lower()]
            for template, operations in self.description["paths"].items()
            if method.lower() in operations
            and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
        ]
        assert matches, f"{method} {path} is not in the description"
        exact = [
            o
            for t, os in self.description["paths"].items()
            if t == path
            for m, o in os.items()
            if m == method.lower()
        ]
        return (exact or matches)[0]
