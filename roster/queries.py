"""Reading the roster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlalchemy.sql.base import ExecutableOption

from core import counting
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

#: How many experts an export reads at once.
PER_READ = 500


@dataclass(frozen=True)
class Listed:
    """An expert as lists show it, with the skills that match the search, the best row of each."""

    expert: Expert
    languages: list[ExpertLanguage]
    windows: list[Availability]
    skills: list[tuple[ExpertSkill, SkillStatus]]


@dataclass(frozen=True)
class Waiting:
    """Someone who may be admitted: the best evidence of each skill, and the consent."""

    expert: Expert
    skills: list[tuple[ExpertSkill, SkillStatus]]
    consent: Consent


@dataclass(frozen=True)
class SearchResult:
    """One page of a search, and the total number of matches (None: more than are counted)."""

    page: Page[Listed]
    count: int | None


@dataclass(frozen=True)
class Loosening:
    """A search with one filter, at this position, dropped or lowered, and how many it finds."""

    name: str
    position: int
    filters: Filters
    count: int | None


def find_experts(
    actor: Actor, filters: Filters, *, after: str | None = None, limit: int = 25
) -> SearchResult:
    """The experts who match every filter, by name, in a fixed number of queries."""
    filters = _within(actor, filters)
    ids, count = search.counted_page(filters, after=after, limit=limit)
    return SearchResult(Page(_listed(ids.items, filters), ids.next), _exact(count))


def list_experts(actor: Actor, filters: Filters, *, after: str | None, limit: int) -> Page[Expert]:
    """Like `find_experts`, for the API: with the evidence, without the count."""
    filters = _within(actor, filters)
    ids = search.expert_page(filters, after=after, limit=limit)
    experts = _loaded(ids.items, *_PROFILE, _evidence)
    return Page([experts[expert_id] for expert_id in ids.items], ids.next)


def experts_to_export(actor: Actor, filters: Filters) -> Iterator[Listed]:
    """All matches, a few hundred in memory at a time."""
    filters = _within(actor, filters)

    def read(after: str | None) -> Page[Listed]:
        ids = search.expert_page(filters, after=after, limit=PER_READ)
        return Page(_listed(ids.items, filters), ids.next)

    return every(read)


def loosenings(actor: Actor, filters: Filters) -> list[Loosening]:
    """For a search without matches: what dropping or lowering each filter would find, most first,
    in one query."""
    filters = _within(actor, filters)
    easier = [
        (name, position, filters.without(name, position)) for name, position in parts(filters)
    ]
    easier += [("level", position, lower) for position, lower in _lower_levels(filters)]
    counts = search.counts([attributes[2] for attributes in easier])
    concessions = [
        Loosening(*attributes, _exact(count))
        for attributes, count in zip(easier, counts, strict=True)
        if count
    ]
    return sorted(
        concessions, key=lambda loosening: -(loosening.count or counting.MOST_COUNTED + 1)
    )


def _within(actor: Actor, filters: Filters) -> Filters:
    """The search limited to people admitted by the actor's offices. NotAllowed if the actor may
    not search."""
    require(actor, Permission.ROSTER_SEARCH)
    grant = actor.grants.get(Permission.ROSTER_SEARCH)
    return replace(filters, offices=None if grant is None or grant.everywhere else grant.office)


def parts(filters: Filters) -> Iterator[tuple[str, int]]:
    """The filters in use, each with its position among those of its name, in reading order."""
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
    """An expert with the whole profile; NotFound if the actor may not see it."""
    return _get(actor, _is_kept(expert_id))


def get_expert_to_change(actor: Actor, expert_id: int) -> Expert:
    return _get(actor, _is_kept(expert_id), Permission.EXPERT_WRITE)


def admissions_shown(actor: Actor, expert: Expert) -> list[RosterAdmission]:
    """The admissions that the actor may read: all for the person, an office's own for its staff."""
    is_own = actor.person_id == expert.person_id
    return [
        admission
        for admission in expert.admissions
        if is_own or can(actor, Permission.EXPERT_READ, admission)
    ]


def reviewers_shown(actor: Actor, expert: Expert) -> dict[int, str]:
    """The reviewer of each admission, by its id; only the office that decided may see it."""
    reviewed = [
        admission
        for admission in expert.admissions
        if admission.reviewer and can(actor, Permission.EXPERT_READ, admission)
    ]
    return {
        admission.id: admission.reviewer.full_name for admission in reviewed if admission.reviewer
    }


def find_own_profile(actor: Actor) -> Expert | None:
    """The actor's own profile; None if there is none."""
    try:
        return _get(actor, Expert.person_id == actor.person_id)
    except NotFound:
        return None


def waiting(actor: Actor, *, after: str | None = None, limit: int = 50) -> Page[Waiting]:
    """People who consented but are not yet admitted, by name, with their evidence. They are read
    and sorted; when they are many, people are read in the order of names, which soon fills a
    page."""
    are_few = counting.is_exact(count_waiting(actor))
    is_outside = _IS_OUTSIDE if are_few else Expert.status != ExpertStatus.ADMITTED
    statement = sa.select(Expert).join(Person, Person.id == Expert.person_id)
    statement = statement.where(is_outside, has_consent(Expert.person_id, ConsentPurpose.ROSTER))
    keys = (Person.sort_name.expression, Expert.id.expression)
    experts = page(statement.options(_evidence), keys, after=after, limit=limit)
    people = [expert.person_id for expert in experts.items]
    rows = db.session.scalars(
        sa.select(Consent).where(
            Consent.person_id.in_(people), Consent.purpose == ConsentPurpose.ROSTER, Consent.counts
        )
    )
    answers = {row.person_id: row for row in sorted(rows, key=lambda row: row.id)}
    today = Filters()
    return Page(
        [
            Waiting(expert, best_skills(expert.skills, today), answers[expert.person_id])
            for expert in experts.items
        ],
        experts.next,
    )


def count_waiting(actor: Actor) -> int:
    """How many they are (see `core.counting`)."""
    require(actor, Permission.EXPERT_ADMIT)
    said_yes = has_consent(Expert.person_id, ConsentPurpose.ROSTER)
    return counting.counts([sa.select(Expert.id).where(_IS_OUTSIDE, said_yes)])[0]


#: Written so that an index serves it.
_IS_OUTSIDE = Expert.status.in_((ExpertStatus.CERTIFIED, ExpertStatus.LEFT))


def people_to_ask() -> list[int]:
    """People with a profile who have an address and have not been asked for consent yet."""
    people = (
        sa.select(Person.id)
        .join(Expert, Expert.person_id == Person.id)
        .where(may_be_asked())
        .order_by(Person.id)
    )
    return list(db.session.scalars(people))


def _is_kept(expert_id: int) -> sa.ColumnElement[bool]:
    """Selects this expert or, after a merge of their record, the surviving person's: old links keep
    working."""
    expert = db.session.get(Expert, expert_id)
    return Expert.person_id == (current_record(expert.person).id if expert else 0)


def _get(
    actor: Actor, condition: sa.ColumnElement[bool], permission: Permission = Permission.EXPERT_READ
) -> Expert:
    """NotFound without the person's current consent, except for the person."""
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
    """These experts for a list, in this order. Reads only the skills that the search names, since
    experts have many."""
    wanted_ids = [wanted_skill.skill.id for wanted_skill in filters.skills]
    experts = _loaded(ids)
    languages = _by_expert(ExpertLanguage, ids, ExpertLanguage.id)
    windows = _by_expert(Availability, ids, Availability.starts_on)
    skills = _by_expert(
        ExpertSkill,
        ids,
        ExpertSkill.id,
        ExpertSkill.skill_id.in_(wanted_ids) if wanted_ids else sa.true(),
    )
    rows = [
        (
            experts[expert_id],
            languages[expert_id],
            windows[expert_id],
            best_skills(skills[expert_id], filters),
        )
        for expert_id in ids
    ]
    return [Listed(*row) for row in rows]


def _by_expert(
    kind: Any, ids: Sequence[int], order: Any, *conditions: sa.ColumnElement[bool]
) -> dict[int, list[Any]]:
    """Their rows of one kind, in order. Loading them through the experts would take twice as
    long."""
    rows: dict[int, list[Any]] = {expert_id: [] for expert_id in ids}
    for row in db.session.scalars(
        sa.select(kind).where(kind.expert_id.in_(ids), *conditions).order_by(order)
    ):
        rows[row.expert_id].append(row)
    return rows


def _lower_levels(filters: Filters) -> Iterator[tuple[int, Filters]]:
    for position, wanted_language in enumerate(filters.languages):
        if wanted_language.step > 1:
            languages = list(filters.languages)
            languages[position] = WantedLanguage(wanted_language.language, wanted_language.step - 1)
            yield position, replace(filters, languages=tuple(languages))


def _exact(count: int) -> int | None:
    return count if counting.is_exact(count) else None


def best_skills(
    rows: Iterable[ExpertSkill], filters: Filters
) -> list[tuple[ExpertSkill, SkillStatus]]:
    """The expert's skills that match the search (all current ones if it names none), the best row
    of each."""
    wanted_ids = {wanted_skill.skill.id for wanted_skill in filters.skills}
    best: dict[int, tuple[ExpertSkill, SkillStatus]] = {}
    for row in rows:
        status = row.status_on(filters.valid_on, filters.as_of)
        if (wanted_ids and row.skill_id not in wanted_ids) or not row.counts(filters.as_of):
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
    """For `flask check`: where the roster contradicts its evidence."""
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
