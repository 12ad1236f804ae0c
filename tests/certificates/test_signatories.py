"""Who signs: the centre's own signatories, and the trainers only where it has none. What was
issued stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from accounts.roles import Role
from certificates import layouts, services
from certificates.models import Certificate
from certificates.snapshot import is_intact
from core.database import transaction
from core.errors import Invalid
from core.policy import SYSTEM
from people import services as people
from people.models import BodyKind
from people.queries import find_body, first_body
from people.services import organizations
from tests import factories
from tests.api_client import ApiClient
from tests.certificates import makers
from tests.enrollment.makers import token_of

DIRECTOR = {"name": "Adwoa Mensah", "office": {"en": "Director", "fr": "Directrice"}}
HEAD = {"name": "Lars Lund", "office": {"en": "Head of Training"}}


def signed_by(*signatories: dict[str, Any]) -> None:
    with transaction():
        people.put_organization(SYSTEM, first_body(BodyKind.CENTRE).code, signatories=signatories)


def printed(certificate: Certificate) -> list[tuple[str, str, str]]:
    signatories = makers.again(certificate).payload["signatories"]
    return [
        (signatory["name"], signatory["role"]["en"], signatory["role"].get("fr", ""))
        for signatory in signatories
    ]


def test_what_a_centre_may_print_fits_on_certificates() -> None:
    """Its limits stand in a package that knows no certificates: none is wider than what the
    press takes."""
    sheet = layouts.get("sheet").limits
    assert sheet.signatories >= organizations.MOST_SIGNATORIES
    assert min(sheet.signatory, sheet.role) >= organizations.LONGEST_SIGNATORY
    assert sheet.issuer >= organizations.LONGEST_PRINTED


@pytest.mark.both_databases
def test_certificates_are_signed_by_the_centre_and_issued_ones_stay(context: Flask) -> None:
    delivery = makers.finished_delivery(1)
    factories.actor(Role.TRAINER, delivery_id=delivery.id, given="Teo", family="Okoro")
    (first,) = makers.issued(delivery)
    before = printed(first)
    assert before == [("Teo Okoro", "Trainer", "Formation")]
    signed_by(DIRECTOR, HEAD)
    with transaction():
        second = services.reissue(SYSTEM, makers.again(first), reason="New signatories")
    assert printed(second) == [
        ("Adwoa Mensah", "Director", "Directrice"),
        ("Lars Lund", "Head of Training", ""),
    ]
    signed_by(HEAD)
    assert printed(first) == before and len(printed(second)) == 2
    assert is_intact(makers.again(first)) and is_intact(makers.again(second))
    signed_by()
    with transaction():
        third = services.reissue(SYSTEM, makers.again(second), reason="None")
    assert printed(third) == before, "without signatories of its own, the trainers"


@pytest.mark.parametrize(
    ("signatories", "field"),
    [
        ([DIRECTOR, HEAD, DIRECTOR], "signatories"),
        ([DIRECTOR, {"name": "", "office": {"en": "Head"}}], "signatories.1.name"),
        ([{"name": "Lars Lund", "office": {}}], "signatories.0.office"),
        ([{"name": "\U0001f600", "office": {"en": "Head"}}], "signatories.0.name"),
        ([{"name": "Lars Lund", "office": {"fr": "x" * 61}}], "signatories.0.office.fr"),
    ],
)
def test_what_cannot_be_printed_is_refused_at_its_field(
    context: Flask, signatories: list[Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        signed_by(*signatories)
    assert refusal.value.field == field


def test_by_the_page_and_by_the_api(app: Flask, sign_in: Any) -> None:
    with app.app_context():
        factories.centre("KAC")
        boss, coordinator = factories.actor(Role.ADMINISTRATOR), factories.actor(Role.COORDINATOR)
        api = ApiClient(app, token_of(boss))
        other = ApiClient(app, token_of(coordinator))
        key = find_body("KAC").id
    path = f"/administration/organizations/{key}"
    browser = sign_in(boss)
    bad = browser.get(path).form(button="Save").submit(**{"signatories-1-name": "Lars Lund"})
    assert bad.status == 422 and bad.errors == ["Write the office in at least one language."]
    assert bad.form(button="Save").values["signatories-1-name"] == "Lars Lund"
    done = bad.form(button="Save").submit(**{"signatories-1-office-en": "Head of Training"})
    assert done.status == 200
    assert api.get("/organizations/KAC").json["signatories"] == [HEAD]
    assert api.put("/organizations/KAC", {"signatories": [DIRECTOR, HEAD]}).json["signatories"] == [
        DIRECTOR,
        HEAD,
    ]
    assert api.put("/organizations/KAC", {"country": "GH"}).json["signatories"] == [
        DIRECTOR,
        HEAD,
    ], "left out, so kept"
    form = browser.get(path).form(button="Save")
    assert (form.values["signatories-0-name"], form.values["signatories-1-office-en"]) == (
        "Adwoa Mensah",
        "Head of Training",
    )
    assert other.put("/organizations/KAC", {"signatories": []}).status_code == 403
    assert api.put("/organizations/KAC", {"signatories": []}).json["signatories"] == []
