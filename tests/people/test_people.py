"""Recording people: one person once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import queries, services
from accounts.roles import Role
from accounts.sessions import actor_of
from core.database import db, transaction
from core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from core.policy import ANONYMOUS, SYSTEM, Actor
from people import queries as people_queries
from people import services as people_services
from people import values
from people.models import Gender, Person
from tests import factories
from tests.accounts import makers
from tests.browsing import Browser


def record(
    actor: Actor = SYSTEM,
    given_name: str = "Zoë",
    family: str = "Lefèvre-Nguyễn",
    **given_values: Any,
) -> Person:
    with transaction():
        return people_services.record_person(
            actor, given_name=given_name, family_name=family, **given_values
        )


def count() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Person))


@pytest.mark.both_databases
def test_a_person_is_matched_by_identifier_else_by_address_else_new(context: Flask) -> None:
    first = record(identifier="CA-0001", email="Zoe@Example.org")
    assert record(identifier="CA-0001").id == first.id
    assert record(email="ZOE@example.ORG").id == first.id
    assert record(identifier="CA-0002").id != first.id
    assert record(email="other@example.org").id != first.id
    assert db.session.get_one(Person, first.id).email == "Zoe@Example.org", (
        "kept as it was typed first"
    )


def test_a_matched_person_stays_untouched_unless_asked(context: Flask) -> None:
    first = record(identifier="CA-0001", country="CA")
    record(
        given_name="Zoé",
        identifier="CA-0001",
        identifier_issuer="CA",
        country="SN",
        email="new@example.org",
    )
    again = db.session.get_one(Person, first.id)
    assert (again.given_name, again.country, again.email) == ("Zoë", "CA", None)
    record(given_name="Zoe", identifier="CA-0001", email="new@example.org", update=True)
    again = db.session.get_one(Person, first.id)
    assert (again.given_name, again.country, again.email) == ("Zoe", "CA", "new@example.org")
    assert again.name_on_certificate == "Zoe Lefèvre-Nguyễn"  # it followed the name


def test_a_printed_name_of_ones_own_does_not_follow(context: Flask) -> None:
    record(identifier="X", name_on_certificate="Capt. Zoë L.")
    record(given_name="Zoe", identifier="X", update=True)
    assert db.session.scalar(sa.select(Person.name_on_certificate)) == "Capt. Zoë L."


@pytest.mark.parametrize("update", [False, True])
def test_identifier_and_address_of_two_people_conflict(context: Flask, update: bool) -> None:
    record(identifier="A", email="a@example.org")
    record(identifier="B", email="b@example.org")
    for identifier, field in (("B", "person.identifier"), ("C", "person.email")):
        with pytest.raises(Conflict) as refusal:
            record(identifier=identifier, email="a@example.org", update=update)
        assert (refusal.value.code, refusal.value.field) == ("identity_in_doubt", field)
    assert count() == 2


def test_only_oneself_and_those_who_may_write_people_update(context: Flask) -> None:
    me = factories.actor(email="me@example.org")
    other = factories.actor()
    roster = factories.actor("roster")
    for stranger in (ANONYMOUS, other):
        with pytest.raises(DomainError):
            record(stranger, given_name="X", email="me@example.org", update=True)
    with transaction():
        mine: dict[str, Any] = {"given_name": "Mine", "family_name": "Lefèvre-Nguyễn"}
        people_services.change_person(me, db.session.get_one(Person, me.person_id), **mine)
    with pytest.raises(Conflict) as refusal:
        record(roster, given_name="Theirs", email="me@example.org", update=True)
    assert (refusal.value.code, refusal.value.field) == ("identity_in_doubt", "person.email")
    record(roster, given_name="Mine", email="me@example.org", country="CA", update=True)
    assert db.session.get_one(Person, me.person_id).country == "CA"
    with pytest.raises(NotAllowed):
        record(
            factories.actor("coordinator"), given_name="Mine", email="me@example.org", update=True
        )


def test_what_opens_the_way_in_is_not_replaced_by_those_who_write_people(context: Flask) -> None:
    boss = factories.actor("administrator", email="boss@example.org", identifier="HQ-1")
    nameless = factories.actor("administrator", email=None, identifier="first")
    roster = factories.actor("roster")
    for facts in (
        {"identifier": "HQ-1", "email": "evil@example.org"},
        {"identifier": "EVIL-1", "email": "boss@example.org"},
        {"identifier": "first", "email": "evil@example.org"},
    ):
        with pytest.raises(Conflict):
            record(roster, given_name="X", update=True, **facts)
    people = [db.session.get_one(Person, actor.person_id) for actor in (boss, nameless)]
    assert [(person.identifier, person.email) for person in people] == [
        ("HQ-1", "boss@example.org"),
        ("first", None),
    ]
    unknown = record(identifier="SN-1")
    record(roster, identifier="SN-1", email="expert@example.org", update=True)
    assert (
        db.session.get_one(Person, unknown.id).email == "expert@example.org"
    )  # no one's way in: it had none
    with pytest.raises(Conflict):
        record(roster, identifier="SN-1", email="evil@example.org", update=True)
    record(boss, identifier="SN-1", email="right@example.org", update=True)
    assert db.session.get_one(Person, unknown.id).email == "right@example.org"


def test_a_corrected_address_leaves_the_old_one_without_any_way_in(
    app: Flask, context: Flask
) -> None:
    boss = factories.actor("administrator")
    person_id = makers.account("typo@example.org")
    with transaction():
        services.invite(boss, db.session.get_one(Person, person_id))
    link = makers.last_link(app).rpartition("/")[2]
    browser = Browser(app)
    factories.sign_in(browser, actor_of(db.session.get_one(Person, person_id)))
    with transaction():
        people_services.change_person(
            boss, db.session.get_one(Person, person_id), email="right@example.org"
        )
    with pytest.raises(Invalid), transaction():
        services.use_link(link)
    assert browser.get("/me", follow=False).status == 303  # to the sign-in page
    assert makers.mails(app)[-1][:2] == ("typo@example.org", "address_changed")


@pytest.mark.both_databases
def test_an_address_given_to_two_people_at_once_is_refused_once(app: Flask, context: Flask) -> None:
    people = [record(identifier=name).id for name in ("A", "B")]
    gate = threading.Barrier(2)

    def give(person_id: int) -> str:
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    people_services.change_person(
                        SYSTEM, db.session.get_one(Person, person_id), email="one@example.org"
                    )
                    time.sleep(0.1)
                return "given"
            except Conflict:
                return "refused"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(give, people)) == ["given", "refused"]


def test_nothing_is_told_when_nothing_changes(context: Flask) -> None:
    from core.audit import AuditEntry

    record(identifier="A", country="CA")
    before = db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry))
    record(identifier="A", country="CA", update=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == before


def test_names_are_kept_in_nfc_with_single_spaces(context: Flask) -> None:
    person = record(given_name="  Zoe\u0308 \u00a0 Anne ", family="Nguye\u0302\u0303n")
    assert (person.given_name, person.family_name, person.name_on_certificate) == (
        "Zoë Anne",
        "Nguyễn",
        "Zoë Anne Nguyễn",
    )


@pytest.mark.parametrize("name", ["A\x00", "A\x07B", "A\x85B", "A\ue000", "\ud800"])
def test_control_characters_are_refused(context: Flask, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        record(given_name=name)
    assert (refusal.value.code, refusal.value.field) == ("forbidden_character", "person.given_name")


@pytest.mark.parametrize(
    "name", ["علی‌رضا", "क्‍ष", "O’Connor", "D'Arcy", "እማዬ", "李小龍", "Ольга", "Jean-Luc", "Ng"]
)
def test_names_of_the_world_are_kept(context: Flask, name: str) -> None:
    assert record(given_name=name, family="").given_name == name


def test_every_refusal_is_named_at_once(context: Flask) -> None:
    with pytest.raises(Invalid) as refusal:
        record(
            given_name="A\x07B",
            email="no",
            country="XX",
            language="xx",
            gender="x",
            birth_date=date(2999, 1, 1),
            family="x" * 121,
        )
    fields = {error.field for error in refusal.value.errors}
    assert fields == {
        f"person.{name}"
        for name in (
            "given_name",
            "family_name",
            "email",
            "country",
            "language",
            "gender",
            "birth_date",
        )
    }


def test_a_name_is_needed_but_one_is_enough(context: Flask) -> None:
    with pytest.raises(Invalid) as refusal:
        record(given_name=" ", family="")
    assert refusal.value.field == "person.given_name"
    assert record(given_name="Suharto", family="").full_name == "Suharto"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Zoë Lefèvre-Nguyễn", ("Zoë", "Lefèvre-Nguyễn")),
        ("Ludwig van der Berg", ("Ludwig", "van der Berg")),
        ("DIALLO Amina", ("Amina", "DIALLO")),
        ("Diallo, Amina Sow", ("Amina Sow", "Diallo")),
        ("Suharto", ("Suharto", "")),
        ("Jean Claude KOUASSI", ("Jean Claude", "KOUASSI")),
        ("  A   B  ", ("A", "B")),
        ("李 小龍", ("李", "小龍")),
    ],
)
def test_a_name_in_one_piece_is_split(name: str, parts: tuple[Any, ...]) -> None:
    assert values.split_name(name) == parts


@pytest.mark.parametrize(
    "address",
    ["A@example.org", "a@mod.example", "a.b+c@sub.example.co.uk", "a@x.TEST", "Zoë@example.org"],
)
def test_addresses_that_are_accepted_stay_as_typed(context: Flask, address: str) -> None:
    assert values.clean_email(f" {address} ", "email") == values.find_email(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b.org",
        "a@b",
        "a@localhost",
        "a b@c.org",
        "a@b.org\nBcc: c@d.org",
        "a@127.0.0.1",
        "<a@b.org>",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    assert values.find_email(address) is None


# Changing


def test_people_change_their_own_data_and_administrators_everybodys(context: Flask) -> None:
    me = factories.actor(email="me@example.org")
    other = factories.actor(email="you@example.org")
    boss = factories.actor("administrator")
    person = db.session.get_one(Person, me.person_id)
    with transaction():
        people_services.change_person(me, person, given_name="New", country="")
    assert (person.given_name, person.country) == ("New", None)
    with pytest.raises(NotAllowed), transaction():
        people_services.change_person(other, person, given_name="Theirs")
    with pytest.raises(Conflict) as refusal, transaction():
        people_services.change_person(boss, person, email="you@example.org")
    assert (refusal.value.code, refusal.value.field) == ("email_taken", "email")
    with pytest.raises(Invalid), transaction():
        people_services.change_person(boss, person, given_name="", family_name="")
    with transaction():
        people_services.change_person(
            boss, person, gender=Gender.MALE, birth_date=date(1990, 1, 1), identifier="N1", email=""
        )
    assert (person.gender, person.identifier, person.email) == (Gender.MALE, "N1", None)


# Organizations and roles


def test_an_unknown_organization_is_made_only_by_those_who_manage_them(context: Flask) -> None:
    coordinator, trainer = factories.actor("coordinator"), factories.actor("trainer")
    with pytest.raises(Invalid) as refusal, transaction():
        people_services.organization_by_code(trainer, "CA-MFA")
    assert (refusal.value.code, refusal.value.field) == ("unknown_organization", "nominated_by")
    with transaction():
        organization = people_services.organization_by_code(coordinator, "CA-MFA")
    assert (organization.code, organization.name) == ("CA-MFA", "CA-MFA")
    with transaction():
        assert people_services.organization_by_code(trainer, " CA-MFA ").id == organization.id
    with pytest.raises(Invalid), transaction():
        people_services.organization_by_code(coordinator, "two words")


def test_someone_elses_data_is_as_unknown(context: Flask) -> None:
    me, other = factories.actor(), factories.actor()
    assert people_queries.get_person(me, me.person_id).id == me.person_id
    for person_id in (other.person_id, 999):
        with pytest.raises(NotFound) as refusal:
            people_queries.get_person(me, person_id)
        assert refusal.value.code == "unknown_person"


# Searching


def test_people_are_found_by_every_word_in_any_case_and_paged(context: Flask) -> None:
    boss = factories.actor("administrator", given="Zz", family="Zz")
    for n in range(7):
        record(
            given_name=f"Élodie {n}",
            family="Ça",
            email=f"elodie{n}@example.org",
            identifier=f"N-{n}",
        )
    record(given_name="Hundred%", family="Sure")
    assert {
        row.person.given_name for row in queries.list_people(boss, words="élodie ÇA").items
    } == {f"Élodie {n}" for n in range(7)}
    assert [row.person.identifier for row in queries.list_people(boss, words="n-3").items] == [
        "N-3"
    ]
    assert (
        queries.list_people(boss, words="%").items == []
    )  # no letter, and no sign for anything at all
    assert [row.person.id for row in queries.list_people(boss, role=Role.ADMINISTRATOR).items] == [
        boss.person_id
    ]
    seen, after = [], None
    while True:
        page = queries.list_people(boss, after=after, limit=3)
        seen += [row.person.id for row in page.items]
        after = page.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == count()


@pytest.mark.both_databases
def test_a_person_whom_two_record_at_the_same_moment_is_one(app: Flask, context: Flask) -> None:
    gate = threading.Barrier(2)

    def add(_number: int) -> int:
        with app.app_context():
            gate.wait()
            with transaction():
                person_id = people_services.record_person(
                    SYSTEM,
                    given_name="Awa",
                    family_name="Diop",
                    identifier="A",
                    email="a@example.org",
                ).id
                time.sleep(0.1)
            return person_id

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(add, range(2)))) == 1
    assert count() == 1
