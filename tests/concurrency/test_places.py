"""50 people at once for 20 places, through HTTP, with several web processes, on both databases:
never one too many.

The last tests take the lock out and show the same code overselling, so that the others mean
something.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.roles import Role
from core import checking, database, locks
from core.database import db, transaction
from core.errors import Conflict
from core.mail import Mail
from core.policy import SYSTEM
from courses.models import Delivery
from enrollment import services
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.services import Wish, enrolling, filling
from people.models import Person
from tests import factories
from tests.concurrency.serving import Visitor, WebServer, web_server
from tests.databases import migrated_app
from tests.enrollment import makers
from tests.postgresql import copied_database

APPLICANTS, PLACES, ROUNDS = 50, 20, 20


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def own_app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """An application on a database that nothing else uses."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        yield migrated_app(folder)
        return
    with copied_database(request.getfixturevalue("migrated_postgresql")) as url:
        app = migrated_app(folder, url)
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def token(own_app: Flask) -> str:
    with own_app.app_context():
        return makers.token_of(factories.actor(Role.COORDINATOR))


@pytest.fixture(scope="module", params=[2, pytest.param(8, marks=pytest.mark.long)])
def server(own_app: Flask, token: str, request: pytest.FixtureRequest) -> Iterator[WebServer]:
    settings = own_app.extensions["settings"]
    with own_app.app_context():
        db.session.remove()
        db.engine.dispose()
    with web_server(settings.instance_path, settings.database_url, request.param) as running:
        yield running


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What `act(0)` … `act(count - 1)` give, all let go at the same moment."""
    gate = threading.Barrier(count)

    def run(number: int) -> Any:
        gate.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def application(name: str, category: str = "police") -> dict[str, Any]:
    person = {
        "given_name": "Ama",
        "family_name": name,
        "email": f"{name}@example.org",
        "country": "GH",
        "birth_date": None,
    }
    return {"person": person, "category": category}


@pytest.mark.long
def test_50_at_once_for_20_places_seat_exactly_20(
    own_app: Flask, token: str, server: WebServer
) -> None:
    for number in range(ROUNDS):
        with own_app.app_context():
            code = makers.delivery(places=PLACES).code

        def apply(
            n: int,
            path: str = f"/deliveries/{code}/enrollments",
            stem: str = f"s{server.port}-{number}",
        ) -> tuple[int, Any]:
            return server.call("POST", path, token, application(f"{stem}-{n}"))

        answers = at_once(APPLICANTS, apply)
        assert [status for status, _ in answers] == [201] * APPLICANTS, answers
        counted = _counted(own_app, code)
        assert counted["confirmed"] == PLACES
        assert counted["positions"] == list(range(1, APPLICANTS - PLACES + 1))
        outcomes = sorted(
            answer["position"] for _, answer in answers if answer["status"] == "waitlisted"
        )
        assert outcomes == counted["positions"], (
            "people are told another position than the one they have"
        )


@pytest.mark.long
def test_50_strangers_at_once_through_the_public_form_seat_exactly_20(
    own_app: Flask, server: WebServer
) -> None:
    with own_app.app_context():
        path = (
            f"/deliveries/{makers.delivery(places=PLACES, code=f'FORM-{server.port}').code}/apply"
        )
        db.session.remove()
    visitors = [Visitor(server) for _ in range(APPLICANTS)]
    tokens = [
        re.findall(r'name="csrf_token" value="([^"]+)"', visitor.page(path))[-1]
        for visitor in visitors
    ]

    def apply(number: int) -> str:
        answers = {
            "email": f"stranger{server.port}-{number}@example.org",
            "given_name": "Ama",
            "family_name": f"Number {number}",
            "country": "GH",
            "gender": "female",
            "category": "police",
            "language": "en",
            "consent": "y",
        }
        form = {
            "csrf_token": tokens[number],
            "submission": f"once-{number}",
            "screen": "3",
            **answers,
        }
        return visitors[number].page(path, form)

    code, shown = path.split("/")[2], at_once(APPLICANTS, apply)
    assert all("Check your email" in page for page in shown)
    assert _counted(own_app, code)["confirmed"] == 0, (
        "no one takes a place who has not opened the emailed link"
    )
    links = _links(own_app, f"stranger{server.port}-%")
    tokens = [
        re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', visitor.page(link))[-1]
        for visitor, link in zip(visitors, links, strict=True)
    ]
    shown = at_once(
        APPLICANTS,
        lambda number: visitors[number].page(links[number], {"csrf_token": tokens[number]}),
    )
    assert sum("Place confirmed" in page for page in shown) == PLACES
    counted = _counted(own_app, code)
    assert counted["confirmed"] == PLACES
    assert counted["positions"] == list(range(1, APPLICANTS - PLACES + 1))


def _links(app: Flask, addresses: str) -> list[str]:
    """The paths of the links that were mailed to these addresses, in their order."""
    with app.app_context():
        bodies = db.session.scalars(
            sa.select(Mail.body).where(Mail.address.like(addresses)).order_by(Mail.id)
        ).all()
        db.session.remove()
    return [re.search(r"/sign-in/\S+", body)[0] for body in bodies]


def _counted(app: Flask, code: str) -> dict[str, Any]:
    """Counted in the database by plain SQL, not by the application's own queries."""
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT e.status, e.line FROM enrollment e JOIN delivery d ON d.id = "
                "e.delivery_id WHERE d.code = :code"
            ),
            {"code": code},
        ).all()
        lines = sorted(line for status, line in rows if status == "waitlisted")
        assert len(set(lines)) == len(lines), "two people share a number in the line"
        db.session.remove()
        return {
            "confirmed": sum(status == "confirmed" for status, _ in rows),
            "positions": [lines.index(line) + 1 for line in lines],
        }


def test_one_key_sent_eight_times_at_once_enrols_once(
    own_app: Flask, token: str, server: WebServer
) -> None:
    with own_app.app_context():
        delivery = makers.delivery(places=PLACES)
        code, delivery_id = delivery.code, delivery.id
    body = application(f"twin-{server.port}")

    def apply(_number: int) -> tuple[int, Any]:
        return server.call(
            "POST",
            f"/deliveries/{code}/enrollments",
            token,
            body,
            Idempotency_Key=f"key-{server.port}",
        )

    answers = at_once(8, apply)
    assert [status for status, _ in answers] == [201] * 8, answers
    assert all(answer == answers[0][1] for _, answer in answers)
    with own_app.app_context():
        enrollments = db.session.scalars(
            sa.select(Enrollment).where(Enrollment.delivery_id == delivery_id)
        ).all()
        assert [enrollment.id for enrollment in enrollments] == [answers[0][1]["id"]]
    changed = application(f"twin-{server.port}", category="civilian")
    status, refusal = server.call(
        "POST",
        f"/deliveries/{code}/enrollments",
        token,
        changed,
        Idempotency_Key=f"key-{server.port}",
    )
    assert (status, refusal["code"]) == (409, "idempotency_key_reused")


def test_withdrawals_and_applications_at_once_leave_no_place_empty(
    own_app: Flask, token: str, server: WebServer
) -> None:
    with own_app.app_context():
        code = makers.delivery(places=6, pools={"police": 2, "military": 2}).code
    path = f"/deliveries/{code}/enrollments"
    stem = f"mix-{server.port}"
    first = [
        server.call("POST", path, token, application(f"{stem}-{n}", category))[1]["id"]
        for n, category in enumerate(["police", "military", "civilian"] * 4)
    ]

    def act(number: int) -> int:
        if number % 2:
            return server.call("POST", f"/enrollments/{first[number // 2]}/withdraw", token, {})[0]
        category = ["police", "military", "civilian"][number % 3]
        return server.call("POST", path, token, application(f"{stem}-late-{number}", category))[0]

    assert set(at_once(20, act)) <= {200, 201}
    with own_app.app_context():
        assert checking.breaches() == []
        db.session.remove()
    assert _counted(own_app, code)["confirmed"] == 6


# The control: what the lock is for.


@pytest.fixture(params=["sqlite", "postgresql"])
def without_lock(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The same services without the touch lock, on SQLite with the driver's own transactions
    (BEGIN before the first write)."""
    monkeypatch.setattr(database, "_write_lock", nullcontext)
    monkeypatch.setattr(database, "_begin_sqlite", lambda connection: None)
    monkeypatch.setattr(database, "_prepare_sqlite", _prepare_as_usual)
    monkeypatch.setattr(locks, "_require_touched", lambda *_: None)
    monkeypatch.setattr(locks, "_locked_tables", lambda: ())
    monkeypatch.setattr(
        enrolling, "touch", lambda delivery_id: db.session.get_one(Delivery, delivery_id)
    )
    if request.param == "sqlite":
        yield migrated_app(tmp_path)
        return
    with copied_database(request.getfixturevalue("migrated_postgresql")) as url:
        app = migrated_app(tmp_path, url)
        yield app
        with app.app_context():
            db.engine.dispose()


def _prepare_as_usual(connection: Any, record: Any) -> None:
    for pragma in ("journal_mode=WAL", "busy_timeout=15000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def rush(
    app: Flask, monkeypatch: pytest.MonkeyPatch, *, applicants: int = 6, places: int = 2
) -> int:
    """Everyone counts the places, and only then anyone sits down, as far as the lock lets them.
    How many sit."""
    with app.app_context():
        delivery_id = makers.delivery(places=places).id
        people = [factories.person(email=f"rush{n}@example.org").id for n in range(applicants)]
        db.session.remove()
    counted_by_all = threading.Barrier(applicants)
    counts = filling.seating

    def count_then_wait(delivery: Delivery) -> Any:
        numbers = counts(delivery)
        with suppress(
            threading.BrokenBarrierError
        ):  # broken when the others are not let in before this one is done
            counted_by_all.wait(timeout=1.5)
        return numbers

    def apply(number: int) -> None:
        with app.app_context():
            with transaction():
                person = db.session.get_one(Person, people[number])
                services.enroll(SYSTEM, delivery_id, person, Wish("police"))
            db.session.remove()

    monkeypatch.setattr(filling, "seating", count_then_wait)
    at_once(applicants, apply)
    with app.app_context():
        confirmed = sa.select(sa.func.count()).where(
            Enrollment.delivery_id == delivery_id, Enrollment.status == EnrollmentStatus.CONFIRMED
        )
        count = db.session.scalar(confirmed)
        db.session.remove()
    return count or 0


def test_without_the_lock_the_same_code_oversells(
    without_lock: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rush(without_lock, monkeypatch) > 2


def test_with_the_lock_the_same_rush_seats_two(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rush(own_app, monkeypatch) == 2


def test_the_same_person_twice_at_once_is_enrolled_once(own_app: Flask) -> None:
    with own_app.app_context():
        delivery_id = makers.delivery(places=5).id
        person_id = factories.person().id
        db.session.remove()

    def apply(_number: int) -> str:
        with own_app.app_context():
            try:
                with transaction():
                    services.enroll(
                        SYSTEM, delivery_id, db.session.get_one(Person, person_id), Wish("police")
                    )
                return "enrolled"
            except Conflict as refusal:
                return refusal.code
            finally:
                db.session.remove()

    assert sorted(at_once(6, apply)) == ["already_enrolled"] * 5 + ["enrolled"]
