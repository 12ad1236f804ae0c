"""A person asks for a place, or is entered by a coordinator."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from accounts.models import Organization, Person, PersonnelCategory
from accounts.roles import Permission
from core import clock
from core.database import db
from core.errors import Conflict, DomainError, Invalid, collect
from core.policy import Actor, require
from core.words import word
from courses.models import Admission, Delivery
from courses.services import touch
from enrollment.models import Enrollment, EnrollmentStatus
from enrollment.queries import find_enrollment
from enrollment.services.filling import seating
from enrollment.services.letters import tell
from enrollment.services.stages import require_open
from enrollment.states import ENROLLMENT


@dataclass(frozen=True)
class Wish:
    """What a person says about this one participation. `name_on_certificate` None: as the person is called."""

    category: PersonnelCategory | str
    rank: str | None = None
    rank_code: str | None = None
    organization: str | None = None
    needs: str | None = None
    name_on_certificate: str | None = None
    roster_consent: bool | None = None
    language: str | None = None


def enroll(actor: Actor, delivery_id: int, person: Person, wish: Wish) -> Enrollment:
    """Gives the person a place, or a place in the line, or (admission by approval) notes the wish.

    Who may: the person; ENROLLMENT_CREATE for anybody; and, on the public form, somebody who is not signed in, because then
    only the person's own mailbox opens what was made. Conflict: enrollment_closed, not_published, delivery_cancelled,
    delivery_finished, already_enrolled. Invalid at `category` and the other fields of the wish.
    """
    delivery = touch(delivery_id)
    if not (actor.is_anonymous or actor.is_system or actor.person_id == person.id):
        require(actor, Permission.ENROLLMENT_CREATE, delivery)
    require_open(actor, delivery)
    enrollment = place(actor, delivery, person, wish)
    tell(enrollment)
    return enrollment


def place(actor: Actor, delivery: Delivery, person: Person, wish: Wish, *, nominated_by: Organization | None = None) -> Enrollment:
    """Makes the enrollment; the rule that applicants, coordinators and nominators share. `delivery` was touched for it."""
    category = check_wish(delivery, wish)
    if find_enrollment(delivery.id, person.id) is not None:
        raise Conflict("already_enrolled", _l("This person already has a place or a request in this delivery."), "person")
    enrollment = Enrollment(
        delivery=delivery,
        person=person,
        line=delivery.rev,
        category=category,
        name_on_certificate=(wish.name_on_certificate or "").strip() or person.name_on_certificate,
        rank=wish.rank or None,
        rank_code=wish.rank_code or None,
        organization=wish.organization or None,
        needs=wish.needs or None,
        roster_consent=wish.roster_consent,
        nominated_by=nominated_by,
        enrolled_by_id=actor.person_id,
        created_at=clock.now(),
    )
    with db.session.no_autoflush:  # it has no status yet
        first = _first_status(delivery, category)
    ENROLLMENT.begin(enrollment, first, actor)
    return enrollment


def _first_status(delivery: Delivery, category: PersonnelCategory) -> EnrollmentStatus:
    if delivery.admission is Admission.APPROVAL:
        return EnrollmentStatus.REQUESTED
    return EnrollmentStatus.CONFIRMED if seating(delivery).fits(category) else EnrollmentStatus.WAITLISTED


_LENGTHS = {"rank": 120, "rank_code": 8, "organization": 200, "needs": 1000, "name_on_certificate": 120}


def check_wish(delivery: Delivery, wish: Wish) -> PersonnelCategory:
    """The category as meant, or Invalid with everything in the wish that cannot be accepted."""
    faults: list[DomainError] = []
    for field, longest in _LENGTHS.items():
        if len(getattr(wish, field) or "") > longest:
            faults.append(Invalid("too_long", _l("Use at most %(count)s characters.", count=longest), field))
    try:
        category = PersonnelCategory(wish.category)
    except ValueError:
        faults.append(Invalid("unknown_category", _l("The category must be civilian, police or military."), "category"))
    else:
        audience = delivery.course.audience
        if audience and category not in audience:
            faults.append(
                Invalid(
                    "category_not_in_audience",
                    _l("This course is for: %(audience)s.", audience=", ".join(word(one) for one in audience)),
                    "category",
                )
            )
    collect(faults)
    return category


def remind(enrollment: Enrollment) -> None:
    """Sends the person the present status and the way to its page once more: for somebody who applies a second time
    without being signed in, and must not be told on the screen what only the person may know."""
    tell(enrollment)
