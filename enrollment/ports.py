"""What enrollment asks of packages to its right, which it may not import; `app.py` lists who
answers."""

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
    """Attendance and result on the page of an enrollment. `has_letter`: the actor can open a letter
    of participation."""

    minutes: int
    minutes_taught: int
    score: float | None
    lacking: list[Lack]
    has_letter: bool


@port
def is_recorded(enrollment_id: int) -> bool:
    """Whether an enrollment has minutes or scores: these cannot move, so of two enrollments it
    keeps the seat."""


@port
def has_marks(person_id: int) -> bool:
    """Whether any enrollment of the person has a mark (also of an absence) or a score."""


@port
def was_reopened(enrollment_id: int) -> bool:
    """Whether the result was reopened: in a finished delivery only such enrollments have an open
    result."""


@port
def result_shown(actor: Actor, enrollment: Enrollment, delivery: Delivery) -> ResultShown | None:
    """Minutes, score and lacks; None while there is nothing to show."""


@port
def certificate_panel(actor: Actor, enrollment: Enrollment) -> Markup:
    """The certificate's panel on the page of its enrollment."""
