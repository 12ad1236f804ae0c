"""What the enrollment package announces."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.events import Event


@dataclass(frozen=True)
class EnrollmentStep(Event):
    """A step in an enrollment's lifecycle."""

    subject = ("enrollment", "enrollment_id")
    enrollment_id: int
    delivery_id: int
    person_id: int
    before: str
    after: str


@dataclass(frozen=True)
class Enrolled(EnrollmentStep):
    """A person asked for a place, or was nominated for one; `before` is empty, `after` the first
    status."""

    name = "enrollment.made"
    label = _l("Enrollment made")


@dataclass(frozen=True)
class EnrollmentConfirmed(EnrollmentStep):
    """The applicant opened the emailed link: the application counts."""

    name = "enrollment.confirmed"
    label = _l("Application confirmed by link")


@dataclass(frozen=True)
class SeatShared(EnrollmentStep):
    """Another nomination of the same person in the delivery has the seat of both."""

    name = "enrollment.seat_shared"
    label = _l("Nomination shares the place of another one")


@dataclass(frozen=True)
class EnrollmentReturned(EnrollmentStep):
    """A nomination that stood aside stands for itself again: the other one was withdrawn, or is
    another person's."""

    name = "enrollment.returned"
    label = _l("Nomination no longer shares a place")


@dataclass(frozen=True)
class EnrollmentReassigned(Event):
    """The enrollment is another person's than was thought: `person_id`."""

    name = "enrollment.reassigned"
    label = _l("Enrollment moved to another person")
    subject = ("enrollment", "enrollment_id")
    enrollment_id: int
    person_id: int


@dataclass(frozen=True)
class ApplicationLapsed(Event):
    """The emailed link was not opened in time: the application and what it said of someone are
    forgotten."""

    name = "enrollment.lapsed"
    label = _l("Application deleted: the link was not opened")
    subject = ("enrollment", "enrollment_id")
    enrollment_id: int
    delivery_id: int


@dataclass(frozen=True)
class ListStep(Event):
    """What becomes of a long list of nominations: `people` with the lines from `line` on."""

    subject = ("delivery", "delivery_id")
    delivery_id: int
    list_id: int
    line: int
    people: int


@dataclass(frozen=True)
class ListTaken(ListStep):
    """Its places and positions are promised; its people are entered by and by."""

    name = "nominations.taken"
    label = _l("Long list of nominations taken")


@dataclass(frozen=True)
class ListEntered(ListStep):
    """Everyone of it is in."""

    name = "nominations.entered"
    label = _l("Long list of nominations entered")


@dataclass(frozen=True)
class ListUndone(ListStep):
    """It was refused while it was entered: no one of it is in."""

    name = "nominations.undone"
    label = _l("Long list of nominations refused and undone")


@dataclass(frozen=True)
class IdentityAsked(Event):
    name = "identity.asked"
    label = _l("Asked whether two records are the same person")
    subject = ("enrollment", "enrollment_id")
    enrollment_id: int
    candidate_id: int
    question_id: int


@dataclass(frozen=True)
class IdentityDecided(Event):
    """A coordinator decided whether the person of an enrollment is the one of another record."""

    name = "identity.decided"
    label = _l("Decided whether two records are the same person")
    subject = ("enrollment", "enrollment_id")
    enrollment_id: int
    candidate_id: int
    question_id: int
    is_same: bool


@dataclass(frozen=True)
class EnrollmentApproved(EnrollmentStep):
    name = "enrollment.approved"
    label = _l("Enrollment approved")


@dataclass(frozen=True)
class EnrollmentPromoted(EnrollmentStep):
    """The next in the pool got a place that became free."""

    name = "enrollment.promoted"
    label = _l("Place given from the waiting list")


@dataclass(frozen=True)
class EnrollmentDeclined(EnrollmentStep):
    name = "enrollment.declined"
    label = _l("Enrollment declined")


@dataclass(frozen=True)
class EnrollmentWithdrawn(EnrollmentStep):
    name = "enrollment.withdrawn"
    label = _l("Enrollment withdrawn")


@dataclass(frozen=True)
class EnrollmentDeliveryCancelled(EnrollmentStep):
    """The delivery was cancelled: no one withdrew."""

    name = "enrollment.delivery_cancelled"
    label = _l("Enrollment ended: its delivery was cancelled")


@dataclass(frozen=True)
class EnrollmentResult(EnrollmentStep):
    """The result fixed when the delivery was finished."""

    name = "enrollment.result"
    label = _l("Result fixed")


@dataclass(frozen=True)
class EnrollmentReopened(EnrollmentStep):
    """A fixed result was opened again to be corrected."""

    name = "enrollment.reopened"
    label = _l("Result reopened")


@dataclass(frozen=True)
class NeedsRead(Event):
    """Someone read what people with a place need: how many people, never who."""

    name = "needs.read"
    label = _l("Needs of participants read")
    subject = ("delivery", "delivery_id")
    delivery_id: int
    people: int
