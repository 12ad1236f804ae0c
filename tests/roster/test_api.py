"""Experts for programs, as the public contract says."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import Account
from accounts.roles import Role
from accounts.sessions import actor_of
from core import audit, clock
from core.database import db, transaction
from core.policy import SYSTEM
from people.models import Person
from roster.models import Expert
from tests import factories
from tests.accounts.makers import mails
from tests.api_client import ApiClient
from tests.browsing import Browser
from tests.enrollment.makers import token_of
from tests.roster import makers

AMINA: dict[str, Any] = {
    "person": {
        "identifier": "SN-0001",
        "given_name": "Amina",
        "family_name": "Diallo",
        "email": "amina@police.example.sn",
        "country": "SN",
        "gender": "female",
    },
    "category": "police",
    "rank_code": "OF-3",
    "languages": [
        {"language": "fr", "level": "C1", "framework": "cefr"},
        {"language": "en", "level": "3322", "framework": "slp"},
    ],
    "expertise": ["Investigation"],
    "availability": [{"from": "2026-12-01", "to": "2027-06-30"}],
}


def client(app: Flask, *roles: Role) -> ApiClient:
    with app.app_context():
        return ApiClient(app, token_of(factories.actor(*roles)))


@pytest.fixture
def api(app: Flask) -> ApiClient:
    return client(app, Role.ROSTER)


@pytest.fixture
def known(app: Flask) -> int:
    """Amina's person: she said yes, and has no profile yet."""
    with app.app_context():
        return makers.consenting("SN-0001", email="amina@police.example.sn").id


def test_who_holds_an_account_is_renamed_by_nobody_but_the_person_and_administrators(
    app: Flask, api: ApiClient, known: int
) -> None:
    api.put("/experts/SN-0001", AMINA)
    with app.app_context(), transaction():
        person = db.session.scalars(sa.select(Person).where(Person.identifier == "SN-0001")).one()
        db.session.add(Account(person_id=person.id, created_at=clock.now()))
        audit.record(SYSTEM, "test.account", f"person:{person.id}", {})
        key = person.id
    spelled = api.put(
        "/experts/SN-0001", {"person": {"given_name": "AMINA", "family_name": "Diallo"}}
    )
    assert spelled.status_code == 200 and spelled.json["person"]["given_name"] == "Amina"
    with app.app_context():
        assert db.session.get_one(Person, key).given_name == "Amina"
    boss = client(app, Role.ADMINISTRATOR)
    renamed = boss.put(
        "/experts/SN-0001", {"person": {"given_name": "Amina Fatou", "family_name": "Diallo"}}
    )
    assert renamed.status_code == 200 and renamed.json["person"]["given_name"] == "Amina Fatou"
    refused = api.put(
        "/experts/SN-0001", {"person": {"given_name": "Amina", "family_name": "Diallo"}}
    )
    assert (refused.status_code, refused.json["code"]) == (409, "name_differs")


def test_what_is_left_out_stays(api: ApiClient, known: int) -> None:
    first = api.put("/experts/SN-0001", AMINA).json
    bodies: list[dict[str, Any]] = [
        {"person": {}},
        {"person": {"given_name": "Amina"}, "category": "police"},
        {},
    ]
    for body in bodies:
        again = api.put("/experts/SN-0001", body)
        assert again.status_code == 200 and again.json == first, body
    cleared = api.put("/experts/SN-0001", {"languages": [], "expertise": []}).json
    assert cleared == first | {"languages": [], "expertise": []}


def test_a_new_profile_needs_a_name_and_a_category(api: ApiClient) -> None:
    refused = api.put(
        "/experts/SN-0009", {"person": {"email": "new@police.example.sn"}, "category": "police"}
    )
    assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "person.given_name"
    refused = api.put("/experts/SN-0009", {"person": {"given_name": "Suharto"}})
    assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "category"


def test_a_profile_is_made_and_then_updated(api: ApiClient, known: int) -> None:
    first = api.put("/experts/SN-0001", AMINA)
    assert first.status_code == 201
    expert = first.json
    assert (
        expert["person"]["identifier"] == "SN-0001"
        and expert["skills"] == []
        and expert["deployments"] == []
    )
    assert expert["languages"] == [
        {"language": "fr", "level": "C1", "framework": "cefr"},
        {"language": "en", "level": "3322", "framework": "slp"},
    ]
    assert expert["availability"] == [{"from": "2026-12-01", "to": "2027-06-30"}]
    again = api.put("/experts/SN-0001", AMINA | {"rank_code": "OF-4", "languages": []})
    assert (
        again.status_code,
        again.json["id"],
        again.json["rank_code"],
        again.json["languages"],
    ) == (
        200,
        expert["id"],
        "OF-4",
        [],
    )
    response = api.put("/experts/SN-0001", {"person": AMINA["person"], "category": "police"})
    assert (response.json["rank_code"], response.json["expertise"], response.json["consent"]) == (
        "OF-4",
        ["Investigation"],
        True,
    )
    assert (response.json["status"], response.json["admissions"]) == ("certified", [])


def test_a_known_person_is_matched_by_email(app: Flask, api: ApiClient) -> None:
    with app.app_context():
        known = factories.person("Amina", "Diallo", email="amina@police.example.sn").id
        factories.consent(known)
    assert api.put("/experts/SN-0001", AMINA).json["person"]["id"] == known
    assert api.put("/experts/SN-0001", AMINA).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        (
            {"languages": [{"language": "fr", "level": "B7", "framework": "cefr"}]},
            "languages.0.level",
            "unknown_level",
        ),
        (
            {"languages": [{"language": "fr", "level": "332", "framework": "slp"}]},
            "languages.0.level",
            "unknown_level",
        ),
        (
            {"languages": [{"language": "xx", "level": "B1"}]},
            "languages.0.language",
            "unknown_language",
        ),
        (
            {"languages": [{"language": "fr", "level": "B1"}, {"language": "fr", "level": "B2"}]},
            "languages.1.language",
            "language_twice",
        ),
        (
            {"availability": [{"from": "2027-02-01", "to": "2027-01-01"}]},
            "availability.0.to",
            "reversed_dates",
        ),
        (
            {
                "availability": [
                    {"from": "2027-02-01", "to": "2027-03-01"},
                    {"from": "2027-01-01", "to": "2027-02-01"},
                ]
            },
            "availability.0.from",
            "overlapping_windows",
        ),
        ({"category": "marine"}, "category", "enum"),
        ({"rank_code": "ZZ-99"}, "rank_code", "bad_rank_code"),
        ({"consent": "true"}, "consent", "bool_type"),
        ({"consent": 1}, "consent", "bool_type"),
        ({"skills": []}, "skills", "unknown_field"),
        (
            {"person": {"identifier": "SN-0002", "given_name": "Amina", "family_name": "Diallo"}},
            "person.identifier",
            "identifier_differs",
        ),
        (
            {"person": {"given_name": "Amina", "family_name": "Diallo", "email": "nobody"}},
            "person.email",
            "bad_email",
        ),
    ],
)
@pytest.mark.parametrize("agrees", [True, False])
def test_a_wrong_value_is_refused_at_its_field(
    app: Flask, api: ApiClient, changes: dict[str, Any], field: str, code: str, agrees: bool
) -> None:
    if agrees:
        with app.app_context():
            makers.consenting("SN-0001", email="amina@police.example.sn")
    answer = api.put("/experts/SN-0001", AMINA | changes)
    assert answer.status_code == 422
    assert (field, code) in [(error["field"], error["code"]) for error in answer.json["errors"]]
    assert api.get("/experts").json["items"] == [], "nothing was half saved"


def test_a_skill_comes_with_its_evidence(app: Flask, api: ApiClient) -> None:
    key = makers.listed(api, "SN-0001", AMINA)["id"]
    with app.app_context():
        certificate = makers.certified(
            db.session.get_one(Person, db.session.get_one(Expert, key).person_id)
        )
        number = certificate.number
    expected = {
        "skill": makers.GENDER,
        "level": "practitioner",
        "status": "current",
        "valid_from": "2026-03-10",
        "valid_until": "2029-03-10",
        "evidence": [{"kind": "certificate", "number": number, "status": "valid"}],
    }
    (skill,) = api.get(f"/experts/{key}").json["skills"]
    assert skill.items() >= expected.items()
    with app.app_context():
        makers.revoke(certificate)
    (skill,) = api.get(f"/experts/{key}").json["skills"]
    assert (skill["status"], skill["evidence"][0]["status"]) == ("withdrawn", "revoked")


def test_a_skill_proven_twice_is_one_skill_with_both_certificates(
    app: Flask, api: ApiClient
) -> None:
    key = makers.listed(api, "SN-0001", AMINA)["id"]
    with app.app_context():
        person_id = db.session.get_one(Expert, key).person_id
        dates = [date(2025, 3, 10), date(2026, 3, 9), date(2025, 9, 8)]
        certificates = [
            makers.certified(db.session.get_one(Person, person_id), starts_on=day) for day in dates
        ]
        numbers = [certificate.number for certificate in certificates]
        makers.revoke(certificates[1])
    (skill,) = api.get(f"/experts/{key}").json["skills"]
    assert (skill["status"], skill["valid_from"], skill["valid_until"]) == (
        "current",
        "2025-09-10",
        "2028-09-10",
    )
    assert [(evidence["number"], evidence["status"]) for evidence in skill["evidence"]] == [
        (numbers[2], "valid"),
        (numbers[0], "valid"),
        (numbers[1], "revoked"),
    ]
    (listed,) = api.get("/experts").json["items"]
    assert listed["skills"] == [skill]


def test_an_address_that_is_no_number_is_nobody(api: ApiClient) -> None:
    api.put("/experts/SN-0001", AMINA)
    assert api.get("/experts/SN-0001").status_code == 404


def test_a_rank_code_is_kept_as_it_is_printed(api: ApiClient, known: int) -> None:
    assert api.put("/experts/SN-0001", AMINA | {"rank_code": "of3"}).json["rank_code"] == "OF-3"
    assert api.put("/experts/SN-0001", AMINA | {"rank_code": ""}).json["rank_code"] is None


def test_the_list_takes_every_filter(app: Flask, api: ApiClient) -> None:
    key = makers.listed(api, "SN-0001", AMINA)["id"]
    kofi = {
        "person": {"given_name": "Kofi", "family_name": "Mensah", "country": "GH"},
        "category": "military",
    }
    makers.listed(api, "GH-1", kofi)
    with app.app_context():
        makers.certified(db.session.get_one(Person, db.session.get_one(Expert, key).person_id))
        tomorrow = clock.today() + timedelta(days=1)
    for query, expected in {
        "": 2,
        "q=dia": 1,
        "q=SN-0001": 1,
        "category=police": 1,
        "country=GH": 1,
        "gender=female": 1,
        "language=fr:B2": 1,
        "language=fr:B2&language=en:B2": 1,
        "language=en:C1": 0,
        f"skill={makers.GENDER}": 1,
        f"skill={makers.GENDER}:advanced": 0,
        f"skill={makers.GENDER}:basic&valid_on=2027-06-30": 1,
        f"skill={makers.GENDER}&valid_on=2031-01-01": 0,
        "available_from=2026-12-01&available_to=2027-01-31": 1,
        "available_from=2027-06-01&available_to=2027-07-01": 0,
        f"skill={makers.GENDER}&valid_on=2027-06-30&as_of={tomorrow}": 1,
        f"skill={makers.GENDER}&valid_on=2027-06-30&as_of=2026-01-01": 0,
        f"skill={makers.GENDER}&valid_on=2027-06-30&as_of=2026-11-23T08:59:00Z": 0,
    }.items():
        assert len(api.get(f"/experts?{query}").json["items"]) == expected, query


def test_the_list_goes_on_behind_a_cursor(api: ApiClient) -> None:
    for number in range(3):
        person = {"given_name": f"N{number}", "family_name": "Same"}
        makers.listed(api, f"X-{number}", {"person": person, "category": "civilian"})
    first = api.get("/experts?limit=2&category=civilian").json
    assert len(first["items"]) == 2 and "category=civilian" in first["next"]
    second = api.get(first["next"]).json
    assert [item["person"]["given_name"] for item in second["items"]] == ["N2"] and second[
        "next"
    ] is None


def test_a_country_is_asked_for_as_it_is_everywhere(
    app: Flask, api: ApiClient, sign_in: Any
) -> None:
    """In small letters, and by its name; on the page, too."""
    makers.listed(api, "SN-0001", AMINA | {"person": AMINA["person"] | {"nationalities": ["SN"]}})
    with app.app_context():
        browser = sign_in(factories.actor(Role.ROSTER))
    for country in ("SN", "sn", "Senegal", "Sénégal"):
        for name in ("country", "nationality"):
            assert len(api.get(f"/experts?{name}={country}").json["items"]) == 1, country
            page = browser.get(f"/roster?{name}={country}")
            assert "1 expert found" in page.text and 'value="SN" selected' in page.response.text, (
                name,
                country,
            )
    assert api.get("/experts?country=Atlantis").status_code == 422


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("skill=juggling", "skill"),
        ("language=fr:B9", "language"),
        ("category=marine", "category"),
        ("valid_on=soon", "valid_on"),
        ("valid_on=2027-06-30", "valid_on"),
        ("available_from=2027-02-01&available_to=2027-01-01", "available_to"),
        ("colour=red", "colour"),
        ("after=abc", "after"),
        ("limit=0", "limit"),
    ],
)
def test_a_wrong_filter_is_422(api: ApiClient, query: str, field: str) -> None:
    answer = api.get(f"/experts?{query}")
    assert answer.status_code == 422 and any(
        (error["field"] or "").startswith(field) for error in answer.json["errors"]
    )


def test_who_refuses_is_not_in_the_list_and_nowhere_else(
    app: Flask, api: ApiClient, known: int
) -> None:
    key = api.put("/experts/SN-0001", AMINA).json["id"]
    api.post(f"/experts/{key}/admit")
    with app.app_context():
        factories.consent(known, False)
    assert api.get("/experts").json["items"] == []
    assert api.get(f"/experts/{key}").json == api.get("/experts/9999").json
    assert api.put("/experts/SN-0001", AMINA).json == {"status": "asked"}


@pytest.mark.parametrize("role", [Role.TRAINER, Role.COORDINATOR, None])
def test_others_neither_search_nor_write_nor_read(
    app: Flask, api: ApiClient, role: Role | None
) -> None:
    key = makers.listed(api, "SN-0001", AMINA)["id"]
    other = client(app, *([role] if role else []))
    assert other.get("/experts").status_code == 403
    assert other.put("/experts/SN-0001", AMINA).status_code == 403
    assert (
        other.put(
            "/experts/XX-1", AMINA | {"person": {"given_name": "X", "family_name": "Y"}}
        ).status_code
        == 403
    )
    assert other.get(f"/experts/{key}").status_code == other.get("/experts/9999").status_code == 404
    assert ApiClient(app, None).get("/experts").status_code == 401


def test_a_person_reads_the_own_profile_and_does_not_write_it_here(
    app: Flask, api: ApiClient
) -> None:
    with app.app_context():
        expert = makers.expert("Lars", "Holm", identifier="NO-1")
        own = ApiClient(app, token_of(actor_of(db.session.get_one(Person, expert.person_id))))
        key = expert.id
    assert own.get(f"/experts/{key}").status_code == 200
    body = {"person": {"given_name": "Lars", "family_name": "Holm"}, "category": "police"}
    assert own.put("/experts/NO-1", body).status_code == 403


def test_administrators_may_do_it_too(app: Flask, known: int) -> None:
    assert client(app, Role.ADMINISTRATOR).put("/experts/SN-0001", AMINA).status_code == 201


# Whose number it is


@pytest.mark.parametrize(
    "facts",
    [
        {"identifier_issuer": "ML"},
        {"identifier_issuer": "CA-MFA"},
        {"identifier_kind": "passport"},
        {"birth_date": "1970-05-05"},
    ],
)
def test_another_issuer_kind_or_birth_date_than_the_records_is_answered_as_for_a_stranger(
    app: Flask, api: ApiClient, facts: dict[str, Any]
) -> None:
    with app.app_context():
        factories.organization()
        makers.consenting(
            "77",
            "Awa",
            "Diop",
            issuer_country="SN",
            birth_date=date(1990, 1, 1),
            email="awa@example.org",
        )
        known = db.session.scalars(sa.select(Person.id).where(Person.identifier == "77")).one()
    person = {"given_name": "Awa", "family_name": "Diop", "country": "SN"}
    assert (
        api.put(
            "/experts/77", {"person": person | {"birth_date": "1990-01-01"}, "category": "police"}
        ).status_code
        == 201
    )
    answer = api.put("/experts/77", {"person": person | facts, "category": "military"})
    assert (answer.status_code, answer.json) == (202, {"status": "asked"})
    with app.app_context():
        awa = db.session.get_one(Person, known)
        assert (awa.issuer_country, awa.birth_date) == ("SN", date(1990, 1, 1))


@pytest.mark.parametrize(
    "identifier", [{"given_name": "Kofi", "family_name": "Mensah"}, {"given_name": "Kofi"}]
)
def test_the_birth_date_with_another_name_renames_no_one(
    app: Flask, api: ApiClient, identifier: dict[str, str]
) -> None:
    """Number and birth date tell who is meant; the name that is known is still the person's own,
    with an account or without."""
    with app.app_context():
        known = makers.consenting(
            "A-1", "Awa", "Diop", issuer_country="SN", birth_date=date(1990, 1, 1)
        ).id
    body = {
        "person": identifier | {"country": "SN", "birth_date": "1990-01-01"},
        "category": "police",
    }
    refused = api.put("/experts/A-1", body)
    assert (refused.status_code, refused.json["code"]) == (409, "name_differs")
    with app.app_context():
        assert db.session.get_one(Person, known).full_name == "Awa Diop"
        assert db.session.scalar(sa.select(Expert.id)) is None
    renamed = client(app, Role.ADMINISTRATOR).put("/experts/A-1", body)
    assert renamed.status_code == 201 and renamed.json["person"]["given_name"] == "Kofi"


def test_of_someone_who_did_not_agree_another_name_is_answered_as_of_a_stranger(
    app: Flask, api: ApiClient
) -> None:
    with app.app_context():
        factories.person(
            "Awa", "Diop", identifier="A-1", issuer_country="SN", birth_date=date(1990, 1, 1)
        )
    person = {
        "given_name": "Kofi",
        "family_name": "Mensah",
        "country": "SN",
        "birth_date": "1990-01-01",
    }
    answers = [
        api.put(f"/experts/{number}", {"person": person, "category": "police"})
        for number in ("A-1", "A-2")
    ]
    assert [(answer.status_code, answer.json) for answer in answers] == [
        (202, {"status": "asked"})
    ] * 2


def test_who_issued_the_number_is_kept_when_the_person_says_yes(app: Flask, api: ApiClient) -> None:
    person = {
        "given_name": "Awa",
        "family_name": "Diop",
        "country": "SN",
        "identifier_issuer": "ML",
        "identifier_kind": "passport",
    }
    body = {
        "person": person | {"email": "awa@example.org", "birth_date": "1990-01-01"},
        "category": "police",
    }
    assert api.put("/experts/P-77", body).status_code == 202
    link = re.search(r"/roster/asked/[\w-]+", mails(app)[-1][2])[0]
    Browser(app).get(link).form(button="Yes, I agree").submit()
    with app.app_context():
        known = db.session.scalars(sa.select(Person).where(Person.identifier == "P-77")).one()
        assert (known.issuer_country, known.identifier_kind) == ("ML", "passport")
    wrong = api.put(
        "/experts/P-78", {"person": person | {"identifier_issuer": "nobody"}, "category": "police"}
    )
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (
        422,
        "person.identifier_issuer",
    )
