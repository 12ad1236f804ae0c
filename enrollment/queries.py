"""Reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased, joinedload

from accounts.models import Gender, Merge, MergeStatus, Organization, Person, PersonnelCategory
from accounts.roles import Permission
from core import names
from core.database import db, in_thousands
from core.errors import NotFound
from core.i18n import number
from core.policy import Actor, can, require, visible
from courses.models import Course, CourseVersion, Delivery, DeliverySession, DeliveryStatus, Pool
from courses.queries import moves_up_still
from enrollment import completion as rule
from enrollment.completion import Lack
from enrollment.models import (
    GOING_ON,
    LIVE,
    OPEN,
    SEATED,
    Enrollment,
    EnrollmentStatus,
    IdentityQuestion,
    Mark,
    MarkKind,
    Nomination,
    QuestionStatus,
    Reopening,
    Score,
    ScoreKind,
)
from enrollment.places import Seating

S = EnrollmentStatus


# Places


@dataclass(frozen=True)
class PoolPlaces:
    """The places of one pool; `category` None are the places open to everybody."""

    category: PersonnelCategory | None
    places: int
    taken: int
    left: int
    waiting: int
    left_for_new: int  # when a coordinator gives free places to those who wait, these are not for others


def _counting() -> sa.CompoundSelect:
    """Rows of (delivery, what, category, count, count waiting) for the deliveries `ids`."""
    ids: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
    nothing = sa.null().cast(Pool.category.type)
    seated = sa.func.sum(sa.case((Enrollment.status.in_(SEATED), 1), else_=0))
    waiting = sa.func.sum(sa.case((Enrollment.status == S.WAITLISTED, 1), else_=0))
    return sa.union_all(
        sa.select(Delivery.id, sa.literal("places"), nothing, Delivery.places, sa.literal(0)).where(Delivery.id.in_(ids)),
        sa.select(Pool.delivery_id, sa.literal("pool"), Pool.category, Pool.places, sa.literal(0)).where(
            Pool.delivery_id.in_(ids)
        ),
        sa.select(Enrollment.delivery_id, sa.literal("people"), Enrollment.category, seated, waiting)
        .where(Enrollment.delivery_id.in_(ids), Enrollment.status.in_([*SEATED, S.WAITLISTED]))
        .group_by(Enrollment.delivery_id, Enrollment.category),
    )


_COUNTING = _counting()  # built once: it is asked for every place given


def seatings(delivery_ids: Iterable[int]) -> dict[int, Seating]:
    """Places, pools, seated and waiting of each delivery, in one query for each thousand (`flask check` asks for all)."""
    ids = list(delivery_ids)
    rows = [row for some in in_thousands(ids) for row in db.session.execute(_COUNTING, {"ids": some})]
    total: dict[int, int] = {}
    pools: dict[int, dict[PersonnelCategory, int]] = {i: {} for i in ids}
    people: dict[int, dict[PersonnelCategory, tuple[int, int]]] = {i: {} for i in ids}
    for delivery_id, kind, category, first, second in rows:
        if kind == "places":
            total[delivery_id] = first
        elif kind == "pool":
            pools[delivery_id][category] = first
        else:
            people[delivery_id][category] = (int(first), int(second))
    return {
        i: Seating(
            places, dict(sorted(pools[i].items(), key=lambda pool: list(PersonnelCategory).index(pool[0]))),
            {c: n for c, (n, _w) in people[i].items()}, {c: w for c, (_n, w) in people[i].items()},
        )
        for i, places in total.items()
    }  # fmt: skip


def places(delivery_ids: Iterable[int]) -> dict[int, list[PoolPlaces]]:
    """For each delivery its pools, then the places open to everybody, in one query."""
    return {delivery_id: pool_places(seating) for delivery_id, seating in seatings(delivery_ids).items()}


def pool_places(seating: Seating) -> list[PoolPlaces]:
    listed = [
        PoolPlaces(
            category=category,
            places=size,
            taken=min(size, seating.seated.get(category, 0)),
            left=seating.pool_left(category),
            waiting=seating.waiting.get(category, 0),
            left_for_new=seating.pool_left_for_new(category),
        )
        for category, size in seating.pools.items()
    ]
    waiting = sum(count for category, count in seating.waiting.items() if category not in seating.pools)
    is_open = PoolPlaces(
        None, seating.open_places, seating.open_taken, max(0, seating.open_left), waiting, seating.open_left_for_new
    )
    if not listed or is_open.places or is_open.taken or is_open.waiting:
        listed.append(is_open)
    return listed


def _numbering() -> sa.Select:
    """Rows of (enrollment, position) for the deliveries `ids`."""
    own_pool = sa.and_(Pool.delivery_id == Enrollment.delivery_id, Pool.category == Enrollment.category)
    position = sa.func.row_number().over(
        partition_by=[Enrollment.delivery_id, Pool.id], order_by=[Enrollment.line, Enrollment.id]
    )
    ids: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
    waits = sa.and_(Enrollment.delivery_id.in_(ids), Enrollment.status == S.WAITLISTED)
    return sa.select(Enrollment.id, position).outerjoin(Pool, own_pool).where(waits)


_NUMBERING = _numbering()


def positions(*delivery_ids: int) -> dict[int, int]:
    """Enrollment id → position in its line, for everybody on the waiting lists of these deliveries."""
    return dict(db.session.execute(_NUMBERING, {"ids": delivery_ids}).all())


# Enrollments

PEOPLE = (joinedload(Enrollment.person), joinedload(Enrollment.nominated_by))
_RELATED = (joinedload(Enrollment.delivery), joinedload(Enrollment.seat), *PEOPLE)


def enrollments_visible(actor: Actor) -> sa.Select[Enrollment]:
    """The enrollments that `actor` may see, each with delivery, course, person, organization and nomination."""
    return (
        sa.select(Enrollment)
        .where(visible(Enrollment, actor, Permission.ENROLLMENT_READ))
        .options(*_RELATED, joinedload(Enrollment.nomination))
    )


def enrollments_of(actor: Actor, delivery: Delivery) -> sa.Select[Enrollment]:
    """Those of one delivery that `actor` may see: a nominator only those of the own organization."""
    return enrollments_visible(actor).where(Enrollment.delivery_id == delivery.id).order_by(Enrollment.id)


def stands_at(status: EnrollmentStatus) -> sa.ColumnElement[bool]:
    """The condition that an enrollment is shown with this status: its own, or that of the seat which it shares."""
    seat = aliased(Enrollment)
    shared = sa.select(seat.status).where(seat.id == Enrollment.seat_id).scalar_subquery()
    return sa.func.coalesce(shared, Enrollment.status) == status


def get_enrollment(actor: Actor, enrollment_id: int) -> Enrollment:
    """NotFound also for one that is not the actor's to see."""
    enrollment = db.session.scalar(enrollments_visible(actor).where(Enrollment.id == enrollment_id))
    if enrollment is None:
        raise NotFound("unknown_enrollment", _l("There is no such enrollment."))
    return enrollment


def decides_about(actor: Actor) -> sa.ColumnElement[bool]:
    """The condition that a question is the actor's to decide: those within one centre are its coordinators', those across
    centres an administrator's."""
    seen = visible(Enrollment, actor, Permission.IDENTITY_DECIDE)
    if _is_everywhere(actor):
        return seen
    other = aliased(Enrollment)
    is_candidate = sa.or_(other.person_id == IdentityQuestion.candidate_id, other.origin_id == IdentityQuestion.candidate_id)
    here = sa.exists().where(is_candidate, other.centre_id == Enrollment.centre_id, other.id != Enrollment.id)
    elsewhere = sa.exists().where(is_candidate, other.centre_id != Enrollment.centre_id)
    return sa.and_(seen, sa.or_(here, ~elsewhere))


def _is_everywhere(actor: Actor) -> bool:
    grant = actor.grants.get(Permission.IDENTITY_DECIDE)
    return actor.is_system or (grant is not None and grant.everywhere)


def require_reach(actor: Actor, person_ids: Iterable[int]) -> None:
    """NotFound unless the actor may decide who each of these people is: a coordinator, of people who are known in the own
    centre, or in none."""
    if _is_everywhere(actor):
        return
    seen = visible(Enrollment, actor, Permission.IDENTITY_DECIDE)
    for person_id in person_ids:
        own = sa.select(seen).where(sa.or_(Enrollment.person_id == person_id, Enrollment.origin_id == person_id))
        known = db.session.scalars(own).all()
        if known and not any(known):
            raise NotFound("unknown_person", _l("This person is not known here."))


def open_questions(actor: Actor) -> sa.Select[IdentityQuestion]:
    """The questions about people that `actor` decides."""
    return (
        sa.select(IdentityQuestion)
        .join(Enrollment, Enrollment.id == IdentityQuestion.enrollment_id)
        .where(IdentityQuestion.status == QuestionStatus.OPEN, decides_about(actor))
        .options(
            joinedload(IdentityQuestion.candidate),
            joinedload(IdentityQuestion.enrollment).options(
                joinedload(Enrollment.delivery),
                joinedload(Enrollment.nomination),
                joinedload(Enrollment.origin),
                joinedload(Enrollment.nominated_by),
            ),
        )
        .order_by(IdentityQuestion.id)
    )


@dataclass(frozen=True)
class ReadingRow:
    """One thing as it was submitted and as it is known. `fact`: agrees, differs, or empty."""

    label: str
    submitted: str | None
    known: str | None
    fact: str


@dataclass(frozen=True)
class Readings:
    """Both readings of a person."""

    submitted_name: str
    rows: list[ReadingRow]


def readings(question: IdentityQuestion) -> Readings:
    """What was submitted beside what is known of the candidate."""
    said, known = question.enrollment.nomination or question.enrollment.origin, question.candidate
    name = names.full_name(said.given_name, said.family_name, names.Origin(said.country, said.nationalities))
    rows = [
        ("name", _("Name"), name, known.full_name),
        ("birth_date", _("Date of birth"), str(said.birth_date or ""), str(known.birth_date or "")),
        ("number", _("Service or staff number"), said.identifier, known.identifier),
        ("address", _("E-mail"), said.email, known.email),
        ("", _("Country"), said.country, known.country),
    ]
    facts = dict.fromkeys(question.agrees, "agrees") | dict.fromkeys(question.differs, "differs")
    return Readings(name, [ReadingRow(label, a, b, facts.get(fact, "")) for fact, label, a, b in rows])


def merges(actor: Actor, *, is_open: bool) -> list[Merge]:
    """Merges that wait for a second person, or the last ones that were made."""
    require(actor, Permission.IDENTITY_DECIDE)
    status = MergeStatus.PROPOSED if is_open else MergeStatus.CONFIRMED
    found = sa.select(Merge).where(Merge.status == status).options(joinedload(Merge.keep), joinedload(Merge.merged))
    if not is_open:
        found = found.where(Merge.is_reviewed)
    if not _is_everywhere(actor):
        seen = visible(Enrollment, actor, Permission.IDENTITY_DECIDE)
        for side in (Merge.keep_id, Merge.merged_id):
            found = found.where(sa.exists().where(sa.or_(Enrollment.person_id == side, Enrollment.origin_id == side), seen))
    return list(db.session.scalars(found.order_by(Merge.id.desc()).limit(50)))


def count_to_tell(delivery_id: int) -> int:
    """How many people get a letter when the delivery moves: whoever has or wants a place, and an address."""
    concerned = Enrollment.delivery_id == delivery_id, Enrollment.status.in_(GOING_ON), Person.email.is_not(None)
    return db.session.scalar(sa.select(sa.func.count()).select_from(Enrollment).join(Enrollment.person).where(*concerned)) or 0


def people_of(organization: Organization) -> sa.Select[int]:
    """The records of the people that the organization put forward before."""
    return sa.select(Enrollment.origin_id).join(Nomination).where(Nomination.organization_id == organization.id)


def find_enrollment(delivery_id: int, person_id: int) -> Enrollment | None:
    """The person's live enrollment in the delivery: not one that was declined, withdrawn or replaced."""
    return db.session.scalar(_LIVE_ONE, {"delivery": delivery_id, "person": person_id})


#: Made once: it is asked before every place given.
_LIVE_ONE = sa.select(Enrollment).where(
    Enrollment.delivery_id == sa.bindparam("delivery"),
    Enrollment.person_id == sa.bindparam("person"),
    Enrollment.status.in_(LIVE),
)


@dataclass(frozen=True)
class PersonShown:
    """What one reader is shown of the person behind an enrollment. `id`: for a body that of its own submission.
    `submitted_name`: what the nomination said, where that names somebody else than the record does."""

    id: int
    identifier: str | None
    given_name: str
    family_name: str
    name_on_certificate: str
    email: str | None
    country: str | None
    nationalities: list[str]
    gender: Gender | None
    birth_date: date | None
    full_name: str
    sort_name: str
    submitted_name: str | None = None

    @property
    def is_family_first(self) -> bool:
        return bool(self.family_name) and self.full_name.startswith(self.family_name)


def person_shown(actor: Actor, enrollment: Enrollment) -> PersonShown:
    """Everything for the person and for holders of PERSON_READ in the delivery's centre; for its trainers what teaching needs;
    for the nominating organization only what it said itself: what others know of the person is none of its business."""
    person, nomination = enrollment.person, enrollment.nomination
    is_full = can(actor, Permission.PERSON_READ, enrollment)
    if is_full or can(actor, Permission.ENROLLMENT_READ, enrollment.delivery):
        return PersonShown(
            person.id, person.identifier if is_full else None, person.given_name, person.family_name,
            enrollment.name_on_certificate, person.email, person.country, person.nationalities,
            person.gender, person.birth_date if is_full else None,
            person.full_name, person.sort_name, _differing_name(person, nomination) if is_full else None,
        )  # fmt: skip
    assert nomination is not None, "seen only through the organization that nominated"
    n = nomination
    full_name = names.full_name(n.given_name, n.family_name, names.Origin(n.country, n.nationalities))
    return PersonShown(
        enrollment.origin_id, n.identifier, n.given_name, n.family_name, full_name, n.email, n.country, n.nationalities, n.gender,
        n.birth_date, full_name, names.sort_key(n.given_name, n.family_name),
    )  # fmt: skip


def _differing_name(person: Person, nomination: Nomination | None) -> str | None:
    if nomination is None:
        return None
    said = nomination.given_name, nomination.family_name
    if names.is_same_name(said, (person.given_name, person.family_name)):
        return None
    return names.full_name(*said, names.Origin(nomination.country, nomination.nationalities))


def explain(enrollment: Enrollment, position: int | None) -> str | None:
    """Why the enrollment stands where it stands, in one sentence; None when there is nothing to explain."""
    enrollment = enrollment.standing
    if enrollment.status is S.UNCONFIRMED:
        return _("Waiting for the applicant to open the link in the email.")
    if enrollment.status is S.WAITLISTED and position is not None:
        return _("All places open to you are taken; you are number %(position)s on the waiting list.", position=number(position))
    if enrollment.status is S.REQUESTED:
        return _("A coordinator decides about this request.")
    if enrollment.reason:
        return enrollment.reason
    return "; ".join(lack.detail for lack in rule.read_lacks(enrollment.lacking)) or None


# Attendance and completion


@dataclass(frozen=True)
class GridRow:
    """One person's marks by session number and scores by kind."""

    enrollment: Enrollment
    marks: dict[int, Mark] = field(default_factory=dict)
    scores: dict[ScoreKind, float] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        return sum(mark.minutes for mark in self.marks.values())


@dataclass(frozen=True)
class Grid:
    """The sessions of a delivery, also those that were cancelled, and a row for everybody who has a place."""

    sessions: list[DeliverySession]
    rows: list[GridRow]

    @property
    def held(self) -> list[DeliverySession]:
        return [session for session in self.sessions if not session.is_cancelled]

    @property
    def minutes_taught(self) -> int:
        return sum(session.minutes for session in self.held)


def attendance_grid(delivery: Delivery) -> Grid:
    """Marks and scores of everybody seated, by name; four queries at most, whatever the number of people."""
    sessions = delivery.sessions
    seated = (
        sa.select(Enrollment)
        .where(Enrollment.delivery_id == delivery.id, Enrollment.status.in_(SEATED))
        .options(*PEOPLE)  # not the delivery, which is known: reading it anew would drop its sessions
        .execution_options(populate_existing=True)
    )
    people = sorted(db.session.scalars(seated), key=lambda e: (e.person.sort_name, e.id))
    rows = {enrollment.id: GridRow(enrollment) for enrollment in people}
    numbers = {session.id: session.number for session in sessions}
    of_delivery = sa.select(Enrollment.id).where(Enrollment.delivery_id == delivery.id)
    for mark in db.session.scalars(sa.select(Mark).where(Mark.enrollment_id.in_(of_delivery))):
        if mark.enrollment_id in rows and mark.session_id in numbers:
            rows[mark.enrollment_id].marks[numbers[mark.session_id]] = mark
    for score in db.session.scalars(sa.select(Score).where(Score.enrollment_id.in_(of_delivery))):
        if score.enrollment_id in rows:
            rows[score.enrollment_id].scores[score.kind] = score.percent
    return Grid(list(sessions), list(rows.values()))


@dataclass(frozen=True)
class Completion:
    """One person's result: the rule's as things stand, or, once the delivery is finished, the one that was fixed. `missed`: the
    sessions in which the person was not there all the time. `minutes_of_course`: what the share of attendance is a share of;
    more than was taught when the course was cut short."""

    enrollment: Enrollment
    is_complete: bool
    lacking: list[Lack]
    minutes: int
    minutes_taught: int
    minutes_of_course: int
    score: float | None
    missed: list[DeliverySession]


def completion(delivery: Delivery) -> list[Completion]:
    """The result of everybody seated, by name; eight queries at most whatever the number of people."""
    grid = attendance_grid(delivery)
    version = db.session.get_one(CourseVersion, delivery.version_id)
    asked = rule.Rule(version.min_attendance_percent, version.min_score_percent, tuple(version.prerequisites))
    completed = completed_courses([row.enrollment.person_id for row in grid.rows], asked.prerequisites)
    whole = version.minutes
    return [_result(asked, whole, grid, row, completed.get(row.enrollment.person_id, set())) for row in grid.rows]


def _result(asked: rule.Rule, whole: int, grid: Grid, row: GridRow, completed: set[str]) -> Completion:
    enrollment, score = row.enrollment, row.scores.get(ScoreKind.POST)
    there = {number: mark.minutes for number, mark in row.marks.items()}
    missed = [session for session in grid.held if there.get(session.number, 0) < session.minutes]
    if enrollment.status in OPEN:
        lacking = rule.judge(asked, minutes=row.minutes, minutes_of_course=whole, score=score, completed=completed)
        is_complete = not lacking
    else:
        lacking, is_complete = rule.read_lacks(enrollment.lacking), enrollment.status is S.COMPLETED
    return Completion(enrollment, is_complete, lacking, row.minutes, grid.minutes_taught, whole, score, missed)


def completed_courses(person_ids: Sequence[int], codes: Sequence[str]) -> dict[int, set[str]]:
    """Which of these courses each person has completed."""
    if not codes or not person_ids:
        return {}
    rows = db.session.execute(
        sa.select(Enrollment.person_id, Course.code)
        .join(Delivery, Delivery.id == Enrollment.delivery_id)
        .join(Course, Course.id == Delivery.course_id)
        .where(Enrollment.person_id.in_(person_ids), Enrollment.status == S.COMPLETED, Course.code.in_(codes))
    )
    found: dict[int, set[str]] = {}
    for person_id, code in rows:
        found.setdefault(person_id, set()).add(code)
    return found


# Checking


def breaches() -> Iterator[str]:
    """A sentence for every breach of what this room promises."""
    yield from _breaches_of_places()
    yield from _breaches_of_people()
    yield from _breaches_of_marks()


def _breaches_of_places() -> Iterator[str]:
    begins_at = sa.select(sa.func.min(DeliverySession.starts_at)).where(
        DeliverySession.delivery_id == Delivery.id, DeliverySession.cancelled_at.is_(None)
    )
    rows = db.session.execute(
        sa.select(
            Delivery.id, Delivery.code, Delivery.status, Delivery.time_zone, Delivery.promotion_days,
            begins_at.scalar_subquery().label("begins_at"),
        )
    ).all()  # fmt: skip
    counted = seatings(row.id for row in rows)
    for row in rows:
        seating = counted[row.id]
        if seating.open_places < 0:
            yield f"places: the pools of {row.code} add up to more than its places"
        elif seating.is_oversold:
            yield f"places: {row.code} has {-seating.open_left} more people seated than places for them"
        is_filled = moves_up_still(row.time_zone, row.promotion_days, row.begins_at)
        if row.status is DeliveryStatus.PUBLISHED and is_filled:
            for category, count in seating.waiting.items():
                if count and seating.fits(category):
                    yield f"places: {count} wait for {row.code} ({category.value}) although a place for them is free"


def _breaches_of_people() -> Iterator[str]:
    twice = sa.select(Delivery.code, Enrollment.person_id).join(Delivery).where(Enrollment.status.in_(LIVE))
    twice = twice.group_by(Delivery.code, Enrollment.person_id).having(sa.func.count() > 1)
    for code, person_id in db.session.execute(twice):
        yield f"enrollments: person {person_id} is enrolled twice in {code}"
    ties = sa.select(Delivery.code, Enrollment.line).join(Delivery).where(Enrollment.status == S.WAITLISTED)
    for code, line in db.session.execute(ties.group_by(Delivery.code, Enrollment.line).having(sa.func.count() > 1)):
        yield f"enrollments: several people share number {line} in the line of {code}"
    unended = sa.select(Enrollment.id, Delivery.code, Delivery.status).join(Delivery)
    reopened = sa.exists().where(Reopening.enrollment_id == Enrollment.id)
    is_over = sa.or_(
        Delivery.status == DeliveryStatus.CANCELLED, sa.and_(Delivery.status == DeliveryStatus.FINISHED, sa.not_(reopened))
    )
    unended = unended.where(is_over, Enrollment.status.in_(GOING_ON))
    for enrollment_id, code, status in db.session.execute(unended):
        yield f"enrollments: {enrollment_id} goes on although {code} is {status.value}"


def _breaches_of_marks() -> Iterator[str]:
    there = [MarkKind.PRESENT, MarkKind.LATE]
    wrong = (
        sa.select(Mark.id, Mark.minutes, Mark.mark, DeliverySession.minutes, DeliverySession.delivery_id, Enrollment.delivery_id)
        .join(DeliverySession, DeliverySession.id == Mark.session_id)
        .join(Enrollment, Enrollment.id == Mark.enrollment_id)
        .where(
            sa.or_(
                Mark.minutes > DeliverySession.minutes,
                DeliverySession.delivery_id != Enrollment.delivery_id,
                sa.and_(Mark.mark.not_in(there), Mark.minutes > 0),
            )
        )
    )
    for mark_id, minutes, mark, most, session_delivery, enrollment_delivery in db.session.execute(wrong):
        if session_delivery != enrollment_delivery:
            yield f"marks: {mark_id} is for a session of another delivery"
        elif minutes > most:
            yield f"marks: {mark_id} has {minutes} minutes of a session of {most}"
        else:
            yield f"marks: {mark_id} is {mark.value} but has {minutes} minutes"
