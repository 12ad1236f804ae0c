"""Who looked at whom is known, nothing is cut from a file, and one rule says which proof of a
skill is the best."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from accounts.sessions import actor_of
from core import clock
from core.audit import AuditEntry
from core.database import db
from core.policy import SYSTEM
from people.models import Person
from roster import queries
from roster.filters import Filters
from roster.schemas import expert_answer
from tests import factories
from tests.api_client import ApiClient
from tests.certificates import makers as certificates
from tests.enrollment.makers import token_of
from tests.roster import makers

ADVANCED = ("mediation", "advanced", 12)
BASIC = ("mediation", "basic", 60)


def traces(app: Flask, action: str) -> list[str]:
    with app.app_context():
        statement = (
            sa.select(AuditEntry.subject)
            .where(AuditEntry.action == action)
            .order_by(AuditEntry.number)
        )
        return list(db.session.scalars(statement))


def test_every_time_staff_read_a_profile_leaves_a_trace_and_reading_ones_own_does_not(
    app: Flask, sign_in: Any
) -> None:
    with app.app_context():
        expert = makers.expert(identifier="SN-1")
        subject, address = f"expert:{expert.id}", f"/roster/{expert.id}"
        own = actor_of(db.session.get_one(Person, expert.person_id))
        staff = factories.actor(Role.ROSTER)
        api, key = ApiClient(app, token_of(staff)), expert.id
    assert sign_in(staff).get(address).status == 200
    assert traces(app, "expert.read") == [subject]
    assert api.get(f"/experts/{key}").status_code == 200
    assert api.get("/experts").json["items"]
    assert traces(app, "expert.read") == [subject] * 3
    sign_in(own).get(address)
    assert traces(app, "expert.read") == [subject] * 3
    assert sign_in(staff).get(f"{address}/edit").status == 200
    assert traces(app, "expert.read") == [subject] * 4
    changes_nothing: dict[str, Any] = {"person": {"email": own.email}}
    assert api.put("/experts/SN-1", changes_nothing).json["id"] == key
    assert traces(app, "expert.read") == [subject] * 5


def test_an_administrator_who_reads_a_person_leaves_a_trace(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        person_id, boss = factories.person().id, factories.actor(Role.ADMINISTRATOR)
    sign_in(boss).get(f"/administration/people/{person_id}")
    sign_in(boss).get(f"/administration/people/{boss.person_id}")
    sign_in(boss).get(f"/administration/people/{boss.person_id}/edit")
    assert traces(app, "person.read") == [f"person:{person_id}"]
    sign_in(boss).get(f"/administration/people/{person_id}/edit")
    assert traces(app, "person.read") == [f"person:{person_id}"] * 2


def test_what_is_made_to_be_taken_away_leaves_a_trace_and_a_page_leaves_none(
    app: Flask, sign_in: Any
) -> None:
    with app.app_context():
        delivery = certificates.finished_delivery(1)
        code, about = delivery.code, f"delivery:{delivery.id}"
        [certificate] = certificates.issued(delivery)
        number, subject = certificate.number, f"certificate:{certificate.id}"
        staff, holder = factories.actor(Role.COORDINATOR), certificates.holder(certificate)
        api = ApiClient(app, token_of(staff))
    assert sign_in(staff).get(f"/deliveries/{code}/sheet").status == 200
    assert traces(app, "sheet.exported") == [about]
    response = api.get(f"/certificates/{number}/pdf")
    assert response.status_code == 200 and traces(app, "certificate.exported") == [subject]
    assert (
        api.get(f"/certificates/{number}/pdf", If_None_Match=response.headers["ETag"]).status_code
        == 304
    )
    assert sign_in(holder).client.get(f"/certificates/{number}.pdf").status_code == 200
    assert api.get(f"/deliveries/{code}/enrollments").status_code == 200
    assert traces(app, "certificate.exported") == [subject]
    assert sign_in(staff).client.get(f"/certificates/{number}.pdf").status_code == 200
    assert traces(app, "certificate.exported") == [subject] * 2


def test_a_file_holds_everybody_however_many_are_read_at_once(
    app: Flask, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PER_READ", 2)
    with app.app_context():
        for n in range(5):
            makers.expert(family=f"Diallo {n}")
        browser = sign_in(factories.actor(Role.ROSTER))
    answer = browser.client.post("/roster/export", data={"csrf_token": browser.token()})
    assert [row.split(",")[0] for row in answer.get_data(as_text=True).split("\r\n")[1:-1]] == [
        f"Diallo {n}" for n in range(5)
    ]
    workbook = browser.client.post(
        "/roster/export?format=xlsx", data={"csrf_token": browser.token()}
    )
    assert workbook.get_data()[:2] == b"PK"
    assert len(traces(app, "roster.exported")) == 2


def test_one_rule_says_which_proof_of_a_skill_is_the_best(context: Flask) -> None:
    """The higher level while it holds; once it has expired, what still holds."""
    person = factories.person()
    for name, grant in (("ADV", ADVANCED), ("BAS", BASIC)):
        certificate = makers.certified(person, makers.course(name, grant))
    expert = makers.expert_of(certificate)
    for day, level in ((date(2027, 1, 1), "advanced"), (date(2027, 6, 1), "basic")):
        clock.travel(context, clock.now().replace(year=day.year, month=day.month, day=day.day))
        db.session.expire_all()
        filters = Filters()
        listed = queries.best_skills(expert.skills, filters)
        assert [row.level.value for row, _status in listed] == [level]
        assert [skill.level.value for skill in expert_answer(SYSTEM, expert, filters).skills] == [
            level
        ]


def test_what_begins_after_the_day_asked_about_is_the_best_proof_nowhere(
    app: Flask, sign_in: Any
) -> None:
    """Lists, files and the API: the higher level was earned only after that day."""
    with app.app_context():
        person = factories.person()
        for name, grant, starts_on in (
            ("BAS", BASIC, date(2026, 3, 9)),
            ("ADV", ADVANCED, date(2026, 6, 8)),
        ):
            certificate = makers.certified(person, makers.course(name, grant), starts_on)
        assert (begins := makers.expert_of(certificate).skills[-1].valid_from) > date(2026, 5, 1)
        staff = factories.actor(Role.ROSTER)
        api, browser = ApiClient(app, token_of(staff)), sign_in(staff)
    for day, level, word in (
        ("2026-05-01", "basic", "Basic"),
        (begins.isoformat(), "advanced", "Advanced"),
    ):
        query = f"skill=mediation&valid_on={day}"
        [answer] = api.get(f"/experts?{query}").json["items"]
        assert [(skill["level"], len(skill["evidence"])) for skill in answer["skills"]] == [
            (level, 2)
        ]
        assert word in browser.get(f"/roster?{query}").text
        file = browser.client.post(f"/roster/export?{query}", data={"csrf_token": browser.token()})
        assert f"({word}," in file.get_data(as_text=True)
