"""Texts found anywhere in a long table: who is found, and what finding costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import queries as accounts
from certificates import queries as certificates
from certificates.models import Certificate
from core import audit, names, occurrences
from core.database import db, is_sqlite, transaction
from core.policy import SYSTEM
from demonstration.experts import load_experts
from enrollment.models import Enrollment
from people.models import Person
from tests import factories
from tests.rows_read import steps_of

SIGNS = "abcdefghij"


def word(number: int) -> str:
    """A name that shares groups of three signs with few others."""
    return "".join(SIGNS[int(digit)] for digit in f"{number * 7919 % 1_000_000:06d}")


def copies(first: int, last: int) -> None:
    """More people with an enrollment and a certificate each, like the demonstration's."""
    with transaction():
        audit.record(SYSTEM, "rows.added", "test", {})
        for model, facts in ((Person, _person), (Enrollment, _enrollment), (Certificate, _issued)):
            table = model.__table__
            pattern = db.session.execute(sa.select(table).limit(1)).mappings().one()
            rows = [dict(pattern) | facts(number) for number in range(first, last)]
            factories.plant(sa.insert(table), rows)


def _person(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "identifier": f"N-{number}",
        "identifier_key": f"n{number}",
        "email": f"{word(number)}@example.org",
        "sort_name": word(number),
        "search_names": names.searched([word(number)]),
    }


def _enrollment(number: int) -> dict[str, Any]:
    return {"id": number, "person_id": number, "origin_id": number}


def _issued(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "number": f"RST-2031-{number:06d}-1",
        "token": f"T{number}",
        "enrollment_id": number,
        "person_id": number,
        "status": "valid",
        "valid_until": None,
        "holder_words": names.searched([word(number)]),
    }


def found_people(words: str) -> list[int]:
    return [row.person.id for row in accounts.list_people(SYSTEM, words=words).items]


def found_certificates(words: str, status: str = "") -> list[int]:
    page = certificates.list_register(SYSTEM, words, status, after=None, limit=50)
    return [item.id for item in page.items]


@pytest.fixture
def loaded(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    load_experts(30, seed=1, files=False)
    monkeypatch.setattr(occurrences, "MOST_LOOKED_UP", 20)


@pytest.mark.both_databases
@pytest.mark.parametrize("most", [0, 20, 100_000])
def test_whoever_is_found_is_found_by_any_way(
    loaded: Any, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """By looking candidates up or by reading on, with the same result and in the same order."""
    monkeypatch.setattr(occurrences, "MOST_LOOKED_UP", most)
    everyone = list(db.session.scalars(sa.select(Person).order_by(Person.sort_name, Person.id)))
    person = everyone[7]
    with transaction():
        audit.record(SYSTEM, "person.changed", "test", {})
        person.email, person.identifier = 'Amina."Dió%p_@example.org', "RX 77-4"
    for words in ('na."dió%p', "RX774", "x77", f"{person.family_name} rx77", person.family_name):
        assert person.id in found_people(words), words
    for nothing in ("nobody at all", '""zq', "' OR", "*", "(", "%%%", "___", "zzzzz\0"):
        if "\0" not in nothing or is_sqlite():
            assert found_people(nothing) == [], nothing
            assert found_certificates(nothing) == [], nothing
    assert found_people("example.org") == [person.id]


@pytest.mark.both_databases
def test_what_is_changed_or_gone_is_no_longer_found(loaded: Any) -> None:
    person = db.session.scalars(sa.select(Person).order_by(Person.id.desc())).first()
    for name in ("Qwertyson", "Asdfghson"):
        with transaction():
            audit.record(SYSTEM, "person.changed", "test", {})
            person.family_name = name
        assert found_people(name) == [person.id]
    assert found_people("Qwertyson") == []


@pytest.mark.parametrize(
    "read",
    [
        lambda: found_people(""),
        lambda: found_people("nobodyhere"),
        lambda: found_people("nobody here"),
        lambda: found_people("nobody@example.com"),
        lambda: found_certificates(""),
        lambda: found_certificates("nobodyhere"),
        lambda: found_certificates("RST-2099"),
        lambda: found_certificates("", "superseded"),
        lambda: found_certificates("", "expired"),
        lambda: found_certificates("", "valid"),
    ],
)
def test_pages_read_no_more_rows_of_ten_times_as_many(loaded: Any, read: Callable[[], Any]) -> None:
    costs = []
    for first, last in ((1000, 1300), (1300, 4000)):
        copies(first, last)
        read()
        costs.append(steps_of(read))
    assert costs[1] <= costs[0] * 1.3 + 200, costs


@pytest.mark.both_databases
@pytest.mark.parametrize("table", ["person", "certificate"])
def test_texts_are_looked_up_in_an_index(loaded: Any, table: str) -> None:
    connection = db.session.connection()
    if is_sqlite():
        statement = f"SELECT rowid FROM {table}_trigrams WHERE {table}_trigrams MATCH '\"abc\"'"
        assert "VIRTUAL TABLE INDEX" in str(
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
        )
        return
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # so few would be read through
    model, columns = (
        (Person, ("search_names", "email", "identifier_key"))
        if table == "person"
        else (Certificate, ("holder_words", "number"))
    )
    for name in columns:
        query = sa.select(model.id).where(getattr(model, name).icontains("abc", autoescape=True))
        plan = connection.execute(
            sa.text(f"EXPLAIN {query.compile(db.engine, compile_kwargs={'literal_binds': True})}")
        ).all()
        assert f"ix_{table}_trigrams" in str(plan), name
