"""Facts that packages announce. `app.py` lists who reacts; a reaction runs in the same
transaction and, when it raises, undoes the act.

A listener of a base class hears every event below it; a listener of `Event` hears all. Listeners of
the event's own class run first, then those of its bases, nearest first; within a class, in the
order of the list."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, current_app

from core import audit
from core.policy import Actor

#: Each reacts to the class under which it stands, which a type cannot say.
Subscribers = Mapping[type["Event"], list[Callable[[Any, Actor], None]]]


@dataclass(frozen=True)
class Event:
    """A fact in the past tense, of ids and plain values only; never a name, address or other
    personal datum.

    `name` is what the audit trail stores ("certificate.issued") and `label` what people read there;
    `subject` names the field that identifies its object. If you change the fields or their meaning,
    raise `schema_version` for listeners outside this application. A class without a name is no
    event itself, but a base of several.
    """

    name: ClassVar[str]
    label: ClassVar[Any]  # a text in the reader's language
    schema_version: ClassVar[int] = 1
    subject: ClassVar[tuple[str, str]]  # kind of object, field holding its id

    def facts(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def init_app(app: Flask, subscribers: Subscribers) -> None:
    app.extensions["subscribers"] = subscribers


def publish(event: Event, actor: Actor, *, on_behalf_of: int | None = None) -> None:
    """Records `event` in the audit trail and tells whoever reacts to it, now, in the open
    transaction."""
    kind, field = event.subject
    audit.record(
        actor,
        event.name,
        f"{kind}:{getattr(event, field)}",
        event.facts(),
        on_behalf_of=on_behalf_of,
    )
    subscribers: Subscribers = current_app.extensions["subscribers"]
    for cls in type(event).__mro__:
        if issubclass(cls, Event):
            for react in subscribers.get(cls, ()):
                react(event, actor)


def named(below: type[Event] = Event) -> Iterator[type[Event]]:
    """Every fact that this application can announce."""
    for kind in below.__subclasses__():
        if "name" in vars(kind):
            yield kind
        yield from named(kind)


def labels() -> dict[str, Any]:
    """The words of every fact, by its name."""
    return {kind.name: kind.label for kind in named()}
