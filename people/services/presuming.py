"""Who would be meant, looked at before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from core.policy import Actor
from people.models import IdentifierKind, Person
from people.services.identity import Register, current_record
from people.services.people import Identified, new_values, recognised


def presume_person(
    actor: Actor,
    facts: Mapping[str, Any],
    *,
    number: int,
    identity: str | int | None = None,
    among: sa.ColumnElement[bool] | None = None,
    unless: Callable[[Person], bool] = lambda person: False,
    register: Register | None = None,
) -> Identified:
    """Whom `identify_person` would give, with the same refusals and without writing anything:
    someone new is a record that no one saves, with `number` in place of an id."""
    values, known = recognised(actor, facts, identity, among, unless, register)
    if known.record is not None:
        return Identified(
            known.record, current_record(known.record), False, known.doubts, known.is_decided
        )
    defaults = {"identifier_kind": IdentifierKind.SERVICE}
    record = Person(id=number, **defaults | new_values(values, "person."))
    if register is not None:
        register.add(record)
    return Identified(record, record, True, known.doubts, known.is_decided)
