"""The printed name: checked before anything is issued, and corrected by whoever issues."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from certificates import layouts
from certificates.events import PrintedNameCorrected
from certificates.fonts import unprintable
from certificates.payload import nfc
from certificates.rendering import LONGEST_NAME
from core.database import db
from core.errors import Invalid
from core.events import publish
from core.names import is_name_of
from core.policy import Actor, require
from core.text import one_line
from courses.services import touch
from enrollment.models import Enrollment, QuestionStatus
from enrollment.queries import find_question
from people import values
from people.models import Person
from people.permissions import Permission


def fault_of(enrollment: Enrollment, name: str) -> tuple[str, Any] | None:
    """Why a name cannot be printed for the person of the enrollment, as a code and a sentence with
    the name; None if it can. A name that is not a spelling of the person's is accepted if a
    coordinator decided so for this enrollment, or if it is the person's name in another script."""
    longest = _longest_name(enrollment)
    fault = _fault(name, enrollment.person, longest, is_decided=False)
    if (
        fault
        and fault[0] == "name_differs"
        and name == enrollment.name_on_certificate
        and _is_decided(enrollment)
    ):
        return _fault(name, enrollment.person, longest, is_decided=True)
    return fault


def _is_decided(enrollment: Enrollment) -> bool:
    question = find_question(enrollment.id, enrollment.person_id, is_about_people=False)
    return question is not None and question.status is QuestionStatus.SAME


def _longest_name(enrollment: Enrollment) -> int:
    """How many characters a name may have in the layout of the course's certificates."""
    layout = layouts.find(enrollment.delivery.course.layout)
    return layout.limits.name if layout else LONGEST_NAME


def _fault(name: str, person: Person, longest: int, *, is_decided: bool) -> tuple[str, Any] | None:
    if not nfc(name):
        return "name_missing", _l(
            "The name to print of %(person)s is missing. Write it as it shall stand on the "
            "certificate.",
            person=person.full_name,
        )
    try:
        values.check_names(
            {"name_on_certificate": values.clean_name(name, "name")}, is_confirmed=True
        )
    except Invalid as refusal:
        if refusal.code not in ("too_long", "forbidden_character"):  # explained better below
            return refusal.code, refusal.message
    if len(nfc(name)) > longest:
        return "name_too_long", _l(
            "The name to print of %(person)s has %(length)s characters and at most %(most)s fit. "
            "Shorten it, for instance with initials.",
            person=person.full_name,
            length=len(nfc(name)),
            most=longest,
        )
    if not (
        is_decided
        or is_name_of(name, person.given_name, person.family_name, person.name_on_certificate)
    ):
        return "name_differs", _l(
            "“%(name)s” is not a spelling of the name of %(person)s. Correct the name to print, "
            "or first correct the person’s name.",
            name=shown(name),
            person=person.full_name,
        )
    if characters := unprintable(name):
        return "name_unprintable", _l(
            "“%(name)s” cannot be printed: no font on certificates has %(characters)s. Write the "
            "name without it, as it stands in the person's passport.",
            name=shown(name),
            characters=", ".join(describe(character) for character in characters[:8]),
        )
    return None


def describe(character: str) -> str:
    """A possibly invisible character: its number, and the character if it can be shown."""
    number = f"U+{ord(character):04X}"
    return number if _is_invisible(character) else number + " " + _("“%(words)s”", words=character)


def shown(name: str) -> str:
    """A name for a sentence, with invisible characters as their numbers."""
    return "".join(
        f"[U+{ord(c):04X}]" if _is_invisible(c) and c not in "\u200c\u200d" else c for c in name
    )


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me")


def check_names(enrollments: Iterable[Enrollment]) -> None:
    """Raises one Invalid with an error per person whose name cannot be printed; its code is the
    most serious one."""
    _refuse([(enrollment, enrollment.name_on_certificate) for enrollment in enrollments])


def check_name(enrollment: Enrollment, name: str, field: str) -> None:
    """Raises Invalid at `field` if the name cannot be printed."""
    if fault := fault_of(enrollment, name):
        raise Invalid(fault[0], fault[1], field)


def _refuse(names: Iterable[tuple[Enrollment, str]]) -> None:
    faults = {
        enrollment.id: fault for enrollment, name in names if (fault := fault_of(enrollment, name))
    }
    errors = [Invalid(code, sentence, field_of(key)) for key, (code, sentence) in faults.items()]
    if not errors:
        return
    codes = {error.code for error in errors}
    code = "name_unprintable" if "name_unprintable" in codes else errors[0].code
    raise Invalid(
        code, _l("Some names cannot be printed. Nothing was issued."), errors=list(errors)
    )


def field_of(enrollment_id: int) -> str:
    """The field of a person's printed name, on the page and in the API's answer."""
    return f"name-{enrollment_id}"


def correct_names(actor: Actor, delivery_id: int, names: Mapping[int, str]) -> list[int]:
    """Stores names for print, of people in this delivery. Returns whose changed. Issued
    certificates keep theirs; a correction there is a successor (`reissue`)."""
    delivery = touch(delivery_id)
    require(actor, Permission.CERTIFICATE_ISSUE, delivery)
    names = {key: one_line(name) for key, name in names.items()}
    statement = sa.select(Enrollment).where(
        Enrollment.delivery_id == delivery.id, Enrollment.id.in_(list(names))
    )
    enrollments = db.session.scalars(
        statement.options(joinedload(Enrollment.person)).order_by(Enrollment.id)
    )
    changed = [
        enrollment
        for enrollment in enrollments
        if nfc(names[enrollment.id]) != enrollment.name_on_certificate
    ]
    _refuse([(enrollment, names[enrollment.id]) for enrollment in changed])
    for enrollment in changed:
        enrollment.name_on_certificate = nfc(names[enrollment.id])
        publish(PrintedNameCorrected(enrollment.id, delivery.id), actor)
    return [enrollment.id for enrollment in changed]
