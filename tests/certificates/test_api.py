"""Certificates through the API, to the letter of the contract; every answer is held against
OpenAPI."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import pytest
from flask import Flask

from core.jobs import drain
from core.policy import Actor
from tests import factories
from tests.api_client import ApiClient
from tests.certificates import makers
from tests.certificates.test_pages import FinishedDelivery, work
from tests.enrollment.makers import token_of


def client(app: Flask, actor: Actor) -> ApiClient:
    with app.app_context():
        return ApiClient(app, token_of(actor))


def test_from_the_request_to_the_file(app: Flask) -> None:
    finished = FinishedDelivery(app, 2)
    api = client(app, finished.coordinator)
    response = api.post(
        f"/deliveries/{finished.code}/certificates", {"enrollments": finished.enrollments}
    )
    assert (
        response.status_code == 202
        and set(response.json) == {"job"}
        and set(response.json["job"]) == {"id", "url"}
    )
    job = urlsplit(response.json["job"]["url"]).path
    assert api.get(job).json == {
        "id": response.json["job"]["id"],
        "status": "queued",
        "done": 0,
        "total": 2,
        "errors": [],
    }
    work(app)
    assert api.get(job).json["status"] == "succeeded" and api.get(job).json["done"] == 2
    listed = api.get(f"/deliveries/{finished.code}/certificates").json
    assert len(listed["items"]) == 2 and listed["next"] is None
    number = listed["items"][0]["number"]
    certificate = api.get(f"/certificates/{number}").json
    assert (
        certificate["status"],
        certificate["course"],
        certificate["delivery"],
        certificate["languages"],
    ) == (
        "valid",
        "GTI",
        finished.code,
        ["en", "fr"],
    )
    assert (
        certificate["issued_on"] == "2026-11-23"
        and certificate["valid_until"] == "2029-06-10"
        and certificate["credential_url"] is None
    )
    pdf = api.get(urlsplit(certificate["pdf_url"]).path)
    assert (
        pdf.mimetype == "application/pdf"
        and hashlib.sha256(pdf.data).hexdigest() == certificate["sha256"]
    )
    checked = app.test_client().get(
        urlsplit(certificate["verify_url"]).path, headers={"Accept": "application/json"}
    )
    assert checked.json["number"] == number and checked.json["status"] == "valid"


def test_without_a_body_all_that_are_complete(app: Flask) -> None:
    finished = FinishedDelivery(app, 3, not_completed=1)
    api = client(app, finished.coordinator)
    first = api.post(f"/deliveries/{finished.code}/certificates")
    assert first.status_code == 202
    assert api.post(f"/deliveries/{finished.code}/certificates").json == first.json, (
        "asked twice, one job"
    )
    work(app)
    assert len(api.get(f"/deliveries/{finished.code}/certificates?limit=2").json["items"]) == 2
    following = api.get(f"/deliveries/{finished.code}/certificates?limit=2").json["next"]
    assert len(api.get(following).json["items"]) == 1


def test_an_idempotency_key_gives_the_first_answer(app: Flask) -> None:
    finished = FinishedDelivery(app, 1)
    api = client(app, finished.coordinator)
    first = api.post(f"/deliveries/{finished.code}/certificates", {}, Idempotency_Key="k-1")
    again = api.post(f"/deliveries/{finished.code}/certificates", {}, Idempotency_Key="k-1")
    assert first.json == again.json and again.headers["Idempotency-Replayed"] == "true"


def test_what_is_refused(app: Flask) -> None:
    finished, other = (
        FinishedDelivery(app, ["Zoë One", "Ana 🕊"], not_completed=1),
        FinishedDelivery(app, 1),
    )
    api = client(app, finished.coordinator)
    address = f"/deliveries/{finished.code}/certificates"
    unprintable = api.post(address, {})
    assert unprintable.status_code == 422 and unprintable.json["code"] == "name_unprintable"
    (error,) = unprintable.json["errors"]
    assert (
        error["field"] == "enrollments"
        and "U+1F54A" in error["message"]
        and "Ana" in error["message"]
    )
    (error,) = api.post(address, {"enrollments": finished.enrollments}).json["errors"]
    assert (error["field"], error["code"]) == ("enrollments.1", "name_unprintable")
    foreign = api.post(address, {"enrollments": other.enrollments})
    assert (foreign.status_code, foreign.json["code"]) == (422, "unknown_enrollment")
    with app.app_context():
        short = makers.enrollments(
            makers.db.session.query(makers.Delivery).filter_by(code=finished.code).one(),
            makers.EnrollmentStatus.NOT_COMPLETED,
        )
        short_id = short[0].id
    assert (
        api.post(address, {"enrollments": [short_id]}).json["errors"][0]["code"] == "not_eligible"
    )
    assert api.post(address, {"enrollments": []}).json["code"] == "nothing_chosen"
    assert api.post(address, {"people": [1]}).json["errors"][0]["code"] == "unknown_field"
    assert api.post("/deliveries/NOWHERE/certificates", {}).status_code == 404
    with app.app_context():
        open_delivery = makers.courses.delivery().code
    early = api.post(f"/deliveries/{open_delivery}/certificates", {})
    assert (early.status_code, early.json["code"]) == (409, "delivery_not_finished")
    work(app)
    assert api.get(address).json["items"] == []


def test_revoke(app: Flask) -> None:
    finished = FinishedDelivery(app, 1, issued=True)
    api = client(app, finished.coordinator)
    address = f"/certificates/{finished.numbers[0]}/revoke"
    assert api.post(address, {"reason_code": "because", "note": None}).status_code == 422
    assert (
        api.post(address, {"reason_code": "misconduct"}).json["errors"][0]["field"] == "reason_code"
    )
    revoked = api.post(address, {"reason_code": "recognition_withdrawn", "note": "Cheated"})
    assert (
        revoked.status_code == 200
        and revoked.json["status"] == "revoked"
        and "Cheated" not in revoked.text
    )
    assert (
        api.post(address, {"reason_code": "recognition_withdrawn", "note": None}).json["code"]
        == "state_does_not_allow"
    )
    public = app.test_client().get(
        f"/verify/{finished.tokens[0]}", headers={"Accept": "application/json"}
    )
    assert public.json["status"] == "revoked" and "recognition_withdrawn" not in public.text


def test_reissue(app: Flask) -> None:
    finished = FinishedDelivery(app, ["Zoe Lefevre"], issued=True)
    api = client(app, finished.coordinator)
    after = api.post(
        f"/certificates/{finished.numbers[0]}/reissue",
        {"name_on_certificate": "Zoë Lefèvre", "reason": "Accents"},
    )
    assert (
        after.status_code == 201
        and after.json["holder"] == "Zoë Lefèvre"
        and after.json["number"] != finished.numbers[0]
    )
    assert after.json["pdf_url"] is None and after.json["sha256"] is None
    assert api.get(f"/certificates/{after.json['number']}/pdf").json["code"] == "file_not_ready"
    assert api.get(f"/certificates/{finished.numbers[0]}").json["status"] == "superseded"
    work(app)
    assert api.get(f"/certificates/{after.json['number']}/pdf").status_code == 200
    again = api.post(f"/certificates/{finished.numbers[0]}/reissue", {"reason": "Accents"})
    assert (again.status_code, again.json["code"]) == (409, "state_does_not_allow")
    unprintable = api.post(
        f"/certificates/{after.json['number']}/reissue",
        {"name_on_certificate": "Zoë 🕊", "reason": "Dove"},
    )
    assert unprintable.json["code"] == "name_unprintable"


def test_foreign_certificates_and_jobs_are_not_there(app: Flask) -> None:
    finished, other = (
        FinishedDelivery(app, 1, issued=True, organization="CA-MFA"),
        FinishedDelivery(app, 1, issued=True),
    )
    with app.app_context():
        nominator = factories.actor(
            "nominator", organization_id=factories.organization("CA-MFA").id
        )
        stranger = factories.actor(
            "nominator", organization_id=factories.organization("XX-OTHER").id
        )
        issue_job = makers.ask(finished.coordinator, makers.finished_delivery(1))
        job = makers.key(issue_job)
        drain()
    number = finished.numbers[0]
    assert client(app, nominator).get(f"/certificates/{number}").status_code == 200
    for actor in (stranger, other.holders[0]):
        api = client(app, actor)
        for address in (
            f"/certificates/{number}",
            f"/certificates/{number}/pdf",
            "/certificates/RST-2026-999999-A",
            f"/jobs/{job}",
        ):
            assert api.get(address).status_code == 404, address
        assert api.get(f"/deliveries/{finished.code}/certificates").json["items"] == []
        assert (
            api.post(
                f"/certificates/{number}/revoke", {"reason_code": "other", "note": "x"}
            ).status_code
            == 403
        )
        assert api.post(f"/certificates/{number}/reissue", {"reason": "x"}).status_code == 403
        assert api.post(f"/deliveries/{finished.code}/certificates", {}).status_code == 403


@pytest.mark.parametrize(
    "address", ["/certificates/RST-2026-000001-E", "/jobs/1", "/deliveries/GTI/certificates"]
)
def test_without_a_token(app: Flask, address: str) -> None:
    assert ApiClient(app, None).get(address).status_code == 401
