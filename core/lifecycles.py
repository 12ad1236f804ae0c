"""Lifecycles are tables; only `Machine.fire` assigns a status. Buttons, API and docs are generated
from the table."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import db
from core.errors import Conflict
from core.events import Event, publish
from core.policy import Actor, can, require


@dataclass(frozen=True)
class Transition:
    """A step of a lifecycle. `permission` None: the step follows from a rule within another act,
    and no one requests it.

    `announces` makes the event from the object (after the step) and the facts passed to `fire`.
    """

    name: str
    sources: frozenset[enum.StrEnum]
    target: enum.StrEnum
    permission: str | None
    announces: Callable[..., Event]


class Machine:
    """The lifecycle of one model: its first status and its transitions.

    If an object can begin in several statuses, `firsts` lists them and `begins` makes the event of
    its creation.
    """

    def __init__(
        self,
        initial: enum.StrEnum,
        transitions: Iterable[Transition],
        *,
        firsts: Iterable[enum.StrEnum] = (),
        begins: Callable[..., Event] | None = None,
    ):
        self.initial = initial
        self.firsts = frozenset(firsts) | {initial}
        self.begins = begins
        self.transitions = {t.name: t for t in transitions}

    def begin(
        self, obj: Any, status: enum.StrEnum, actor: Actor, *, on_behalf_of: int | None = None
    ) -> None:
        """Gives a new object its first status, saves it and publishes its event. The caller has
        checked the permission."""
        self.begin_all([(obj, status)], actor, on_behalf_of=on_behalf_of)

    def begin_all(
        self,
        objs: Sequence[tuple[Any, enum.StrEnum]],
        actor: Actor,
        *,
        on_behalf_of: int | None = None,
    ) -> None:
        """The same for many, each with its first status: saved together, then announced."""
        self.save_all(objs)
        self.announce_all([obj for obj, _status in objs], actor, on_behalf_of=on_behalf_of)

    def save_all(self, objs: Sequence[tuple[Any, enum.StrEnum]]) -> None:
        """Gives many new objects their first status and saves them, for those who announce them
        later."""
        for obj, status in objs:
            if status not in self.firsts or self.begins is None:
                raise ValueError(f"{type(obj).__name__} cannot begin as {status}")
            obj.status = status
        db.session.add_all([obj for obj, _status in objs])
        db.session.flush()  # the event names the object by its id

    def announce_all(
        self, objs: Iterable[Any], actor: Actor, *, on_behalf_of: int | None = None
    ) -> None:
        """Announces the making of objects, with the status that each has now."""
        for obj in objs:
            publish(self.begins(obj, None), actor, on_behalf_of=on_behalf_of)  # type: ignore[misc]  # what was saved has an event

    def fire(
        self, obj: Any, name: str, actor: Actor, *, on_behalf_of: int | None = None, **facts: Any
    ) -> None:
        """Takes the step `name`, or raises NotAllowed or Conflict("state_does_not_allow")."""
        step = self.transitions[name]
        if step.permission is not None:
            require(actor, step.permission, obj)
        self.check(name, obj.status)
        before = obj.status
        obj.status = step.target
        publish(step.announces(obj, before, **facts), actor, on_behalf_of=on_behalf_of)

    def take_all(self, name: str, model: Any, *conditions: sa.ColumnElement[bool]) -> None:
        """Takes a step that follows from a rule for all rows that stand at its beginning and meet
        the conditions, with one statement. Announcing them is left to the caller."""
        step = self.transitions[name]
        if step.permission is not None:
            raise ValueError(f"{name} is asked for, one at a time")
        rows = sa.update(model).where(model.status.in_(step.sources), *conditions)
        db.session.execute(
            rows.values(status=step.target), execution_options={"synchronize_session": False}
        )

    def check(self, name: str, status: enum.StrEnum) -> None:
        """Raises Conflict("state_does_not_allow") unless the step `name` starts from this
        status."""
        if status not in self.transitions[name].sources:
            raise Conflict(
                "state_does_not_allow",
                _l("This is not possible any more: things have changed in the meantime."),
            )

    def available(self, obj: Any, actor: Actor, *, status: enum.StrEnum | None = None) -> list[str]:
        """Names of the steps that `actor` may now take, in the table's order. `status`: the shown
        one, if not the object's own."""
        now = obj.status if status is None else status
        return [
            t.name
            for t in self.transitions.values()
            if t.permission is not None and now in t.sources and can(actor, t.permission, obj)
        ]
