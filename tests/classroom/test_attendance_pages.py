"""Attendance on one screen, and scores."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from accounts.roles import Role
from classroom import services
from classroom.models import Mark, Score
from core import clock
from core.audit import AuditEntry
from core.database import db, transaction
from core.policy import SYSTEM, Actor
from courses.queries import get_delivery
from enrollment.models import Enrollment
from tests import factories
from tests.browsing import Browser, Page
from tests.courses import makers as courses
from tests.enrollment import makers

DURING = datetime(2027, 3, 8, 13, 30, tzinfo=UTC)  # 09:30 in Halifax, in the first session


@pytest.fixture
def code(app: Flask) -> str:
    """A delivery on whose first morning we are, with Ba, Cissé and Diop, and Faye waiting."""
    with app.app_context():
        into = courses.delivery(places=3)
        for family in ("Diop", "Ba", "Cissé", "Faye"):
            makers.enrolled(into, "police", factories.person("Awa", family))
        code = into.code
    clock.travel(app, DURING)
    return code


@pytest.fixture
def trainer_actor(app: Flask, code: str) -> Actor:
    with app.app_context():
        return factories.actor(Role.TRAINER, delivery_id=get_delivery(SYSTEM, code).id)


@pytest.fixture
def trainer(sign_in: Any, trainer_actor: Actor) -> Browser:
    return sign_in(trainer_actor)


def ids(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            enrollment.person.family_name: enrollment.id
            for enrollment in db.session.scalars(sa.select(Enrollment))
        }


def marks(app: Flask) -> dict[str, tuple[str, int]]:
    """family name → (mark, minutes) in the first session."""
    with app.app_context():
        by_id = {enrollment: name for name, enrollment in ids(app).items()}
        return {
            by_id[mark.enrollment_id]: (mark.mark.value, mark.minutes)
            for mark in db.session.scalars(sa.select(Mark))
        }


def first_session(browser: Browser, code: str) -> Page:
    page = browser.get(f"/deliveries/{code}/attendance")
    assert page.path.endswith("/attendance/1"), "the session under way"
    return page


def test_nothing_is_marked_until_somebody_marks_it(trainer: Browser, code: str) -> None:
    page = first_session(trainer, code)
    assert [e for e in page.all("input", type="radio") if e.get("checked") is not None] == []
    order = [page.text.index(f"Awa {name}") for name in ("Ba", "Cissé", "Diop")]
    assert order == sorted(order)
    assert "Awa Faye" not in page.text, "who waits is not taught"
    assert "0 of 3" in page.text


def test_mark_all_present_then_the_exceptions_then_save(
    app: Flask, trainer: Browser, code: str
) -> None:
    who = ids(app)
    page = (
        first_session(trainer, code)
        .form("/attendance/1")
        .submit("Mark all present", **{f"mark-{who['Ba']}": "absent"})
    )
    assert "Not saved yet" in page.text
    assert marks(app) == {}
    page = page.form("/attendance/1").submit(
        "Save attendance", **{f"mark-{who['Cissé']}": "late", f"minutes-{who['Cissé']}": "60"}
    )
    assert "Saved: 3 of 3 are marked." in page.text
    assert marks(app) == {"Ba": ("absent", 0), "Cissé": ("late", 60), "Diop": ("present", 90)}
    values = page.form("/attendance/1").values
    assert values[f"mark-{who['Cissé']}"] == "late"
    assert values[f"minutes-{who['Cissé']}"] == "60"
    assert "3 of 3" in page.text


def test_when_everybody_is_marked_the_next_session_is_one_step_away(
    trainer: Browser, code: str
) -> None:
    page = first_session(trainer, code)
    assert "Next session" not in page.text
    page = page.form("/attendance/1").submit("Mark all present")
    assert "Next session" not in page.text, "nothing is saved yet"
    page = page.form("/attendance/1").submit("Save attendance")
    assert page.follow("Next session").path.endswith("/attendance/2")


def test_late_without_minutes_is_asked_for_them_and_the_rest_is_saved(
    app: Flask, trainer: Browser, code: str
) -> None:
    who = ids(app)
    typed = {f"mark-{who['Ba']}": "late", f"mark-{who['Diop']}": "excused"}
    page = first_session(trainer, code).form("/attendance/1").submit("Save attendance", **typed)
    assert page.status == 422 and page.errors == [
        "Awa Ba: Give the minutes that this person was there."
    ]
    assert "1 mark was saved." in page.text and marks(app) == {"Diop": ("excused", 0)}
    form = page.form("/attendance/1")
    assert {name: form.values[name] for name in typed} == typed
    form.submit("Save attendance", **{f"minutes-{who['Ba']}": "60"})
    assert marks(app) == {"Ba": ("late", 60), "Diop": ("excused", 0)}


def test_late_as_a_program_marked_it_shows_the_minutes_it_counts(
    app: Flask, trainer: Browser, code: str
) -> None:
    who = ids(app)
    with app.app_context(), transaction():
        services.record_attendance(
            SYSTEM, get_delivery(SYSTEM, code).id, [services.MarkGiven(who["Ba"], 1, "late")]
        )
    form = first_session(trainer, code).form("/attendance/1")
    assert form.values[f"minutes-{who['Ba']}"] == "90"
    assert form.submit("Save attendance", **{f"mark-{who['Diop']}": "present"}).status == 200
    assert marks(app) == {"Ba": ("late", 90), "Diop": ("present", 90)}


@pytest.mark.parametrize("minutes", ["91", "-5", "many", "0", "4.5", "９"])
def test_wrong_minutes_are_told_at_the_person_and_nothing_is_lost(
    app: Flask, trainer: Browser, code: str, minutes: str
) -> None:
    who = ids(app)
    typed = {
        f"mark-{who['Ba']}": "late",
        f"minutes-{who['Ba']}": minutes,
        f"mark-{who['Diop']}": "excused",
    }
    page = first_session(trainer, code).form("/attendance/1").submit("Save attendance", **typed)
    assert page.status == 422
    assert "Awa Ba:" in page.text
    values = page.form("/attendance/1").values
    assert {name: values[name] for name in typed} == typed
    assert marks(app) == {}


def test_a_mark_is_corrected(app: Flask, trainer: Browser, code: str) -> None:
    at = f"mark-{ids(app)['Ba']}"
    page = (
        first_session(trainer, code)
        .form("/attendance/1")
        .submit("Save attendance", **{at: "absent"})
    )
    page.form("/attendance/1").submit("Save attendance", **{at: "present"})
    assert marks(app) == {"Ba": ("present", 90)}


def test_saving_twice_or_nothing_is_harmless(app: Flask, trainer: Browser, code: str) -> None:
    form = first_session(trainer, code).form("/attendance/1")
    for _time in range(2):
        page = form.submit("Save attendance", **{f"mark-{ids(app)['Ba']}": "present"})
        assert page.status == 200
    assert marks(app) == {"Ba": ("present", 90)}
    page = page.form("/attendance/1").submit("Save attendance")
    assert "nothing new to save" in page.text


@pytest.mark.both_databases
def test_two_trainers_at_once_lose_nothing(
    app: Flask, sign_in: Any, trainer: Browser, code: str
) -> None:
    who = ids(app)
    with app.app_context():
        other = sign_in(factories.actor(Role.COORDINATOR))
    mine = first_session(trainer, code).form("/attendance/1")
    theirs = first_session(other, code).form("/attendance/1")
    theirs.submit(
        "Save attendance",
        **{
            f"mark-{who['Ba']}": "absent",
            f"mark-{who['Cissé']}": "late",
            f"minutes-{who['Cissé']}": "89",
        },
    )
    page = mine.submit(
        "Save attendance", **{f"mark-{who['Ba']}": "present", f"mark-{who['Diop']}": "present"}
    )
    assert page.status == 409
    assert "Meanwhile marked by someone else: Absent. Your mark: Present." in page.text
    assert marks(app) == {"Ba": ("absent", 0), "Cissé": ("late", 89), "Diop": ("present", 90)}, (
        "the rest is saved"
    )
    values = page.form("/attendance/1").values
    assert values[f"mark-{who['Ba']}"] == "present"
    assert values[f"mark-{who['Cissé']}"] == "late", "what the other marked is shown"
    page = page.form("/attendance/1").submit("Save attendance")
    assert page.status == 200
    assert marks(app)["Ba"] == ("present", 90)


def test_before_it_begins_no_marks_are_offered_and_none_are_taken(
    app: Flask, trainer: Browser, code: str
) -> None:
    page = trainer.get(f"/deliveries/{code}/attendance/12")
    assert (
        "This session begins on 10 March 2027, 15:30 (AST). You can enter marks from then on."
        in page.text
    )
    assert not [form for form in page.all("form") if "attendance" in (form.get("action") or "")]
    sent = {"csrf_token": trainer.token(), f"mark-{ids(app)['Ba']}": "present"}
    refused = trainer.post(f"/deliveries/{code}/attendance/12", sent)
    assert refused.status == 409 and "You can enter marks from then on." in refused.text
    assert marks(app) == {}
    assert "enter marks from then on" not in first_session(trainer, code).text


def test_after_finishing_marks_are_shown_and_fixed(app: Flask, trainer: Browser, code: str) -> None:
    form = first_session(trainer, code).form("/attendance/1")
    form.submit("Save attendance", **{f"mark-{ids(app)['Ba']}": "present"})
    with app.app_context():
        makers.finished(get_delivery(SYSTEM, code))
    page = trainer.get(f"/deliveries/{code}/attendance/1")
    assert "its attendance is fixed" in page.text
    assert page.all("input", type="radio") == []
    assert "✓ Present" in page.text
    assert form.submit("Save attendance", **{f"mark-{ids(app)['Diop']}": "present"}).status == 409
    assert trainer.get(f"/deliveries/{code}/scores").all("input", type="text") == []


def test_who_may_mark(app: Flask, sign_in: Any, code: str) -> None:
    with app.app_context():
        people = [
            factories.actor(),
            factories.actor(Role.TRAINER, delivery_id=9999),
            factories.actor(Role.NOMINATOR, organization_id=factories.organization().id),
        ]
    for browser in map(sign_in, people):
        for page in ("attendance", "attendance/1", "scores"):
            assert browser.get(f"/deliveries/{code}/{page}").status == 403
        values = {"csrf_token": browser.token()}
        for page in ("attendance/1", "scores"):
            assert browser.post(f"/deliveries/{code}/{page}", values).status == 403
    assert Browser(app).get(f"/deliveries/{code}/attendance/1", follow=False).status == 303


def test_unknown_sessions_and_deliveries(trainer: Browser, code: str) -> None:
    for address in (
        f"/deliveries/{code}/attendance/13",
        "/deliveries/NOTHING/attendance",
        "/deliveries/NOTHING/scores",
    ):
        assert trainer.get(address).status == 404


def test_an_empty_delivery_leads_to_the_selection(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        into = courses.delivery().code
        browser = sign_in(factories.actor(Role.COORDINATOR))
    for page in ("attendance/1", "scores"):
        assert browser.get(f"/deliveries/{into}/{page}").follow("Go to the selection").status == 200


def test_a_fixed_number_of_queries(app: Flask, sign_in: Any, code: str) -> None:
    clock.travel(app, datetime(2026, 11, 23, tzinfo=UTC))
    with app.app_context():
        full = courses.delivery(places=25, code="GTI-FULL").code
        for n in range(25):
            makers.attend(
                get_delivery(SYSTEM, full),
                makers.enrolled(get_delivery(SYSTEM, full), "police"),
                n * 30,
            )
        makers.enrolled(get_delivery(SYSTEM, full), "police")  # who waits, as Faye does
    clock.travel(app, DURING)
    with app.app_context():
        browser = sign_in(factories.actor(Role.COORDINATOR))
        engine = db.engine

    def queries(address: str) -> int:
        messages: list[Any] = []

        def note(*args: Any) -> None:
            messages.append(args)

        event.listen(engine, "before_cursor_execute", note)
        assert browser.get(address).status == 200
        event.remove(engine, "before_cursor_execute", note)
        return len(messages)

    for page in ("attendance/1", "scores", "finish"):
        assert (
            queries(f"/deliveries/{full}/{page}") == queries(f"/deliveries/{code}/{page}") < 20
        ), page


# Scores


def test_scores_are_entered_and_corrected(app: Flask, trainer: Browser, code: str) -> None:
    who = ids(app)
    page = trainer.get(f"/deliveries/{code}/scores")
    form = page.form("/scores")
    page = form.submit(
        "Save scores",
        **{f"pre-{who['Ba']}": "40", f"post-{who['Ba']}": "82,5", f"post-{who['Diop']}": "100"},
    )
    assert "3 scores saved." in page.text
    values = page.form("/scores").values
    assert values[f"post-{who['Ba']}"] == "82.5"
    page = page.form("/scores").submit("Save scores", **{f"post-{who['Ba']}": "90"})
    assert "1 score saved." in page.text and scores(app) == [
        ("post", 90.0),
        ("post", 100.0),
        ("pre", 40.0),
    ]


def test_scores_are_shown_as_they_are_written_in_the_language(
    app: Flask, trainer: Browser, code: str
) -> None:
    field = f"post-{ids(app)['Ba']}"
    trainer.get(f"/deliveries/{code}/scores").form("/scores").submit(
        "Save scores", **{field: "82.5"}
    )
    form = trainer.get(f"/deliveries/{code}/scores?lang=fr").form("/scores")
    assert form.values[field] == "82,5"
    form.submit("Enregistrer les résultats", **{field: "90,25"})
    assert scores(app) == [("post", 90.25)]


def scores(app: Flask) -> list[tuple[str, float]]:
    with app.app_context():
        return sorted(
            (score.kind.value, score.percent) for score in db.session.scalars(sa.select(Score))
        )


@pytest.mark.both_databases
def test_a_score_given_to_the_wrong_person_is_removed_by_emptying_its_field(
    app: Flask, trainer: Browser, code: str
) -> None:
    who = ids(app)
    form = trainer.get(f"/deliveries/{code}/scores").form("/scores")
    page = form.submit(
        "Save scores",
        **{f"pre-{who['Ba']}": "40", f"post-{who['Ba']}": "64", f"post-{who['Diop']}": "80"},
    )
    page = page.form("/scores").submit(
        "Save scores", **{f"post-{who['Ba']}": "", f"post-{who['Diop']}": "81"}
    )
    assert "1 score removed." in page.text and "1 score saved." in page.text
    assert scores(app) == [("post", 81.0), ("pre", 40.0)]
    assert page.form("/scores").values[f"post-{who['Ba']}"] == ""
    with app.app_context():
        entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        assert entry.action == "scores.recorded" and f'[{who["Ba"]},"post",null]' in entry.body
    page = page.form("/scores").submit("Save scores", **{f"pre-{who['Ba']}": ""})
    assert "1 score removed." in page.text and "saved" not in page.text
    assert "0 scores saved." in page.form("/scores").submit("Save scores").text


@pytest.mark.parametrize("typed", ["101", "-1", "many", "nan", "inf", "1e400"])
def test_a_wrong_score_is_told_at_its_field(
    app: Flask, trainer: Browser, code: str, typed: str
) -> None:
    who = ids(app)
    names = {f"post-{who['Ba']}": typed, f"post-{who['Diop']}": "77"}
    page = trainer.get(f"/deliveries/{code}/scores").form("/scores").submit("Save scores", **names)
    assert page.status == 422
    assert "Awa Ba: A score goes from 0 to 100 percent." in page.text
    values = page.form("/scores").values
    assert {name: values[name] for name in names} == names
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Score)) == 0


def test_an_old_page_does_not_overwrite_what_it_did_not_change(
    app: Flask, trainer: Browser, code: str
) -> None:
    who = ids(app)
    trainer.get(f"/deliveries/{code}/scores").form("/scores").submit(
        "Save scores", **{f"post-{who['Ba']}": "50"}
    )
    old = trainer.get(f"/deliveries/{code}/scores").form("/scores")
    trainer.get(f"/deliveries/{code}/scores").form("/scores").submit(
        "Save scores", **{f"post-{who['Ba']}": "90"}
    )
    old.submit("Save scores", **{f"post-{who['Diop']}": "70"})
    with app.app_context():
        assert sorted(db.session.scalars(sa.select(Score.percent))) == [70.0, 90.0]
