"""Default deny, and lists that agree with their detail pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import IntegerConverter

from app import create_app
from core.web import UndeclaredAccess, check_access_declared, public


@pytest.fixture(scope="module")
def fresh_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app({"INSTANCE_PATH": str(tmp_path_factory.mktemp("guards")), "DEMO": "0"})


def test_every_route_declares_its_access(fresh_app: Flask) -> None:
    check_access_declared(fresh_app)


def test_a_route_without_declared_access_stops_the_application(tmp_path: Path) -> None:
    app = create_app({"INSTANCE_PATH": str(tmp_path), "DEMO": "0"})
    stray = Blueprint("stray", __name__)
    stray.get("/stray")(lambda: "open to all by accident")
    app.register_blueprint(stray)
    with pytest.raises(UndeclaredAccess, match="/stray"):
        check_access_declared(app)


def test_a_declared_route_passes(tmp_path: Path) -> None:
    app = create_app({"INSTANCE_PATH": str(tmp_path), "DEMO": "0"})
    open_door = Blueprint("open_door", __name__)
    open_door.get("/open")(public(lambda: "open"))
    app.register_blueprint(open_door)
    check_access_declared(app)


def test_addresses_are_kebab_case(fresh_app: Flask) -> None:
    for rule in fresh_app.url_map.iter_rules():
        plain = re.sub(r"<[^>]+>", "", rule.rule)
        assert re.fullmatch(r"[a-z0-9./-]*", plain), rule.rule


def test_numbers_in_addresses_are_typed(fresh_app: Flask) -> None:
    for rule in fresh_app.url_map.iter_rules():
        for name, converter in rule._converters.items():
            if name.endswith("_id"):
                assert isinstance(converter, IntegerConverter), (
                    f"{rule.rule}: {name} takes any text"
                )


def test_nothing_but_get_changes_and_get_changes_nothing(fresh_app: Flask) -> None:
    """Pages change things by POST only; the API also by PUT."""
    for rule in fresh_app.url_map.iter_rules():
        allowed = {"GET", "HEAD", "OPTIONS", "POST"} | (
            {"PUT"} if rule.rule.startswith("/api/") else set()
        )
        assert (rule.methods or set()) <= allowed, rule.rule
