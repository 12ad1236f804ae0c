"""What would happen: places that people could get, and nominations as they stand before anything
is saved."""

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
    """What awaits the next person of a category: a place, a decision, or a position in the line."""

    category: PersonnelCategory
    status: EnrollmentStatus
    left: int
    position: int | None


def prospect(delivery: Delivery, seating: Seating, category: PersonnelCategory) -> Prospect:
    left = seating.left_for_new(category)
    if delivery.admission is Admission.APPROVAL:
        return Prospect(category, S.REQUESTED, left, None)
    if left > 0:
        return Prospect(category, S.CONFIRMED, left, None)
    return Prospect(category, S.WAITLISTED, 0, _waiting_with(seating, category) + 1)


def prospects(delivery: Delivery) -> list[Prospect]:
    """One for each category that the course is for, in one query."""
    seating = seatings([delivery.id])[delivery.id]
    return [prospect(delivery, seating, category) for category in categories(delivery)]


def categories(delivery: Delivery) -> list[PersonnelCategory]:
    """Whom the course is for; everyone when it does not say."""
    audience = delivery.course.audience
    return [category for category in PersonnelCategory if not audience or category in audience]


def _waiting_with(seating: Seating, category: PersonnelCategory) -> int:
    line = seating.line_of(category)
    return sum(count for other, count in seating.waiting.items() if seating.line_of(other) == line)


# Nominations


@dataclass(frozen=True)
class PoolEffect:
    """What the good rows would do to the places that are left for one category; None when
    nothing is kept for any."""

    category: PersonnelCategory | None
    left: int
    people: int
    seated: int
    waiting: int


@dataclass(frozen=True)
class Preview:
    """Rows as they stand, nothing saved.

    `checked`: what the rows mean, and what is still to be asked about the whole file.
    `candidates`: by row, who could be meant (id, name).
    `hints`: by row, what is no fault of a good row but should be known before it is nominated.
    """

    rows: Sequence[NominationRow]
    checked: Checked
    effects: list[PoolEffect] = field(default_factory=list)
    hints: Mapping[int, list[Any]] = field(default_factory=dict)
    candidates: Mapping[int, list[tuple[int, str]]] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """A question about the whole file comes before its rows can be judged."""
        return self.checked.choice.asks or self.checked.asks_hidden

    @property
    def good(self) -> list[NominationRow]:
        return [row for row in self.rows if row.is_good and not self.waits]

    @property
    def here(self) -> list[NominationRow]:
        """Nothing is wrong but that the person is here already, as after the same file twice:
        left out by itself."""
        return [
            row
            for row in self.rows
            if row.problems and all(one.code == "already_enrolled" for one in row.problems)
        ]

    @property
    def bad(self) -> list[NominationRow]:
        """What has to be corrected, or left out by whoever nominates."""
        left_out = {row.row for row in self.here}
        return [row for row in self.rows if row.problems and row.row not in left_out]


def preview(
    actor: Actor, delivery: Delivery, organization: Organization, checked: Checked
) -> Preview:
    """The rows with what the delivery and the people known already say about them; three
    queries, however many rows."""
    rows = checked.rows
    met = _People(actor, delivery, organization, [row for row in rows if row.is_good])
    examined = [_examined(delivery, met, row) if row.is_good else row for row in rows]
    good = [row for row in examined if row.is_good]
    asked = {
        row.row: met.candidates(row)
        for row in examined
        if any(one.code == "identity_in_doubt" for one in row.problems)
    }
    return Preview(
        examined,
        checked,
        _effects(delivery, good),
        {row.row: met.hints(row) for row in good},
        asked,
    )


def nominee(row: NominationRow) -> Nominee:
    """A good row as a nominee; what was left empty is not given."""
    given: dict[str, Any] = {column: value or None for column, value in row.fields.items()}
    given["family_name"] = row.fields["family_name"]  # some people have one name
    return Nominee(**given, row=row.row)


def with_refusals(view: Preview, refusal: DomainError) -> Preview:
    """The refusals of the service at the rows they name ("row-7.category"); someone was faster
    between look and click."""
    found: dict[int, list[Problem]] = {}
    for one in refusal.errors or [refusal]:
        where, _, what = (one.field or "").partition(".")
        number = where.removeprefix("row-")
        if number.isdigit():
            column = what.removeprefix("person.").removeprefix("person") or "email"
            found.setdefault(int(number), []).append(
                Problem(int(number), column, "", one.code, one.message)
            )
    rows = [replace(row, problems=(*row.problems, *found.get(row.row, ()))) for row in view.rows]
    return replace(view, rows=rows)


class _People:
    """Who of the rows is known already and has a place here: among everyone for those who decide
    who is meant, among the organization's own people for the others."""

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
        """The people who have a place or a request here, for a body those whom it nominated
        itself."""
        own = sa.select(Enrollment.person_id).where(
            Enrollment.delivery_id == delivery.id, stands_at(*LIVE)
        )
        if not self.decides:
            own = own.where(Enrollment.nominated_by_id == organization.id)
        return set(db.session.scalars(own))

    def near(self, row: NominationRow) -> list[Comparison]:
        """The people who have the row's number or address, each against the row."""
        issuer = self._issuer(row)
        said = dict(row.fields) | (issuer if isinstance(issuer, dict) else {})
        return [
            one
            for one in one_a_person(compare(said, record) for record in self.records)
            if one.is_near
        ]

    def _issuer(self, row: NominationRow) -> dict[str, Any] | Invalid:
        """Whose number it is, or why that is not understood; each issuer is looked up once."""
        said = row.fields["identifier_issuer"], row.fields["country"]
        if said not in self.issuers:
            try:
                self.issuers[said] = clean_issuer(*said, "identifier_issuer")
            except Invalid as refusal:
                self.issuers[said] = refusal
        return self.issuers[said]

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
        """Who could be meant: (id, name)."""
        return [(self._shown(one).id, one.record.full_name) for one in self.near(row)]

    def _shown(self, one: Comparison) -> Person:
        """The record that may be told of: a body knows the one that its own nomination made,
        whatever it was merged into."""
        return one.person if self.decides else one.record

    def _question(self, row: NominationRow, near: Sequence[Comparison]) -> Problem | None:
        """ "Same person?", asked before anything is guessed."""
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


def address_hint(known: str | None, given: str | None) -> Any:
    """What becomes of the address given for someone who is known already: that person's own data
    stay untouched. Which address is known is not told."""
    if known is None:
        return _l("This person is known here without an email address and gets no message.")
    if given and email_key(given) != email_key(known):
        return _l(
            "This person is known here with another email address; the message goes to that one."
        )
    return None


def _namesakes(
    organization: Organization, rows: Sequence[NominationRow]
) -> dict[tuple[str, ...], set[int]]:
    """Whom the organization itself put forward before, by name and country."""
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
    found: dict[tuple[str, ...], set[int]] = {}
    for one in db.session.execute(before).mappings():
        found.setdefault(_name(one), set()).add(one["person_id"])
    return found


def _name(fields: Mapping[str, Any] | sa.RowMapping) -> tuple[str, ...]:
    return tuple(
        str(fields[name] or "").casefold() for name in ("given_name", "family_name", "country")
    )


def _examined(delivery: Delivery, met: _People, row: NominationRow) -> NominationRow:
    problems = []
    try:
        checked(delivery, nominee(row))
    except DomainError as refusal:
        for one in refusal.errors or [refusal]:
            column = one.field or "category"
            problems.append(
                Problem(row.row, column, row.values.get(column, ""), one.code, one.message)
            )
    if found := met.problem(row):
        problems.append(found)
    return replace(row, problems=(*row.problems, *problems)) if problems else row


def _effects(delivery: Delivery, rows: Sequence[NominationRow]) -> list[PoolEffect]:
    """Whom of the good rows the places would hold, in the order of the file."""
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
            line, _left(seating, line), count, seated.get(line, 0), count - seated.get(line, 0)
        )
        for line, count in people.items()
    ]


def _left(seating: Seating, category: PersonnelCategory | None) -> int:
    return seating.open_left_for_new if category is None else seating.left_for_new(category)
