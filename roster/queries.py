"""Reading the roster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlalchemy.sql.base import ExecutableOption

from core.database import db, streamed
from core.errors import NotFound
from core.paging import Page, every, page
from core.policy import Actor, can, require
from people.models import Consent, ConsentPurpose, Person
from people.permissions import Permission
from people.services import current_record, has_consent, may_be_asked
from roster import search
from roster.filters import Filters, WantedLanguage
from roster.models import (
    Availability,
    Expert,
    ExpertLanguage,
    ExpertSkill,
    ExpertStatus,
    RosterAdmission,
    SkillStatus,
)
from roster.services.profiles import unknown_expert, within_reach
from roster.services.rebuilding import differences

MOST_COUNTED = search.MOST_COUNTED
#: How many are read at once for a file.
PER_READ = 500


@dataclass(frozen=True)
class Listed:
    """An expert as lists show it; of its skills those that answer the search, the best row of
    each."""

    expert: Expert
    languages: list[ExpertLanguage]
    windows: list[Availability]
    skills: list[tuple[ExpertSkill, SkillStatus]]


@dataclass(frozen=True)
class Waiting:
    """Someone who may be admitted: the best evidence of each skill, and the answer that allows
    it."""

    expert: Expert
    skills: list[tuple[ExpertSkill, SkillStatus]]
    consent: Consent


@dataclass(frozen=True)
class Found:
    """One page of a search, and how many there are in all (None: more than are counted)."""

    page: Page[Listed]
    count: int | None


@dataclass(frozen=True)
class Loosening:
    """A search that asks for less in one respect, named by filter and position, and how many it
    finds."""

    name: str
    position: int
    filters: Filters
    count: int | None


def find_experts(
    actor: Actor, filters: Filters, *, after: str | None = None, limit: int = 25
) -> Found:
    """The experts who meet every filter, by name. A fixed number of queries, however many there
    are."""
    filters = _within(actor, filters)
    ids, count = search.counted_page(filters, after=after, limit=limit)
    return Found(Page(_listed(ids.items, filters), ids.next), _exact(count))


def list_experts(actor: Actor, filters: Filters, *, after: str | None, limit: int) -> Page[Expert]:
    """Like `find_experts`, for programs: without the count, with the evidence."""
    filters = _within(actor, filters)
    ids = search.expert_page(filters, after=after, limit=limit)
    experts = _loaded(ids.items, *_PROFILE, _evidence)
    return Page([experts[one] for one in ids.items], ids.next)


def experts_to_export(actor: Actor, filters: Filters) -> Iterator[Listed]:
    """Everyone whom the search finds, a few hundred in memory at a time."""
    filters = _within(actor, filters)

    def read(after: str | None) -> Page[Listed]:
        ids = search.expert_page(filters, after=after, limit=PER_READ)
        return Page(_listed(ids.items, filters), ids.next)

    return every(read)


def loosenings(actor: Actor, filters: Filters) -> list[Loosening]:
    """For a search that finds no one: what each single concession would find, most first, in one
    query."""
    filters = _within(actor, filters)
    easier = [
        (name, position, filters.without(name, position)) for name, position in parts(filters)
    ]
    easier += [("level", position, lower) for position, lower in _lower_levels(filters)]
    found = search.counts([one[2] for one in easier])
    made = [
        Loosening(*one, _exact(count)) for one, count in zip(easier, found, strict=True) if count
    ]
    return sorted(made, key=lambda one: -(one.count or MOST_COUNTED + 1))


def _within(actor: Actor, filters: Filters) -> Filters:
    """The search among those whom the actor's offices admitted. Raises NotAllowed for whoever
    may not search."""
    require(actor, Permission.ROSTER_SEARCH)
    grant = actor.grants.get(Permission.ROSTER_SEARCH)
    return replace(filters, offices=None if grant is None or grant.everywhere else grant.office)


def parts(filters: Filters) -> Iterator[tuple[str, int]]:
    """The filters in use, each with its position among those of its name, in the order in which
    people read them."""
    for name in ("q", "category", "gender", "country", "nationality"):
        if getattr(filters, name):
            yield name, 0
    for name in ("languages", "skills"):
        yield from ((name, position) for position in range(len(getattr(filters, name))))
    if filters.valid_on and filters.skills:
        yield "valid_on", 0
    if filters.window:
        yield "available_from", 0
    if filters.as_of:
        yield "as_of", 0


def get_expert(actor: Actor, expert_id: int) -> Expert:
    """An expert with everything that is on the profile. NotFound for whoever may not see it."""
    return _get(actor, _is_kept(expert_id))


def get_expert_to_change(actor: Actor, expert_id: int) -> Expert:
    return _get(actor, _is_kept(expert_id), Permission.EXPERT_WRITE)


def admissions_shown(actor: Actor, expert: Expert) -> list[RosterAdmission]:
    """The decisions that the actor may read: the person all of them, an office its own."""
    is_own = actor.person_id == expert.person_id
    return [one for one in expert.admissions if is_own or can(actor, Permission.EXPERT_READ, one)]


def reviewers_shown(actor: Actor, expert: Expert) -> dict[int, str]:
    """Who reviewed each admission, by its id: for the office that decided, not for the person."""
    reviewed = [
        one for one in expert.admissions if one.reviewer and can(actor, Permission.EXPERT_READ, one)
    ]
    return {one.id: one.reviewer.full_name for one in reviewed if one.reviewer}


def find_own_profile(actor: Actor) -> Expert | None:
    """The actor's own profile, None when there is none yet."""
    try:
        return _get(actor, Expert.person_id == actor.person_id)
    except NotFound:
        return None


def waiting(actor: Actor, *, after: str | None = None, limit: int = 50) -> Page[Waiting]:
    """People who said yes and whom no office admitted, by name, with what they proved."""
    require(actor, Permission.EXPERT_ADMIT)
    said_yes = has_consent(Expert.person_id, ConsentPurpose.ROSTER)
    statement = sa.select(Expert).join(Person, Person.id == Expert.person_id)
    statement = statement.where(Expert.status != ExpertStatus.ADMITTED, said_yes)
    keys = (Person.sort_name.expression, Expert.id.expression)
    found = page(statement.options(_evidence), keys, after=after, limit=limit)
    people = [expert.person_id for expert in found.items]
    rows = db.session.scalars(
        sa.select(Consent).where(
            Consent.person_id.in_(people), Consent.purpose == ConsentPurpose.ROSTER, Consent.counts
        )
    )
    answers = {row.person_id: row for row in sorted(rows, key=lambda row: row.id)}
    today = Filters()
    return Page(
        [
            Waiting(one, best_skills(one.skills, today), answers[one.person_id])
            for one in found.items
        ],
        found.next,
    )


def count_waiting(actor: Actor) -> int:
    require(actor, Permission.EXPERT_ADMIT)
    statement = sa.select(sa.func.count()).select_from(Expert)
    said_yes = has_consent(Expert.person_id, ConsentPurpose.ROSTER)
    return db.session.scalar(statement.where(Expert.status != ExpertStatus.ADMITTED, said_yes)) or 0


def people_to_ask() -> list[int]:
    """The people with a profile whom no one has asked yet and who can be written to."""
    found = (
        sa.select(Person.id)
        .join(Expert, Expert.person_id == Person.id)
        .where(may_be_asked())
        .order_by(Person.id)
    )
    return list(db.session.scalars(found))


def _is_kept(expert_id: int) -> sa.ColumnElement[bool]:
    """The condition that it is this expert, or the one to whom the person's record leads since:
    old links go on working."""
    found = db.session.get(Expert, expert_id)
    return Expert.person_id == (current_record(found.person).id if found else 0)


def _get(
    actor: Actor, condition: sa.ColumnElement[bool], permission: Permission = Permission.EXPERT_READ
) -> Expert:
    """Without the person's current consent there is no such profile, to anyone but the person."""
    statement = sa.select(Expert).where(condition, within_reach(actor, permission))
    if not actor.is_system:
        is_own = Expert.person_id == (actor.person_id or 0)
        statement = statement.where(
            sa.or_(is_own, has_consent(Expert.person_id, ConsentPurpose.ROSTER))
        )
    expert = db.session.scalar(statement.options(*_PROFILE, _evidence))
    if expert is None:
        raise unknown_expert()
    return expert


_evidence = selectinload(Expert.skills).joinedload(ExpertSkill.certificate)


_PROFILE = tuple(
    map(selectinload, (Expert.office, Expert.languages, Expert.availability, Expert.admissions))
)


def _loaded(ids: Sequence[int], *options: ExecutableOption) -> dict[int, Expert]:
    statement = sa.select(Expert).where(Expert.id.in_(ids)).options(*options)
    return {expert.id: expert for expert in db.session.scalars(statement)}


def _listed(ids: Sequence[int], filters: Filters) -> list[Listed]:
    """These experts for a list, in the order given. Of a skill that no one asked for nothing is
    read: experts have many."""
    asked = [wanted.skill.id for wanted in filters.skills]
    experts = _loaded(ids)
    languages = _by_expert(ExpertLanguage, ids, ExpertLanguage.id)
    windows = _by_expert(Availability, ids, Availability.starts_on)
    skills = _by_expert(
        ExpertSkill, ids, ExpertSkill.id, ExpertSkill.skill_id.in_(asked) if asked else sa.true()
    )
    found = [
        (experts[one], languages[one], windows[one], best_skills(skills[one], filters))
        for one in ids
    ]
    return [Listed(*one) for one in found]


def _by_expert(
    kind: Any, ids: Sequence[int], order: Any, *conditions: sa.ColumnElement[bool]
) -> dict[int, list[Any]]:
    """Their rows of one kind, in order. Straight: loaded through the experts they take twice as
    long."""
    found: dict[int, list[Any]] = {one: [] for one in ids}
    for row in db.session.scalars(
        sa.select(kind).where(kind.expert_id.in_(ids), *conditions).order_by(order)
    ):
        found[row.expert_id].append(row)
    return found


def _lower_levels(filters: Filters) -> Iterator[tuple[int, Filters]]:
    for position, wanted in enumerate(filters.languages):
        if wanted.step > 1:
            languages = list(filters.languages)
            languages[position] = WantedLanguage(wanted.language, wanted.step - 1)
            yield position, replace(filters, languages=tuple(languages))


def _exact(count: int) -> int | None:
    return count if count <= MOST_COUNTED else None


def best_skills(
    rows: Iterable[ExpertSkill], filters: Filters
) -> list[tuple[ExpertSkill, SkillStatus]]:
    """What of an expert's skills answers the search, the best row of each skill: those asked
    for, else all that hold."""
    asked = {wanted.skill.id for wanted in filters.skills}
    best: dict[int, tuple[ExpertSkill, SkillStatus]] = {}
    for row in rows:
        status = row.status_on(filters.valid_on, filters.as_of)
        if (asked and row.skill_id not in asked) or not row.counts(filters.as_of):
            continue
        if status in (SkillStatus.EXPIRED, SkillStatus.WITHDRAWN):
            continue
        worth = row.worth(filters.valid_on, filters.as_of)
        if row.skill_id not in best or worth > best[row.skill_id][0].worth(
            filters.valid_on, filters.as_of
        ):
            best[row.skill_id] = (row, status)
    return list(best.values())


def breaches() -> Iterator[str]:
    """For `flask check`: where the roster does not say what its evidence says."""
    for difference in differences():
        yield difference.sentence
    consents = has_consent(Expert.person_id, ConsentPurpose.ROSTER)
    for (expert_id,) in streamed(
        sa.select(Expert.id).where(Expert.status == ExpertStatus.ADMITTED, ~consents)
    ):
        yield f"roster: expert {expert_id} is on the roster without a current consent"
    admitted = sa.exists(sa.literal_column("1")).where(
        RosterAdmission.expert_id == Expert.id, RosterAdmission.ended_at.is_(None)
    )
    for (expert_id,) in streamed(
        sa.select(Expert.id).where((Expert.status == ExpertStatus.ADMITTED) != admitted)
    ):
        yield f"roster: expert {expert_id}: status and admissions disagree"
    is_odd = (Expert.status == ExpertStatus.ADMITTED) == Expert.office_id.is_(None)
    for (expert_id,) in streamed(sa.select(Expert.id).where(is_odd)):
        yield (
            f"roster: expert {expert_id}: on the roster of no office, or of an office without "
            "being on its roster"
        )
