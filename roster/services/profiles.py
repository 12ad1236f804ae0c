"""Profiles: what people state about themselves, and roster staff about them. Skills are not written
here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.database import db, is_sqlite
from core.errors import DomainError, Invalid, NotFound, collect
from core.events import publish
from core.languages import is_language
from core.policy import Actor, can, can_beyond_oneself, require, visible
from people.models import ConsentPurpose, Person
from people.permissions import Permission
from people.personnel import PersonnelCategory
from people.services import current_consent, identify_person, records_of
from people.values import clean_rank_code, clean_subcategory, clean_text
from roster import documents, languages
from roster.events import ExpertChanged, ExpertRecorded
from roster.fields import EXPERT
from roster.models import Availability, Expert, ExpertLanguage
from roster.services import proposals
from roster.services.values import Profile, SpokenLanguage, Window

MOST_LANGUAGES, MOST_WINDOWS, MOST_EXPERTISE = 20, 50, 30


def put_expert(
    actor: Actor, identifier: str | None, profile: Profile
) -> tuple[Expert | None, bool]:
    """Creates or changes the roster profile of a person with current consent; True if it is new.
    (None, False) for everyone else, known or not: the person is asked, and the values wait for the
    answer."""
    require(actor, Permission.ROSTER_SEARCH)  # not only for oneself
    profile = _checked(profile)
    near = proposals.people_near(identifier, profile.person)
    known = next(
        (candidate.person for candidate in near if candidate.is_meant and candidate.answer), None
    )
    expert = find_expert_of(
        known.id if known else 0
    )  # looked up in every case, so that the work is equal
    if known is None or not (expert is None or reaches(actor, Permission.EXPERT_WRITE, expert)):
        proposals.propose(actor, identifier, profile, near)
        return None, False
    facts = {**profile.person, "identifier": identifier}
    identify_person(
        actor, facts, identity=known.id, among=Person.id.in_(records_of(known.id)), update=True
    )
    return _put(actor, known.id, profile)


def _checked(profile: Profile) -> Profile:
    """The profile with its texts as stored. Raises all faults of the values, whoever is meant."""
    values, errors = _plain_values(profile, profile.category)
    _read_languages(profile.languages, errors)
    _read_windows(profile.availability, errors)
    collect(errors)
    cleaned: dict[str, Any] = {
        name: "" if value is None else value for name, value in values.items()
    }
    plain = {field.name: cleaned.pop(field.name) for field in EXPERT if field.name in cleaned}
    return replace(profile, plain=plain, **cleaned)


def put_own_profile(actor: Actor, profile: Profile) -> Expert:
    """The actor's own profile: people put themselves forward, and state what they want to be found
    for."""
    require(actor, Permission.EXPERT_WRITE)
    assert actor.person_id is not None
    return _put(actor, actor.person_id, profile)[0]


def _put(actor: Actor, person_id: int, profile: Profile) -> tuple[Expert, bool]:
    if profile.category is None and find_expert_of(person_id) is None:
        raise Invalid("required", _l("Choose a personnel category."), "category")
    expert, is_new = obtain(actor, person_id, profile.category or PersonnelCategory.CIVILIAN)
    return change_expert(actor, expert, profile), is_new


def change_expert(actor: Actor, expert: Expert, profile: Profile) -> Expert:
    """Changes the values in `profile` (without `person`), with every fault reported at its
    field."""
    require(actor, Permission.EXPERT_WRITE)
    expert = locked(expert.id)
    require_open_to(actor, Permission.EXPERT_WRITE, expert)
    category = PersonnelCategory(profile.category or expert.category)
    values, errors = _plain_values(profile, category)
    if profile.subcategory is None and expert.subcategory not in category.traits.subcategories:
        values["subcategory"] = None  # it belonged to the former category
    spoken = _read_languages(profile.languages, errors)
    windows = _read_windows(profile.availability, errors)
    collect(errors)
    changed = [name for name, value in values.items() if getattr(expert, name) != value]
    for name in changed:
        setattr(expert, name, values[name])
    if spoken is not None and _replace_languages(expert, spoken):
        changed.append("languages")
    if windows is not None and _replace_windows(expert, windows):
        changed.append("availability")
    if changed:
        expert.updated_at = clock.now()
        publish(ExpertChanged(expert.id, tuple(changed)), actor)
    documents.refresh([expert.id])
    return expert


def _plain_values(
    profile: Profile, category: PersonnelCategory | None
) -> tuple[dict[str, Any], list[DomainError]]:
    """The columns to set, and their faults. `category`: the profile's, if known."""
    errors: list[DomainError] = []
    values: dict[str, Any] = {"category": profile.category}
    for name, longest in {"rank": 120, "organization": 200}.items():
        text = getattr(profile, name)
        values[name] = None if text is None else _text(text, name, longest, errors)
    for field in EXPERT:
        value = profile.plain.get(field.name)
        try:
            values[field.name] = field.clean(value, field.name) if value else value
        except Invalid as error:
            errors.append(error)
    if profile.subcategory is not None:
        try:
            values["subcategory"] = (
                clean_subcategory(category, profile.subcategory, "subcategory") or ""
            )
        except Invalid as error:
            errors.append(error)
    if profile.rank_code is not None:
        try:
            values["rank_code"] = clean_rank_code(profile.rank_code, "rank_code")
        except Invalid as error:
            errors.append(error)
    if profile.expertise is not None:
        if len(profile.expertise) > MOST_EXPERTISE:
            errors.append(
                Invalid(
                    "too_many",
                    _l("Name at most %(most)s fields.", most=MOST_EXPERTISE),
                    "expertise",
                )
            )
        texts = (
            _text(text, "expertise", 80, errors) for text in profile.expertise[:MOST_EXPERTISE]
        )
        values["expertise"] = list(dict.fromkeys(filter(None, texts)))
    stated = {name: value for name, value in values.items() if value is not None}
    return {name: None if value == "" else value for name, value in stated.items()}, errors


def _text(text: str, name: str, longest: int, errors: list[DomainError]) -> str:
    try:
        return clean_text(text, name, longest=longest)
    except Invalid as error:
        errors.append(error)
        return ""


def _read_languages(
    spoken: Sequence[SpokenLanguage] | None, errors: list[DomainError]
) -> dict[str, tuple] | None:
    """(framework, level) by language; faults are added to `errors`."""
    if spoken is None:
        return None
    if len(spoken) > MOST_LANGUAGES:
        errors.append(
            Invalid(
                "too_many", _l("Give at most %(most)s languages.", most=MOST_LANGUAGES), "languages"
            )
        )
    read: dict[str, tuple] = {}
    for number, language in enumerate(spoken[:MOST_LANGUAGES]):
        path = f"languages.{number}"
        if not is_language(language.language):
            errors.append(
                Invalid(
                    "unknown_language", _l("Choose a language from the list."), f"{path}.language"
                )
            )
        elif language.language in read:
            errors.append(
                Invalid(
                    "language_twice",
                    _l("This language is given twice. Keep one."),
                    f"{path}.language",
                )
            )
        try:
            read[language.language] = (
                language.framework,
                languages.normal_level(language.framework, language.level, field=f"{path}.level"),
            )
        except Invalid as error:
            errors.append(error)
    return read


def _read_windows(
    availability: Sequence[Window] | None, errors: list[DomainError]
) -> list[Window] | None:
    """The windows by date. Adjacent ones are joined, because a search needs one window that covers
    all its days."""
    if availability is None:
        return None
    if len(availability) > MOST_WINDOWS:
        errors.append(
            Invalid(
                "too_many", _l("Give at most %(most)s periods.", most=MOST_WINDOWS), "availability"
            )
        )
    numbered = sorted(enumerate(availability[:MOST_WINDOWS]), key=lambda pair: pair[1].first)
    joined: list[Window] = []
    for number, window in numbered:
        if window.last < window.first:
            message = _l("The last day lies before the first. Turn them round.")
            errors.append(Invalid("reversed_dates", message, f"availability.{number}.to"))
        elif joined and window.first <= joined[-1].last:
            message = _l("This period overlaps another. Make them one, or move one of them.")
            errors.append(Invalid("overlapping_windows", message, f"availability.{number}.from"))
        elif joined and window.first == joined[-1].last + timedelta(days=1):
            joined[-1] = Window(joined[-1].first, window.last)
        else:
            joined.append(window)
    return joined


def _replace_languages(expert: Expert, spoken: Mapping[str, tuple]) -> bool:
    if {
        language.language: (language.framework, language.level) for language in expert.languages
    } == spoken:
        return False
    expert.languages.clear()
    # delete the old rows before new ones violate the unique constraint
    db.session.flush()
    for language, (framework, level) in spoken.items():
        step = languages.step(framework, level)
        expert.languages.append(
            ExpertLanguage(language=language, framework=framework, level=level, step=step)
        )
    return True


def _replace_windows(expert: Expert, windows: Sequence[Window]) -> bool:
    if [Window(window.starts_on, window.ends_on) for window in expert.availability] == windows:
        return False
    expert.availability = [
        Availability(starts_on=window.first, ends_on=window.last) for window in windows
    ]
    return True


def refresh_document(person_id: int) -> None:
    """A person's name, country or gender changed: the expert must be found by the new values."""
    if expert := find_expert_of(person_id):
        documents.refresh([expert.id])


def find_expert_of(person_id: int) -> Expert | None:
    return db.session.scalar(sa.select(Expert).where(Expert.person_id == person_id))


def reaches(actor: Actor, permission: str, expert: Expert) -> bool:
    """Whether the actor has the permission on this expert: their own profile, one of their office,
    or one of no office yet."""
    return can(actor, permission, expert) or (
        expert.office_id is None and can_beyond_oneself(actor, permission)
    )


def within_reach(actor: Actor, permission: str) -> sa.ColumnElement[bool]:
    """Selects the experts whom the actor `reaches`."""
    reachable = visible(Expert, actor, permission)
    return (
        sa.or_(reachable, Expert.office_id.is_(None))
        if can_beyond_oneself(actor, permission)
        else reachable
    )


def require_open_to(actor: Actor, permission: str, expert: Expert) -> None:
    """NotFound for everyone but the person without current consent, and for other roster offices:
    to them there is no such profile."""
    is_own = actor.is_system or actor.person_id == expert.person_id
    if is_own or (
        reaches(actor, permission, expert)
        and current_consent(expert.person_id, ConsentPurpose.ROSTER)
    ):
        return
    raise unknown_expert()


def unknown_expert() -> NotFound:
    return NotFound("unknown_expert", _l("There is no such expert."))


def locked(expert_id: int) -> Expert:
    """The expert, read again under its lock."""
    statement = (
        sa.select(Expert).where(Expert.id == expert_id).with_for_update(key_share=True, of=Expert)
    )
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def obtain(
    actor: Actor, person_id: int, category: PersonnelCategory, **values: Any
) -> tuple[Expert, bool]:
    """The person's profile, created if there is none; two parallel calls create one."""
    if known := find_expert_of(person_id):
        return known, False
    now = clock.now()
    row = {
        "person_id": person_id,
        "category": category,
        "expertise": [],
        "created_at": now,
        "updated_at": now,
        **values,
    }
    insert = (
        (sqlite if is_sqlite() else postgresql)
        .insert(Expert)
        .values(row)
        .on_conflict_do_nothing(index_elements=["person_id"])
    )
    is_new = db.session.execute(insert.returning(Expert.id)).scalar() is not None
    expert = find_expert_of(person_id)
    assert expert is not None
    if is_new:
        publish(ExpertRecorded(expert.id, person_id), actor)
    return expert, is_new
