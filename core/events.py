"""Events that packages publish. `app.py` lists who reacts; reactions run in the same transaction
and, if they raise, undo the act.

Listeners of a base class receive every event below it; listeners of `Event` receive all. Listeners
of the event's own class run first, then those of its bases, nearest first; within a class, in the
order of the list.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, current_app

from core import audit
from core.policy import Actor

#: Each listener accepts the class it is listed under, which the type cannot express.
Subscribers = Mapping[type["Event"], list[Callable[[Any, Actor], None]]]


@dataclass(frozen=True)
class Event:
    """A fact in the past tense, with ids and plain values only; never a name, address or other
    personal data.

    `name` is what the audit trail stores ("certificate.issued") and `label` what people read there;
    `subject` names the field that identifies its object. If you change the fields or their meaning,
    raise `schema_version` for listeners outside this application. A class without a name is not an
    event, but a base of several.
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
    """Records `event` in the audit trail and calls its listeners now, in the open transaction."""
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
    """All events of this application."""
    for kind in below.__subclasses__():
        if "name" in vars(kind):
            yield kind
        yield from named(kind)


def labels() -> dict[str, Any]:
    """The words of every event, by name."""
    return {kind.name: kind.label for kind in named()}
