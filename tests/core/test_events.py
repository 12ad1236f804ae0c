"""A fact is audited and told in the transaction of the act; a listener that fails undoes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import SUBSCRIBERS
from core.audit import AuditEntry
from core.database import db, transaction
from core.events import Event, labels, publish
from core.policy import SYSTEM, Actor
from tests.certificates.makers import finished_delivery, issued


@dataclass(frozen=True)
class LampLit(Event):
    name = "lamp.lit"
    subject = ("lamp", "lamp_id")
    label = "Lamp lit"
    lamp_id: int


class LampRelit(LampLit):
    name = "lamp.relit"
    label = "Lamp lit again"


@pytest.fixture
def listen(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def by(*listeners: Any) -> None:
        monkeypatch.setitem(context.extensions, "subscribers", {LampLit: list(listeners)})

    return by


def entries() -> list[str]:
    subjects = list(db.session.scalars(sa.select(AuditEntry.subject)))
    db.session.rollback()
    return subjects


def test_a_fact_is_audited_and_told_in_order(listen: Callable[..., None]) -> None:
    events = []
    listen(
        lambda e, a: events.append(("first", e.lamp_id, a)),
        lambda e, a: events.append(("second", e.lamp_id, a)),
    )
    with transaction():
        publish(LampLit(7), SYSTEM)
    assert events == [("first", 7, SYSTEM), ("second", 7, SYSTEM)]
    assert entries() == ["lamp:7"]


def test_a_listener_that_fails_undoes_the_act(listen: Callable[..., None]) -> None:
    def fail(event: Event, actor: Actor) -> None:
        raise ZeroDivisionError

    listen(fail)
    with pytest.raises(ZeroDivisionError), transaction():
        publish(LampLit(7), SYSTEM)
    assert entries() == []


def test_a_fact_needs_a_transaction(listen: Callable[..., None]) -> None:
    with pytest.raises(RuntimeError, match="at the edge"):
        publish(LampLit(7), SYSTEM)


def test_who_listens_to_a_base_class_hears_all_below_it_the_nearest_first(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str]] = []
    by = {
        of: [lambda event, actor, of=of: events.append((of.__name__, event.name))]
        for of in (Event, LampLit, LampRelit)
    }
    monkeypatch.setitem(context.extensions, "subscribers", by)
    with transaction():
        publish(LampRelit(7), SYSTEM)
        publish(LampLit(7), SYSTEM)
    assert events == [
        ("LampRelit", "lamp.relit"),
        ("LampLit", "lamp.relit"),
        ("Event", "lamp.relit"),
        ("LampLit", "lamp.lit"),
        ("Event", "lamp.lit"),
    ]


def test_one_line_in_the_table_of_subscribers_hears_everything(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    hear = lambda event, actor: events.append(f"{event.name} {event.schema_version}")  # noqa: E731 -- a listener on one line, as in app.py
    monkeypatch.setitem(context.extensions, "subscribers", {**SUBSCRIBERS, Event: [hear]})
    issued(finished_delivery(["Amina Diallo"]))
    actions = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.number))
    assert {
        "course.created 1",
        "delivery.published 1",
        "certificate.issued 1",
        "skill.granted 1",
    } <= set(events)
    assert sorted(events) == sorted(f"{action} 1" for action in actions if action in labels())
