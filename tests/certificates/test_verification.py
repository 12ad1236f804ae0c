"""The public page behind the QR code: every printed fact and what it is worth today; nothing
about the person beyond that."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from certificates import services
from certificates.models import Certificate
from certificates.numbers import ALPHABET, group_token, new_token
from certificates.views import verification
from core import audit, clock
from core.database import db, transaction
from core.policy import SYSTEM
from tests.browsing import Browser
from tests.certificates import makers
from tests.certificates.test_pages import FinishedDelivery

#: The bar of DESIGN §5 for reading pages, cold, stylesheet and icon included.
LIGHTEST = 12_000


def machine(browser: Browser, address: str) -> TestResponse:
    return browser.get(address, Accept="application/json", follow=False).response


@pytest.fixture
def finished(app: Flask) -> FinishedDelivery:
    return FinishedDelivery(app, ["Zoë Lefèvre-Nguyễn"], issued=True)


def test_the_page_repeats_every_printed_fact(
    app: Flask, browser: Browser, finished: FinishedDelivery
) -> None:
    page = browser.get(f"/verify/{finished.tokens[0]}")
    with app.app_context():
        certificate = db.session.scalars(sa.select(Certificate)).one()
        printed, sha256 = certificate.payload, certificate.sha256
    assert "This certificate is valid" in page.text
    facts = [
        printed["holder_name"],
        printed["number"],
        printed["course_title"]["en"],
        "GTI v1",
        printed["delivery_code"],
        "8 to 10 June 2026",
        "18\u00a0hours",
        "Clementsport, Canada",
        "English",
        "Military",
        "23 November 2026",
        "10 June 2029",
        printed["issuer"]["en"],
        sha256,
        *(skill["title"]["en"] for skill in printed["skills"]),
        *(objective["en"] for objective in printed["objectives"]),
        "valid for 3 years",
    ]
    assert [fact for fact in facts if " ".join(fact.split()) not in page.text] == []


def test_in_french(browser: Browser, finished: FinishedDelivery) -> None:
    page = browser.get(f"/verify/{finished.tokens[0]}?lang=fr")
    assert (
        page.tree.get("lang") == "fr"
        and "du 8 au 10 juin 2026" in page.text
        and "10 juin 2029" in page.text
    )


def test_it_is_light_and_loads_no_script(app: Flask, finished: FinishedDelivery) -> None:
    client, total, requests = app.test_client(), 0, 0
    page = client.get(f"/verify/{finished.tokens[0]}", headers={"Accept-Encoding": "br, gzip"})
    html = Browser(app).get(f"/verify/{finished.tokens[0]}").html
    assert "<script" not in html
    for address in [None, *re.findall(r'(?:href|src)="(/static/[^"]+)"', html)]:
        answer = (
            page
            if address is None
            else client.get(address, headers={"Accept-Encoding": "br, gzip"})
        )
        assert answer.status_code == 200
        total = total + len(answer.data) + sum(len(k) + len(v) + 4 for k, v in answer.headers)
        requests = requests + 1
    assert total < LIGHTEST and requests <= 4, (total, requests)


def test_nobody_else_learns_the_address(browser: Browser, finished: FinishedDelivery) -> None:
    for address in (f"/verify/{finished.tokens[0]}", f"/verify/{new_token()}", "/verify/nonsense"):
        headers = browser.get(address).response.headers
        assert "noindex" in headers["X-Robots-Tag"] and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_revoked_expired_and_replaced_have_their_own_words(
    app: Flask, browser: Browser, sign_in: Callable[..., Browser]
) -> None:
    finished = FinishedDelivery(app, ["Zoë One", "Zoë Two", "Zoë Three"], issued=True)
    with app.app_context():
        first, two, three = db.session.scalars(sa.select(Certificate).order_by(Certificate.id))
        with transaction():
            services.revoke(
                SYSTEM, first, reason_code="recognition_withdrawn", note="Cheated in the test"
            )
        with transaction():
            successor = services.reissue(
                SYSTEM, two, name_on_certificate="Zoë Deux", reason="Accent"
            ).token
    revoked = browser.get(f"/verify/{finished.tokens[0]}")
    assert "This certificate was revoked" in revoked.text and "Zoë One" in revoked.text
    assert not re.search(
        "recognition withdrawn|cheated|issued in error", revoked.html, re.IGNORECASE
    )
    replaced = browser.get(f"/verify/{finished.tokens[1]}")
    assert "This certificate was replaced" in replaced.text
    assert "Zoë Deux" in replaced.follow("Check the certificate that replaces it").text
    assert replaced.link("Check the certificate that replaces it").endswith(successor)
    clock.travel(app, datetime(2029, 6, 11, 9, tzinfo=UTC))
    assert "This certificate has expired" in browser.get(f"/verify/{finished.tokens[2]}").text
    clock.travel(app, datetime(2029, 6, 10, 9, tzinfo=UTC))
    assert "This certificate is valid" in browser.get(f"/verify/{finished.tokens[2]}").text, (
        "the last day counts"
    )
    statuses = [machine(browser, f"/verify/{token}").json["status"] for token in finished.tokens]
    assert statuses == ["revoked", "superseded", "valid"]
    answer = machine(browser, f"/verify/{finished.tokens[1]}").json
    assert answer["replaced_by"].endswith(successor)
    assert not re.search(
        "recognition.withdrawn|cheated",
        machine(browser, f"/verify/{finished.tokens[0]}").text,
        re.IGNORECASE,
    )


def test_nothing_about_the_person_beyond_what_is_printed(
    app: Flask, browser: Browser, finished: FinishedDelivery
) -> None:
    with app.app_context():
        person = db.session.get_one(makers.Person, finished.holders[0].person_id)
        email, contact = person.email, app.extensions["settings"].contact_email
    for text in (
        browser.get(f"/verify/{finished.tokens[0]}").html,
        machine(browser, f"/verify/{finished.tokens[0]}").text,
    ):
        text = text.replace(contact, "")  # the centre's own, in the footer of every page
        assert email not in text and "@" not in text and "identifier" not in text


def test_machines_get_every_printed_fact(
    app: Flask, browser: Browser, finished: FinishedDelivery
) -> None:
    answer = machine(browser, f"/verify/{finished.tokens[0]}")
    assert answer.mimetype == "application/json"
    with app.app_context():
        certificate = db.session.scalars(sa.select(Certificate)).one()
    facts = answer.json
    assert (
        facts["status"] == "valid"
        and facts["sha256"] == certificate.sha256
        and facts["number"] == certificate.number
    )
    assert (
        facts["delivery"]["starts_on"] == "2026-06-08"
        and facts["minutes"] == 1080
        and facts["valid_until"] == "2029-06-10"
    )
    assert facts["course"]["title"] == certificate.payload["course_title"] and len(
        facts["objectives"]
    ) == len(certificate.payload["objectives"])
    assert [skill["code"] for skill in facts["skills"]] == [
        skill["code"] for skill in certificate.payload["skills"]
    ]
    assert facts["verify_url"].endswith(f"/verify/{certificate.token}")


def test_the_code_may_be_typed_as_people_type(browser: Browser, finished: FinishedDelivery) -> None:
    token = finished.tokens[0]
    sloppy = group_token(token).lower().replace("0", "o").replace("1", "l").replace("-", " ")
    form = browser.get("/verify").form(button="Check")
    for typed in (
        token,
        group_token(token),
        sloppy,
        f"  {token}\t",
        f"http://127.0.0.1:8000/verify/{token}",
    ):
        assert "This certificate is valid" in form.submit(code=typed).text, typed
    assert browser.get(f"/verify/{group_token(token)}").status == 200


def test_an_empty_field_is_asked_for_the_code(browser: Browser) -> None:
    page = browser.get("/verify")
    assert page.status == 200 and not page.errors
    refused = page.form(button="Check").submit(code="  ")
    assert refused.status == 422 and refused.errors == [
        "Type the code that is printed below the QR code."
    ]
    (field,) = refused.all("input", id="code")
    assert (
        field.get("aria-invalid") == "true"
        and "code-error" in field.get("aria-describedby").split()
    )
    assert "<script" not in refused.html and refused.title.startswith("Error")


def test_unknown_mistyped_and_number_have_their_own_words(
    browser: Browser, finished: FinishedDelivery
) -> None:
    unknown = browser.get(f"/verify/{new_token()}")
    assert unknown.status == 404 and "no certificate with this code" in unknown.text
    token = finished.tokens[0]
    mistyped = token[:5] + ALPHABET[(ALPHABET.index(token[5]) + 1) % 32] + token[6:]
    for typed in (mistyped, token[:-1], "hello"):
        page = browser.get("/verify").form(button="Check").submit(code=typed)
        assert (
            page.status == 404
            and "mistyped" in page.text
            and page.form(button="Check").values["code"] == typed
        )
    number = browser.get("/verify").form(button="Check").submit(code=finished.numbers[0])
    assert number.status == 404 and "This is the number, not the code" in number.text
    assert "Zoë" not in number.text, "only the token is a key"


def test_a_mistyped_code_needs_no_look_into_the_database(app: Flask, browser: Browser) -> None:
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(conn: Any, cursor: Any, statement: str, *others: Any) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        browser.get("/verify/MISTYPED")
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert not [
        statement for statement in seen if "certificate" in statement or "try_count" in statement
    ]


def test_machines_get_one_answer_for_all_that_opens_nothing(
    browser: Browser, finished: FinishedDelivery
) -> None:
    answers = {
        machine(browser, f"/verify/{typed}").text
        for typed in (new_token(), new_token(), "mistyped", finished.numbers[0])
    }
    assert len(answers) == 1
    answer = machine(browser, f"/verify/{new_token()}")
    assert (answer.status_code, answer.mimetype, answer.json["code"]) == (
        404,
        "application/problem+json",
        "unknown_certificate",
    )


def test_too_many_misses_from_one_address(
    app: Flask, browser: Browser, finished: FinishedDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MISSES", 5)
    for _ in range(20):
        assert browser.get(f"/verify/{finished.tokens[0]}").status == 200, "hits are not counted"
        assert browser.get("/verify/mistyped").status == 404, "nor is what cannot exist"
    for _ in range(5):
        assert browser.get(f"/verify/{new_token()}").status == 404
    blocked = browser.get(f"/verify/{new_token()}")
    assert (
        blocked.status == 429
        and "Too many tries" in blocked.text
        and int(blocked.response.headers["Retry-After"]) > 0
    )
    answer = machine(browser, f"/verify/{new_token()}")
    assert answer.status_code == 429 and answer.mimetype == "application/problem+json"
    other = app.test_client().get(
        f"/verify/{finished.tokens[0]}", environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert other.status_code == 200, "another address is not concerned"
    clock.travel(app, makers.clock_start() + timedelta(seconds=2 * verification.SECONDS))
    assert browser.get(f"/verify/{finished.tokens[0]}").status == 200


@pytest.mark.parametrize("column", ["payload", "valid_until", "holder_name", "payload_sha256"])
def test_an_altered_record_is_not_vouched_for(
    app: Flask,
    browser: Browser,
    finished: FinishedDelivery,
    caplog: pytest.LogCaptureFixture,
    column: str,
) -> None:
    with app.app_context():
        certificate = db.session.scalars(sa.select(Certificate)).one()
        values = {
            "payload": certificate.payload | {"holder_name": "Someone Else"},
            "valid_until": date(2099, 1, 1),
            "holder_name": "Someone Else",
            "payload_sha256": "0" * 64,
        }
        with transaction():
            db.session.execute(sa.update(Certificate).values({column: values[column]}))
            audit.record(SYSTEM, "test.meddling", "certificate", {})
    page = browser.get(f"/verify/{finished.tokens[0]}")
    assert (
        "This record was altered: do not rely on it" in page.text
        and "Someone Else" not in page.text
    )
    assert machine(browser, f"/verify/{finished.tokens[0]}").json == {"status": "altered"}
    assert finished.numbers[0] in caplog.text
