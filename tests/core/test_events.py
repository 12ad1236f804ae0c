"""A fact is audited and told in the transaction of the act; a listener that fails undoes it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask

from core.audit import AuditEntry
from core.database import db, transaction
from core.events import Event, publish
from core.policy import SYSTEM


@dataclass(frozen=True)
class LampLit(Event):
    name = "lamp.lit"
    subject = ("lamp", "lamp_id")
    lamp_id: int


@pytest.fixture
def listen(context: Flask, monkeypatch: pytest.MonkeyPatch):
    def by(*listeners):
        monkeypatch.setitem(context.extensions, "subscribers", {LampLit: list(listeners)})

    return by


def entries() -> list[str]:
    found = list(db.session.scalars(sa.select(AuditEntry.subject)))
    db.session.rollback()
    return found


def test_a_fact_is_audited_and_told_in_order(listen) -> None:
    heard = []
    listen(lambda e, a: heard.append(("first", e.lamp_id, a)), lambda e, a: heard.append(("second", e.lamp_id, a)))
    with transaction():
        publish(LampLit(7), SYSTEM)
    assert heard == [("first", 7, SYSTEM), ("second", 7, SYSTEM)]
    assert entries() == ["lamp:7"]


def test_a_listener_that_fails_undoes_the_act(listen) -> None:
    def fail(event: Event, actor) -> None:
        raise ZeroDivisionError

    listen(fail)
    with pytest.raises(ZeroDivisionError), transaction():
        publish(LampLit(7), SYSTEM)
    assert entries() == []


def test_a_fact_needs_a_transaction(listen) -> None:
    with pytest.raises(RuntimeError, match="at the edge"):
        publish(LampLit(7), SYSTEM)
