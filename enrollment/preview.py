"""What would happen, before anything is saved: the places that people could get, and nominations
with what the register already holds about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import db
from core.errors import DomainError, Invalid
from core.names import number_key
from core.policy import Actor, can
from courses.models import Admission, Delivery
from enrollment.models import LIVE, Enrollment, EnrollmentStatus, Nomination
from enrollment.nomination_files import IDENTITY, Checked, NominationRow, Problem
from enrollment.places import Seating
from enrollment.queries import IS_SEEN, people_of, seatings, stands_at
from enrollment.services import Nominee, checked
from people.models import Organization, Person
from people.permissions import Permission
from people.personnel import PersonnelCategory
from people.services import Comparison, clean_issuer, clearly_meant, compare, one_a_person
from people.values import email_key

S = EnrollmentStatus


@dataclass(frozen=True)
class Prospect:
    """What the next person of a category would get: a place, a decision, or a position in the
    waiting list."""

    category: PersonnelCategory
    status: EnrollmentStatus
    places_left: int
    position: int | None


def prospect(delivery: Delivery, seating: Seating, category: PersonnelCategory) -> Prospect:
    places_left = seating.left_for_new(category)
    if delivery.admission is Admission.APPROVAL:
        return Prospect(category, S.REQUESTED, places_left, None)
    if places_left > 0:
        return Prospect(category, S.CONFIRMED, places_left, None)
    return Prospect(category, S.WAITLISTED, 0, _waiting_with(seating, category) + 1)


def prospects(delivery: Delivery) -> list[Prospect]:
    """The prospect of each category that the course is for, with one query for all of them."""
    seating = seatings([delivery.id])[delivery.id]
    return [prospect(delivery, seating, category) for category in categories(delivery)]


def categories(delivery: Delivery) -> list[PersonnelCategory]:
    """The categories that the course is for; all of them if it names none."""
    audience = delivery.course.audience
    return [category for category in PersonnelCategory if not audience or category in audience]


def _waiting_with(seating: Seating, category: PersonnelCategory) -> int:
    line = seating.line_of(category)
    return sum(count for other, count in seating.waiting.items() if seating.line_of(other) == line)


# Nominations


@dataclass(frozen=True)
class PoolEffect:
    """How the good rows would use the places that are left for one category. The category is None
    if no places are reserved for any."""

    category: PersonnelCategory | None
    places_left: int
    people: int
    seated: int
    waiting: int


@dataclass(frozen=True)
class Preview:
    """The rows with everything that is known about them before they are saved.

    `checked`: the meaning of the rows, and the open questions about the whole file.
    `candidates`: for each row, the people it could be about (id, name).
    `hints`: for each good row, what should be known before the person is nominated.
    """

    rows: Sequence[NominationRow]
    checked: Checked
    effects: list[PoolEffect] = field(default_factory=list)
    hints: Mapping[int, list[Any]] = field(default_factory=dict)
    candidates: Mapping[int, list[tuple[int, str]]] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether a question about the whole file is open: before its answer, no row can be
        judged."""
        return self.checked.choice.asks or self.checked.asks_hidden

    @property
    def good(self) -> list[NominationRow]:
        return [row for row in self.rows if row.is_good and not self.waits]

    @property
    def here(self) -> list[NominationRow]:
        """The rows whose only problem is that the person is enrolled already, as when a file is
        sent twice. They are left out without a question."""
        return [
            row
            for row in self.rows
            if row.problems and all(problem.code == "already_enrolled" for problem in row.problems)
        ]

    @property
    def bad(self) -> list[NominationRow]:
        """The rows that someone has to correct or leave out."""
        left_out = {row.row for row in self.here}
        return [row for row in self.rows if row.problems and row.row not in left_out]


def preview(
    actor: Actor, delivery: Delivery, organization: Organization, checked: Checked
) -> Preview:
    """Checks the good rows against the delivery and against the people who are known already. Three
    queries for any number of rows."""
    rows = checked.rows
    people = _People(actor, delivery, organization, [row for row in rows if row.is_good])
    examined = [_examined(delivery, people, row) if row.is_good else row for row in rows]
    good = [row for row in examined if row.is_good]
    candidates = {
        row.row: people.candidates(row)
        for row in examined
        if any(problem.code == "identity_in_doubt" for problem in row.problems)
    }
    return Preview(
        examined,
        checked,
        _effects(delivery, good),
        {row.row: people.hints(row) for row in good},
        candidates,
    )


def nominee(row: NominationRow) -> Nominee:
    """A good row as a nominee. Empty values become None, which means that nothing was stated."""
    stated: dict[str, Any] = {column: value or None for column, value in row.fields.items()}
    stated["family_name"] = row.fields["family_name"]  # some people have one name
    return Nominee(**stated, row=row.row)


def with_refusals(view: Preview, refusal: DomainError) -> Preview:
    """The preview with the refusals of the service as problems of their rows ("row-7.category").
    The rows were good when they were shown: the data changed before they were sent."""
    problems: dict[int, list[Problem]] = {}
    for error in refusal.errors or [refusal]:
        where, _, what = (error.field or "").partition(".")
        number = where.removeprefix("row-")
        if number.isdigit():
            column = what.removeprefix("person.").removeprefix("person") or "email"
            problems.setdefault(int(number), []).append(
                Problem(int(number), column, "", error.code, error.message)
            )
    rows = [replace(row, problems=(*row.problems, *problems.get(row.row, ()))) for row in view.rows]
    return replace(view, rows=rows)


class _People:
    """The people who are known already, to compare rows with. For actors who may decide identities
    these are all people; others must not learn who is registered, so for them only people whom
    their organization put forward count."""

    def __init__(
        self,
        actor: Actor,
        delivery: Delivery,
        organization: Organization,
        rows: Sequence[NominationRow],
    ):
        self.issuers: dict[tuple[str, str], dict[str, Any] | Invalid] = {}
        self.decides = can(actor, Permission.IDENTITY_DECIDE, delivery)
        self.records = self._records(delivery, organization, rows) if rows else []
        self.here = self._here(delivery, organization) if rows else set()
        self.namesakes = _namesakes(organization, rows) if rows else {}

    def _records(
        self, delivery: Delivery, organization: Organization, rows: Sequence[NominationRow]
    ) -> list[Person]:
        keys = {email_key(row.fields["email"]) for row in rows if row.fields["email"]}
        numbers = {number_key(row.fields["identifier"]) for row in rows if row.fields["identifier"]}
        near = sa.or_(Person.email_key.in_(keys), Person.identifier_key.in_(numbers))
        known = sa.select(Person).where(near, ~Person.is_provisional).order_by(Person.id)
        if not self.decides:
            known = known.where(Person.id.in_(people_of(organization, not_by_others_in=delivery)))
        return list(db.session.scalars(known))

    def _here(self, delivery: Delivery, organization: Organization) -> set[int]:
        """The people who have a place or a request in the delivery; for a body, only people whom
        it nominated itself."""
        own = sa.select(Enrollment.person_id).where(
            Enrollment.delivery_id == delivery.id, stands_at(*LIVE)
        )
        if not self.decides:
            own = own.where(Enrollment.nominated_by_id == organization.id)
        return set(db.session.scalars(own))

    def near(self, row: NominationRow) -> list[Comparison]:
        """The people who have the row's number or email address, each compared with the row."""
        issuer = self._issuer(row)
        stated = dict(row.fields) | (issuer if isinstance(issuer, dict) else {})
        return [
            comparison
            for comparison in one_a_person(compare(stated, record) for record in self.records)
            if comparison.is_near
        ]

    def _issuer(self, row: NominationRow) -> dict[str, Any] | Invalid:
        """The issuer of the row's number, or the refusal if it is not understood. Each issuer is
        looked up once."""
        written = row.fields["identifier_issuer"], row.fields["country"]
        if written not in self.issuers:
            try:
                self.issuers[written] = clean_issuer(*written, "identifier_issuer")
            except Invalid as refusal:
                self.issuers[written] = refusal
        return self.issuers[written]

    def problem(self, row: NominationRow) -> Problem | None:
        issuer = self._issuer(row)
        if isinstance(issuer, Invalid):
            return Problem(
                row.row,
                "identifier_issuer",
                row.values["identifier_issuer"],
                issuer.code,
                issuer.message,
            )
        near = self.near(row)
        known = clearly_meant(near)
        if known is not None and known.person.id in self.here:
            remedy = _l(
                "This person already has a place or a request in this delivery. Leave the row out."
            )
            column = "identifier" if "number" in known.agrees else "email"
            return Problem(row.row, column, row.values.get(column, ""), "already_enrolled", remedy)
        return None if known or row.values.get(IDENTITY) else self._question(row, near)

    def candidates(self, row: NominationRow) -> list[tuple[int, str]]:
        """The people the row could be about: (id, name)."""
        return [
            (self._shown(comparison).id, comparison.record.full_name)
            for comparison in self.near(row)
        ]

    def _shown(self, comparison: Comparison) -> Person:
        """The record that the actor may see. A body sees only the record that its own nomination
        created, even after it was merged into another."""
        return comparison.person if self.decides else comparison.record

    def _question(self, row: NominationRow, near: Sequence[Comparison]) -> Problem | None:
        """The question whether it is the same person: a partial match is never guessed at."""
        if not near:
            return None
        remedy = _l(
            "The number or the address belongs to someone known here, but not everything matches. "
            "Is it the same person?"
        )
        column = "identifier" if "number" in near[0].agrees else "email"
        return Problem(row.row, column, row.values.get(column, ""), "identity_in_doubt", remedy)

    def hints(self, row: NominationRow) -> list[Any]:
        known = clearly_meant(self.near(row))
        hints = [address_hint(self._shown(known).email, row.fields["email"])] if known else []
        if self.namesakes.get(_name(row.fields), set()) - {known.person.id if known else None}:
            hints.append(
                _l(
                    "The organization has already put forward someone of this name and country "
                    "under another number or "
                    "email address. If it is the same person, use that number or address."
                )
            )
        return [hint for hint in hints if hint]


def address_hint(known: str | None, stated: str | None) -> Any:
    """What happens to the address stated for someone who is known already: the known address stays
    and gets the message. The hint must not reveal it."""
    if known is None:
        return _l("This person is known here without an email address and gets no message.")
    if stated and email_key(stated) != email_key(known):
        return _l(
            "This person is known here with another email address; the message goes to that one."
        )
    return None


def _namesakes(
    organization: Organization, rows: Sequence[NominationRow]
) -> dict[tuple[str, ...], set[int]]:
    """The people whom the organization put forward before, by name and country."""
    before = (
        sa.select(
            Nomination.given_name, Nomination.family_name, Nomination.country, Enrollment.person_id
        )
        .join(Enrollment, Enrollment.id == Nomination.enrollment_id)
        .where(
            Nomination.organization_id == organization.id,
            IS_SEEN,
            Nomination.family_name.in_({r.fields["family_name"] for r in rows}),
        )
    )
    people: dict[tuple[str, ...], set[int]] = {}
    for row in db.session.execute(before).mappings():
        people.setdefault(_name(row), set()).add(row["person_id"])
    return people


def _name(fields: Mapping[str, Any] | sa.RowMapping) -> tuple[str, ...]:
    return tuple(
        str(fields[name] or "").casefold() for name in ("given_name", "family_name", "country")
    )


def _examined(delivery: Delivery, people: _People, row: NominationRow) -> NominationRow:
    problems = []
    try:
        checked(delivery, nominee(row))
    except DomainError as refusal:
        for error in refusal.errors or [refusal]:
            column = error.field or "category"
            problems.append(
                Problem(row.row, column, row.values.get(column, ""), error.code, error.message)
            )
    if problem := people.problem(row):
        problems.append(problem)
    return replace(row, problems=(*row.problems, *problems)) if problems else row


def _effects(delivery: Delivery, rows: Sequence[NominationRow]) -> list[PoolEffect]:
    """How many of the good rows would get a place in each category, in the order of the file."""
    seating = seatings([delivery.id])[delivery.id]
    seated: dict[PersonnelCategory | None, int] = {}
    people: dict[PersonnelCategory | None, int] = {}
    categories = [PersonnelCategory(row.fields["category"]) for row in rows]
    for category, is_seated in zip(categories, seating.seat(categories), strict=True):
        line = category if seating.pools else None
        people[line] = people.get(line, 0) + 1
        seated[line] = seated.get(line, 0) + is_seated
    return [
        PoolEffect(
            line,
            _places_left(seating, line),
            count,
            seated.get(line, 0),
            count - seated.get(line, 0),
        )
        for line, count in people.items()
    ]


def _places_left(seating: Seating, category: PersonnelCategory | None) -> int:
    return seating.open_left_for_new if category is None else seating.left_for_new(category)
