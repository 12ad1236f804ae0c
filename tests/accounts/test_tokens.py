"""API tokens end, may be limited, and say when they were last used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from accounts import services
from accounts.models import ApiToken
from accounts.roles import Role
from core import clock
from core.database import db, transaction
from core.errors import Invalid
from core.policy import SYSTEM, Actor
from people.models import Person
from tests import factories
from tests.browsing import Browser
from tests.conftest import NOW

COURSE = {
    "title": {"en": "First aid"},
    "sessions": [{"day": 1, "start": "09:00", "minutes": 60, "title": {"en": "All of it"}}],
    "grants": [],
}


def token_of(actor: Actor, **limits: Any) -> str:
    with transaction():
        return services.create_token(
            SYSTEM, db.session.get_one(Person, actor.person_id), name="import", **limits
        )


def call(
    app: Flask, token: str, method: str = "GET", path: str = "/courses", **options: Any
) -> TestResponse:
    return app.test_client().open(
        f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **options
    )


@pytest.mark.both_databases
def test_a_token_ends_on_its_day(app: Flask) -> None:
    with app.app_context():
        token = token_of(factories.actor(), days=30)
    clock.travel(app, NOW + timedelta(days=30) - timedelta(minutes=1))
    assert call(app, token).status_code == 200
    clock.travel(app, NOW + timedelta(days=30, minutes=1))
    ended = call(app, token)
    assert (ended.status_code, ended.json["code"]) == (401, "bad_token")


def test_a_cookie_of_another_program_on_this_host_hides_no_token(app: Flask) -> None:
    """Flask-Login's own cookie is not used: no one is remembered beyond the session."""
    with app.app_context():
        token = token_of(factories.actor())
    client = app.test_client()
    client.set_cookie("remember_token", "1|0f1e2d")
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.status_code == 200
    assert client.get("/me").status_code == 303


@pytest.mark.parametrize("days", [0, 367, -1])
def test_no_token_lives_longer_than_a_year(context: Flask, days: int) -> None:
    with pytest.raises(Invalid) as refused:
        token_of(factories.actor(), days=days)
    assert refused.value.field == "days"


def test_a_token_that_only_reads_changes_nothing(app: Flask) -> None:
    with app.app_context():
        token = token_of(factories.actor(Role.COORDINATOR), scope=["read"])
    assert call(app, token).status_code == 200
    refused = call(app, token, "PUT", "/courses/AID", json=COURSE)
    assert (refused.status_code, refused.json["code"]) == (403, "token_only_reads")
    assert call(app, token, path="/courses/AID").status_code == 404


def test_a_token_acts_only_in_the_roles_it_is_limited_to(app: Flask) -> None:
    with app.app_context():
        actor = factories.actor(Role.COORDINATOR, Role.ROSTER)
        limited, unlimited = token_of(actor, scope=["roster"]), token_of(actor)
    assert call(app, limited, path="/experts").status_code == 200
    assert call(app, limited, "PUT", "/courses/AID", json=COURSE).status_code == 403
    assert call(app, unlimited, "PUT", "/courses/AID", json=COURSE).status_code == 201


def test_a_role_that_was_withdrawn_is_gone_from_its_token_too(app: Flask) -> None:
    with app.app_context():
        token = token_of(factories.actor(), scope=["roster"])
    assert call(app, token, path="/experts").status_code == 403


@pytest.mark.parametrize("scope", [[], ["all", "read"], ["king"], ["read", "roster"]])
def test_an_unknown_scope_is_refused(context: Flask, scope: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        token_of(factories.actor(), scope=scope)
    assert refused.value.code == "unknown_scope"


def test_the_last_use_is_kept_to_within_ten_minutes(app: Flask) -> None:
    with app.app_context():
        token = token_of(factories.actor())
    for minutes, seen in ((0, 0), (5, 0), (11, 11)):
        clock.travel(app, NOW + timedelta(minutes=minutes))
        call(app, token)
        with app.app_context():
            used_at = db.session.scalar(sa.select(ApiToken.used_at))
        assert timedelta() <= used_at - (NOW + timedelta(minutes=seen)) < timedelta(minutes=1)


@pytest.mark.parametrize("ends_tokens", [True, False])
def test_tokens_end_with_a_changed_password_when_the_person_says_so(
    app: Flask, ends_tokens: bool
) -> None:
    with app.app_context():
        actor = factories.actor()
        token = token_of(actor)
        with transaction():
            person = db.session.get_one(Person, actor.person_id)
            services.set_password(actor, person, "trombone lagoon seven", ends_tokens=ends_tokens)
    assert call(app, token).status_code == (401 if ends_tokens else 200)


def test_the_page_says_what_each_token_may_do_and_when_it_ends(
    app: Flask, sign_in: Callable[..., Browser]
) -> None:
    with app.app_context():
        actor = factories.actor(Role.COORDINATOR)
        token_of(actor, days=30, scope=["read"])
        with transaction():
            services.set_password(
                actor, db.session.get_one(Person, actor.person_id), "trombone lagoon seven"
            )
    page = sign_in(actor).get("/me/tokens")
    assert "Only read" in page.text and "23 December 2026" in page.text and "Never" in page.text
    created = page.form(button="Create").submit(
        name="y", scope="coordinator", days="10", current_password="trombone lagoon seven"
    )
    assert (
        created.status == 200
        and "Copy it now" in created.text
        and "3 December 2026" in created.text
    )
    late = created.form(button="Create").submit(
        name="y", days="400", current_password="trombone lagoon seven"
    )
    assert late.status == 422 and "Enter a number of days from 1 to 365." in late.text
