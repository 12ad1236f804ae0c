"""The answers of earlier releases become consents where the audit trail shows that they were the
person's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import audit
from core.database import db
from core.migrations import downgrade, upgrade
from tests.guards.test_migrations import empty_app

pytestmark = pytest.mark.both_databases
__all__ = ["empty_app"]

AT = "2026-05-01 09:00:00"


class Earlier:
    """A database as the release before made it, filled by hand."""

    def __init__(self, connection: Any):
        self.connection = connection
        self.people = 0
        self.number, self.digest = 0, audit.GENESIS
        is_sqlite = db.engine.dialect.name == "sqlite"
        self.words = {
            True: "1" if is_sqlite else "true",
            False: "0" if is_sqlite else "false",
            None: "NULL",
        }

    def run(self, statement: str) -> None:
        self.connection.execute(sa.text(statement.replace(":", "\\:")))

    def insert(self, table: str, **values: Any) -> None:
        literals = {name: self._literal(value) for name, value in values.items()}
        self.run(
            f"INSERT INTO {table} ({', '.join(literals)}) VALUES ({', '.join(literals.values())})"
        )

    def _literal(self, value: Any) -> str:
        if value is None or isinstance(value, bool):
            return self.words[value]
        return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"

    def person(self, consent: bool | None = None, *, expert: bool = True, **values: Any) -> int:
        self.people += 1
        key = self.people
        self.insert(
            "person",
            id=key,
            given_name="P",
            family_name=f"No{key}",
            name_on_certificate="P",
            gender="female",
            language="fr",
            sort_name="p",
            search_names=" p ",
            created_at=AT,
            **values,
        )
        if expert:
            self.insert(
                "expert",
                id=100 + key,
                person_id=key,
                category="police",
                expertise="[]",
                consent=consent,
                created_at=AT,
                updated_at=AT,
            )
            self.insert(
                "expert_search",
                expert_id=100 + key,
                sort_name="p",
                tokens="cat_police",
                names="n_p",
            )
        return key

    def act(self, actor: int | str | None, action: str, subject: str, **facts: Any) -> None:
        self.number += 1
        entry = {
            "at": "2026-05-02T09:00:00.000+00:00",
            "actor": actor,
            "token": None,
            "on_behalf_of": None,
            "action": action,
            "subject": subject,
            "facts": facts,
        }
        body = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.digest = audit.chained(self.digest, self.number, body)
        self.insert(
            "audit_entry",
            number=self.number,
            at="2026-05-02 09:00:00",
            actor_id=actor if isinstance(actor, int) else None,
            action=action,
            subject=subject,
            body=body,
            digest=self.digest,
        )
        self.run(
            f"UPDATE audit_head SET number = {self.number}, digest = '{self.digest}' WHERE id = 1"
        )

    def changed(self, key: int, by: int | str | None, *what: str) -> None:
        self.act(
            by,
            "expert.changed",
            f"expert:{100 + key}",
            expert_id=100 + key,
            changed=list(what or ("consent",)),
        )

    def applied(self, key: int, ticked: bool | None, by: int | str | None) -> None:
        """An enrollment; `by`: an id, "system", or None for the public form."""
        self.insert(
            "enrollment",
            id=500 + key,
            delivery_id=1,
            person_id=key,
            status="completed",
            line=key,
            category="police",
            name_on_certificate="P",
            roster_consent=ticked,
            enrolled_by_id=by if isinstance(by, int) else None,
            created_at=AT,
        )
        self.act(by, "enrollment.made", f"enrollment:{500 + key}", enrollment_id=500 + key)

    def delivery(self) -> None:
        self.insert(
            "course",
            id=1,
            code="GTI",
            title="{}",
            audience="[]",
            default_places=5,
            day_starts="09:00",
            day_ends="17:00",
            is_retired=False,
            created_at=AT,
        )
        self.insert(
            "course_version",
            id=1,
            course_id=1,
            number=1,
            objectives="[]",
            min_attendance_percent=80,
            prerequisites="[]",
            created_at=AT,
        )
        self.insert(
            "delivery",
            id=1,
            code="GTI-1",
            course_id=1,
            version_id=1,
            rev=1,
            status="finished",
            starts_on="2026-04-01",
            ends_on="2026-04-02",
            time_zone="UTC",
            venue="V",
            country="CA",
            language="en",
            places=20,
            admission="automatic",
            closes_on="2026-03-01",
            created_at=AT,
            calendar_uid="x",
            calendar_sequence=1,
        )


@pytest.fixture
def outcome(empty_app: Flask, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, int], str]:
    """(people by what they are in this story, what the migration printed)."""
    upgrade(revision="0013")
    with db.engine.connect().execution_options(writes=True) as connection:
        earlier = Earlier(connection)
        earlier.delivery()
        people = _story(earlier)
        connection.commit()
    capsys.readouterr()
    upgrade()
    return people, capsys.readouterr().out


def _story(earlier: Earlier) -> dict[str, int]:
    own_yes = earlier.person(True)
    earlier.changed(own_yes, own_yes, "category", "consent")
    own_no = earlier.person(False)
    earlier.changed(own_no, own_no)
    staff_yes = earlier.person(True)
    earlier.changed(staff_yes, own_yes)
    staff_no = earlier.person(False)
    earlier.changed(staff_no, own_yes)
    overruled = earlier.person(True)
    earlier.changed(overruled, overruled)
    earlier.changed(overruled, own_yes)
    applied_signed_in = earlier.person(None)
    earlier.applied(applied_signed_in, True, applied_signed_in)
    visitor_who_came = earlier.person(True)
    earlier.applied(visitor_who_came, True, None)
    earlier.act(
        visitor_who_came,
        "sign_in.done",
        f"person:{visitor_who_came}",
        person_id=visitor_who_came,
        method="link",
    )
    visitor_who_never_came = earlier.person(True)
    earlier.applied(visitor_who_never_came, True, None)
    by_password = earlier.person(True)
    earlier.applied(by_password, True, None)
    earlier.act(
        by_password,
        "sign_in.done",
        f"person:{by_password}",
        person_id=by_password,
        method="password",
    )
    entered = earlier.person(True)
    earlier.applied(entered, True, "system")
    never_asked = earlier.person(None)
    shared = earlier.person(
        True, shared_email="box@example.org", shared_email_key="box@example.org"
    )
    earlier.changed(shared, shared)
    unticked = earlier.person(None)
    earlier.applied(unticked, False, unticked)
    without_profile = earlier.person(expert=False)
    earlier.applied(without_profile, True, without_profile)
    older_yes_then_overruled = earlier.person(
        True
    )  # signed in, applied and agreed; then answered in the profile, and staff changed it
    earlier.applied(older_yes_then_overruled, True, older_yes_then_overruled)
    earlier.changed(older_yes_then_overruled, older_yes_then_overruled)
    earlier.changed(older_yes_then_overruled, own_yes)
    unproven_tick_then_own_yes = earlier.person(True)
    earlier.applied(unproven_tick_then_own_yes, True, None)
    earlier.changed(unproven_tick_then_own_yes, unproven_tick_then_own_yes)
    return {name: value for name, value in locals().items() if name != "earlier"}


def rows(statement: str) -> list[Any]:
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_only_what_the_person_said_becomes_a_consent(outcome: tuple[dict[str, int], str]) -> None:
    people, printed = outcome
    names = {key: name for name, key in people.items()}
    statements = {
        names[row[0]]: (bool(row[1]), bool(row[2]), row[3], row[4])
        for row in rows("SELECT person_id, given, counts, how, language FROM consent")
    }
    yes, no = (True, True, "carried_over", "fr"), (False, True, "carried_over", "fr")
    assert statements == {
        "own_yes": yes,
        "own_no": no,
        "staff_no": no,
        "applied_signed_in": yes,
        "visitor_who_came": yes,
        "unticked": no,
        "shared": (True, False, "carried_over", "fr"),
        "without_profile": yes,
        "unproven_tick_then_own_yes": yes,
        "older_yes_then_overruled": (True, False, "carried_over", "fr"),
    }
    admitted = {
        names[key - 100] for (key,) in rows("SELECT id FROM expert WHERE status = 'admitted'")
    }
    assert admitted == {
        "own_yes",
        "applied_signed_in",
        "visitor_who_came",
        "unproven_tick_then_own_yes",
    }
    assert {
        names[key - 100]
        for (key,) in rows("SELECT expert_id FROM admission WHERE how = 'carried_over'")
    } == admitted
    assert {names[key - 100] for (key,) in rows("SELECT expert_id FROM expert_search")} == admitted
    for name in (
        "overruled",
        "visitor_who_never_came",
        "shared",
        "by_password",
        "older_yes_then_overruled",
    ):
        assert f"person {people[name]}:" in printed, name
    for name in ("own_yes", "unproven_tick_then_own_yes"):
        assert f"person {people[name]}:" not in printed, name
    assert rows("SELECT count(*) FROM mail") == [(0,)], "the migration writes to nobody"


def test_the_trail_holds_one_entry_more_and_its_chain_is_whole(
    outcome: tuple[dict[str, int], str],
) -> None:
    [(body,)] = rows("SELECT body FROM audit_entry WHERE action = 'consents.carried_over'")
    facts = json.loads(body)["facts"]
    assert (
        facts["admitted"] == 4
        and facts["refused"] == 3
        and facts["undecided"] == 5
        and facts["to_confirm"] == 2
    )
    assert list(audit.breaches_of_chain()) == []
    db.session.rollback()


def test_those_who_were_not_asked_are_asked_by_a_command(
    outcome: tuple[dict[str, int], str], empty_app: Flask
) -> None:
    from roster.queries import breaches, people_to_ask

    people, _ = outcome
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(
            sa.text(
                "UPDATE person SET email = 'p' || id || '@example.org', email_key = 'p' || id || "
                "'@example.org' WHERE email IS NULL OR email <> 'box@example.org'"
            )
        )
        connection.commit()
    names = {key: name for name, key in people.items()}
    names_asked = {names[key] for key in people_to_ask()}
    assert names_asked == {
        "staff_yes",
        "overruled",
        "visitor_who_never_came",
        "by_password",
        "entered",
        "never_asked",
        "shared",
        "older_yes_then_overruled",
    }
    assert [breach for breach in breaches() if "consent" in breach or "admission" in breach] == []
    db.session.rollback()


def test_the_answers_go_back_down(outcome: tuple[dict[str, int], str]) -> None:
    people, _ = outcome
    downgrade(revision="0013")
    remaining = {
        key: None if value is None else bool(value)
        for key, value in rows("SELECT person_id, consent FROM expert")
    }
    assert (
        remaining[people["own_yes"]],
        remaining[people["own_no"]],
        remaining[people["staff_yes"]],
        remaining[people["shared"]],
    ) == (
        True,
        False,
        None,
        None,
    )
