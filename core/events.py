"""Facts that capabilities announce. `app.py` lists who reacts; a reaction runs in the same transaction and, when it
raises, undoes the act."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, current_app

from core import audit
from core.policy import Actor

Subscribers = Mapping[type["Event"], list[Callable[["Event", Actor], None]]]


@dataclass(frozen=True)
class Event:
    """A fact in the past tense, of ids and plain values only; never a name, address or other personal datum.

    `name` is what the audit trail calls it ("certificate.issued"); `subject` says which of the fields identifies its object.
    """

    name: ClassVar[str]
    subject: ClassVar[tuple[str, str]]  # kind of object, field holding its id

    def facts(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def init_app(app: Flask, subscribers: Subscribers) -> None:
    app.extensions["subscribers"] = subscribers


def publish(event: Event, actor: Actor, *, on_behalf_of: int | None = None) -> None:
    """Records `event` in the audit trail and tells whoever reacts to it, now, in the open transaction."""
    kind, field = event.subject
    audit.record(actor, event.name, f"{kind}:{getattr(event, field)}", event.facts(), on_behalf_of=on_behalf_of)
    for react in current_app.extensions["subscribers"].get(type(event), ()):
        react(event, actor)
