"""Events enter the audit trail for good: frozen, of plain values, and never a name, an address
or another personal datum."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, ClassVar

import pytest

import app  # noqa: F401 -- imports every package, and with it every event
from core.events import Event

PLAIN = {bool, int, float, str, date, datetime, NoneType}
PERSONAL = re.compile(
    r"(^|_)(address|birth|born|country|email|family|gender|given|letter|mail|name|nationality|note|passport|password|phone|"
    r"printed|reason|reference|secret|text|title|token|value)s?(_|$)"
)
#: Fields that only look like one: an id, and words of a fixed list.
HARMLESS = {"token_id", "reason_code"}
#: `reason` of a withdrawn skill is the name of the fact that ended its certificate; the country is
#: where a course is held.
OF_NOBODY = {("SkillWithdrawn", "reason"), ("DeliveryMoved", "country")}


def events(of: type[Event] = Event) -> Iterator[type[Event]]:
    for kind in of.__subclasses__():
        yield kind
        yield from events(kind)


def faults(kind: type[Event]) -> Iterator[str]:
    if "__dataclass_params__" not in vars(kind) and vars(kind).get("__annotations__"):
        yield "has fields and is no dataclass"
    if not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # set by @dataclass
        yield "is not frozen"
    if "name" in vars(kind) and not str(vars(kind).get("label", "")):
        yield "has no label"
    if not isinstance(getattr(kind, "schema_version", 1), int):
        yield "has no version"
    types = typing.get_type_hints(kind)
    fields = {field.name for field in dataclasses.fields(kind)}
    if kind.subject[1] not in fields:
        yield f"has no field {kind.subject[1]} for its subject"
    for name in fields:
        if not is_plain(types[name]):
            yield f"{name} is no plain value"
        if (
            PERSONAL.search(name)
            and name not in HARMLESS
            and (kind.__name__, name) not in OF_NOBODY
        ):
            yield f"{name} is personal"


def is_plain(kind: Any) -> bool:
    if typing.get_origin(kind) in (tuple, typing.Union, UnionType):
        return all(part is Ellipsis or is_plain(part) for part in typing.get_args(kind))
    return kind in PLAIN or (isinstance(kind, type) and issubclass(kind, enum.StrEnum))


OURS = sorted(
    (kind for kind in events() if not kind.__module__.startswith("tests.")),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_an_event_is_frozen_plain_and_tells_of_nobody(kind: type[Event]) -> None:
    assert list(faults(kind)) == []


def test_every_package_that_announces_is_seen() -> None:
    assert {kind.__module__ for kind in OURS} >= {
        f"{package}.events"
        for package in ("people", "accounts", "courses", "enrollment", "classroom", "roster")
    }


@dataclass(frozen=True)
class Sound(Event):
    name: ClassVar[str] = "planted"
    label: ClassVar[str] = "Planted"
    subject: ClassVar[tuple[str, str]] = ("person", "person_id")
    person_id: int


def planted(annotation: Any = int, field: str = "person_id") -> type[Event]:
    return dataclasses.make_dataclass("Planted", [(field, annotation)], bases=(Sound,), frozen=True)


@pytest.mark.parametrize(
    ("annotation", "field"),
    [
        (str, "email"),
        (str, "given_name"),
        (str, "name_on_certificate"),
        (date, "birth_date"),
        (str, "token"),
        (str, "new_address"),
        (dict, "facts"),
        (list, "marks"),
        (tuple[dict, ...], "rows"),
        (int | bytes, "digest"),
        (Any, "person"),
    ],
)
def test_a_planted_field_is_caught(annotation: Any, field: str) -> None:
    assert list(faults(Sound)) == []
    assert list(faults(planted(annotation, field))) != []


def test_an_event_that_may_be_changed_or_names_no_object_is_caught() -> None:
    open_to_change: Any = type(
        "Planted", (), {"__annotations__": {"person_id": int}, "subject": ("person", "person_id")}
    )
    assert list(faults(dataclass(open_to_change))) == ["is not frozen"]

    class Undecorated(Sound):
        code: str

    assert list(faults(Undecorated)) != []

    class Unlabelled(Sound):
        name = "unlabelled"

    assert list(faults(Unlabelled)) == ["has no label"]

    class OfNothing(Sound):
        subject = ("delivery", "delivery_id")

    assert list(faults(OfNothing)) != []
