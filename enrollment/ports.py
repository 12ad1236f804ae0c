"""What enrollment asks of those to its right, whom it may not import: `app.py` says who answers."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from core.policy import Actor
from core.ports import port
from courses.models import Delivery
from enrollment.lacks import Lack
from enrollment.models import Enrollment


@dataclass(frozen=True)
class ResultShown:
    """What the page of an enrollment tells of attendance and result. `has_letter`: there is a
    letter of participation that the actor can open."""

    minutes: int
    minutes_taught: int
    score: float | None
    lacking: list[Lack]
    has_letter: bool


@port
def is_recorded(enrollment_id: int) -> bool:
    """Whether minutes or scores stand on an enrollment: they count where they are, so of two it
    keeps the seat."""


@port
def has_marks(person_id: int) -> bool:
    """Whether a mark or a score stands on any enrollment of the person, also of an absence."""


@port
def was_reopened(enrollment_id: int) -> bool:
    """Whether the result was opened again: of a finished delivery, only these enrollments still
    have an open result."""


@port
def result_shown(actor: Actor, enrollment: Enrollment, delivery: Delivery) -> ResultShown | None:
    """Minutes, score and what is lacking; None while there is nothing to tell."""


@port
def certificate_panel(actor: Actor, enrollment: Enrollment) -> Markup:
    """What the certificate itself says, on the page of the enrollment that it rests on."""
