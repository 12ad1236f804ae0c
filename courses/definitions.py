"""A course as forms, the API and files define it, and its rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from flask_babel import lazy_gettext as _l

from core.codes import key
from core.errors import DomainError, Invalid
from core.printing import layouts, unprintable
from core.text import in_lines, without_marks
from courses.models import CourseVersion, SkillLevel, plain
from people.personnel import CATEGORY_CODES, PersonnelCategory
from people.values import clean_lines, clean_text

Texts = dict[str, str]

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
LONGEST_COURSE_CODE = 40  # leaves room for "-2027-03-12" in codes of deliveries
LONGEST_TITLE, LONGEST_TEXT = 160, 5000
MOST_SESSIONS, MOST_DAYS, MOST_PLACES = 100, 60, 10_000
MOST_OBJECTIVES, MOST_GRANTS = 14, 6  # what fits on a certificate; so do titles
USUAL_LAYOUT = "sheet"  # of certificates
RESERVED = frozenset({"new"})  # /courses/new is the form


@dataclass(frozen=True)
class SessionDefinition:
    """One session of the timetable template: day, local start "HH:MM", length."""

    day: int
    start: str
    minutes: int
    title: Texts
    objective: Texts | None = None

    @property
    def starts(self) -> int:
        """Minutes since midnight."""
        return clock_minutes(self.start)

    @property
    def ends(self) -> int:
        return self.starts + self.minutes


@dataclass(frozen=True)
class GrantDefinition:
    """A skill that the course grants; with `title` it may be a new one."""

    skill: str
    level: str
    valid_months: int | None = None
    title: Texts | None = None


@dataclass(frozen=True)
class CourseDefinition:
    """A whole course. `sessions`, `objectives`, the completion rule and `grants` are what is taught
    and granted (versioned); the other fields describe it."""

    title: Texts
    sessions: tuple[SessionDefinition, ...]
    summary: Texts | None = None
    audience: tuple[str, ...] = tuple(PersonnelCategory)
    default_places: int = 25
    day_starts: str = "09:00"
    day_ends: str = "17:00"
    objectives: tuple[Texts, ...] = ()
    min_attendance_percent: int = 100
    min_score_percent: int | None = None
    prerequisites: tuple[str, ...] = ()
    grants: tuple[GrantDefinition, ...] = ()
    layout: str = USUAL_LAYOUT

    @property
    def timetable(self) -> list[SessionDefinition]:
        """The sessions in the order they are taught."""
        return sorted(self.sessions, key=lambda session: (session.day, session.start))


def tidied(definition: CourseDefinition) -> CourseDefinition:
    """The same course with each title and objective on one line, as printed."""
    return replace(
        definition,
        summary=in_several_lines(definition.summary or {}) or None,
        title=one_line(definition.title),
        sessions=tuple(
            replace(
                session,
                title=one_line(session.title),
                objective=one_line(session.objective or {}) or None,
            )
            for session in definition.sessions
        ),
        objectives=tuple(one_line(objective) for objective in definition.objectives),
        grants=tuple(
            replace(grant, title=one_line(grant.title or {}) or None) for grant in definition.grants
        ),
    )


def one_line(texts: Texts) -> Texts:
    """Each text on one line; French non-breaking spaces stay."""
    return {code: unbroken(text) for code, text in texts.items()}


def in_several_lines(texts: Texts) -> Texts:
    """Each text without invisible marks, with its line breaks."""
    return {code: in_lines(text) for code, text in texts.items()}


def unbroken(text: str) -> str:
    """The text without invisible marks, with spaces for line ends and tabs."""
    parts = re.split(r"[\t\n\v\f\r\x85\u2028\u2029]+", without_marks(text))
    return " ".join(filter(None, (part.strip() for part in parts)))


def clock_minutes(clock: str) -> int:
    """Minutes since midnight of "HH:MM"."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def taught(definition: CourseDefinition) -> dict[str, Any]:
    """What is taught and granted, comparable with `taught_by` of a version: a difference creates a
    new version."""
    return {
        "sessions": [
            (s.day, s.start, s.minutes, s.title, s.objective or None) for s in definition.timetable
        ],
        "objectives": [plain(objective) for objective in definition.objectives],
        "completion": (
            definition.min_attendance_percent,
            definition.min_score_percent,
            list(definition.prerequisites),
        ),
        "grants": sorted((g.skill, str(g.level), g.valid_months or 0) for g in definition.grants),
    }


def taught_by(version: CourseVersion) -> dict[str, Any]:
    return {
        "sessions": [
            (b.day, b.start, b.minutes, b.title, b.objective or None) for b in version.blocks
        ],
        "objectives": plain(version.objectives),
        "completion": (
            version.min_attendance_percent,
            version.min_score_percent,
            list(version.prerequisites),
        ),
        "grants": sorted(
            (g.skill.code, g.level.value, g.valid_months or 0) for g in version.grants
        ),
    }


# Rules. Each function returns all faults it finds, named by their path in the API's body.


def faults(code: str, definition: CourseDefinition) -> list[DomainError]:
    """All faults of a course that can be found without the database."""
    return [
        *code_faults(code, LONGEST_COURSE_CODE),
        *_word_faults(definition),
        *_timetable_faults(definition),
        *_completion_faults(code, definition),
        *_grant_faults(definition.grants),
    ]


def code_faults(code: str, longest: int = 60, field: str = "code") -> list[DomainError]:
    if not code:
        return [Invalid("required", _l("Give a code, such as GTI."), field)]
    if not CODE.fullmatch(code):
        sentence = _l(
            "Use letters without accents, digits, full stops, hyphens and underscores; begin with "
            "a letter or digit."
        )
        return [Invalid("bad_code", sentence, field)]
    if len(code) > longest:
        return [
            Invalid(
                "bad_code", _l("A code has at most %(longest)s characters.", longest=longest), field
            )
        ]
    if code.lower() in RESERVED or code.lower().endswith(".ics"):
        return [
            Invalid(
                "reserved_code",
                _l("This code is kept for the application. Choose another one."),
                field,
            )
        ]
    return []


def title_faults(title: Texts | None, field: str = "title") -> list[DomainError]:
    texts = [text for text in (title or {}).values() if text.strip()]
    if not texts:
        return [Invalid("required", _l("Give the title in at least one language."), field)]
    return text_faults(texts, field, LONGEST_TITLE)


def text_faults(texts: Iterable[str], field: str, longest: int = LONGEST_TEXT) -> list[DomainError]:
    """The first reason why these texts, on one line each, cannot be printed on a certificate."""
    for text in texts:
        try:
            clean_text(text, field, longest=longest)
        except Invalid as fault:
            return [fault]
        if characters := unprintable(text):
            sentence = _l(
                "Certificates cannot show %(characters)s. Write this without it.",
                characters=" ".join(characters[:8]),
            )
            return [Invalid("not_printable", sentence, field)]
    return []


def lines_faults(texts: Texts | None, field: str) -> list[DomainError]:
    """The first reason why these texts of several lines cannot be stored."""
    try:
        for text in (texts or {}).values():
            clean_lines(text, field, longest=LONGEST_TEXT)
    except Invalid as fault:
        return [fault]
    return []


def _objective_faults(objectives: Sequence[Texts]) -> list[DomainError]:
    faults: list[DomainError] = []
    if len(objectives) > MOST_OBJECTIVES:
        sentence = _l(
            "At most %(most)s objectives fit on a certificate. Write a shorter list.",
            most=MOST_OBJECTIVES,
        )
        faults.append(Invalid("too_many", sentence, "objectives"))
    for number, objective in enumerate(objectives):
        faults += text_faults(objective.values(), f"objectives.{number}")
    return faults


def _word_faults(definition: CourseDefinition) -> list[DomainError]:
    faults = title_faults(definition.title)
    faults += lines_faults(definition.summary, "summary")
    if not definition.audience:
        faults.append(
            Invalid(
                "required",
                _l("Choose at least one category of people the course is for."),
                "audience",
            )
        )
    for number, category in enumerate(definition.audience):
        faults += category_faults(category, f"audience.{number}")
    faults += _objective_faults(definition.objectives)
    if not 1 <= definition.default_places <= MOST_PLACES:
        faults.append(places_fault("default_places"))
    if definition.layout not in layouts():
        sentence = _l(
            "There is no layout of certificates called “%(layout)s”.", layout=definition.layout
        )
        faults.append(Invalid("unknown_layout", sentence, "layout"))
    return faults


def category_faults(category: str, field: str) -> list[DomainError]:
    if category in set(PersonnelCategory):
        return []
    sentence = _l(
        "“%(category)s” is not a category: use one of %(codes)s.",
        category=category,
        codes=CATEGORY_CODES,
    )
    return [Invalid("unknown_category", sentence, field)]


def places_fault(field: str) -> Invalid:
    return Invalid(
        "bad_places", _l("Give a number of places from 1 to %(most)s.", most=MOST_PLACES), field
    )


def _timetable_faults(definition: CourseDefinition) -> list[DomainError]:
    faults: list[DomainError] = []
    for field, clock in (("start", definition.day_starts), ("end", definition.day_ends)):
        if not CLOCK.fullmatch(clock):
            faults.append(clock_fault(f"time_of_day.{field}"))
    if not faults and definition.day_starts >= definition.day_ends:
        faults.append(
            Invalid(
                "day_ends_before_start", _l("The day must end after it starts."), "time_of_day.end"
            )
        )
    if not definition.sessions:
        faults.append(Invalid("required", _l("Give at least one session."), "sessions"))
    if len(definition.sessions) > MOST_SESSIONS:
        faults.append(
            Invalid(
                "too_many",
                _l("A course has at most %(most)s sessions.", most=MOST_SESSIONS),
                "sessions",
            )
        )
    for number, session in enumerate(definition.sessions):
        faults += _session_faults(session, f"sessions.{number}")
    return faults or [*_outside_the_day(definition), *_overlaps(definition.sessions)]


def clock_fault(field: str) -> Invalid:
    return Invalid(
        "bad_time", _l("Give a time of the day as hours and minutes, such as 09:00."), field
    )


def _session_faults(session: SessionDefinition, field: str) -> list[DomainError]:
    faults: list[DomainError] = []
    if not 1 <= session.day <= MOST_DAYS:
        faults.append(
            Invalid(
                "bad_day",
                _l("Give the day as a number from 1 to %(most)s.", most=MOST_DAYS),
                f"{field}.day",
            )
        )
    if not CLOCK.fullmatch(session.start):
        faults.append(clock_fault(f"{field}.start"))
    if not 1 <= session.minutes <= 1440:
        faults.append(
            Invalid(
                "bad_minutes",
                _l("Give how long the session takes, in minutes."),
                f"{field}.minutes",
            )
        )
    faults += title_faults(session.title, f"{field}.title")
    return faults + text_faults((session.objective or {}).values(), f"{field}.objective")


def _outside_the_day(definition: CourseDefinition) -> list[DomainError]:
    first, last = clock_minutes(definition.day_starts), clock_minutes(definition.day_ends)
    sentence = _l(
        "This session lies outside the day, which goes from %(start)s to %(end)s.",
        start=definition.day_starts,
        end=definition.day_ends,
    )
    return [
        Invalid("outside_the_day", sentence, f"sessions.{number}.start")
        for number, session in enumerate(definition.sessions)
        if session.starts < first or session.ends > last
    ]


def _overlaps(sessions: Sequence[SessionDefinition]) -> list[DomainError]:
    ordered = sorted(enumerate(sessions), key=lambda pair: (pair[1].day, pair[1].start))
    return [
        Invalid(
            "sessions_overlap",
            _l(
                "This session begins before the one at %(start)s on day %(day)s has ended.",
                start=before.start,
                day=before.day,
            ),
            f"sessions.{number}.start",
        )
        for (_, before), (number, after) in pairwise(ordered)
        if before.day == after.day and after.starts < before.ends
    ]


def _completion_faults(code: str, definition: CourseDefinition) -> list[DomainError]:
    faults: list[DomainError] = []
    percents = {
        "min_attendance_percent": definition.min_attendance_percent,
        "min_score_percent": definition.min_score_percent,
    }
    for name, percent in percents.items():
        if percent is not None and not 0 <= percent <= 100:
            faults.append(
                Invalid("bad_percent", _l("Give a percentage from 0 to 100."), f"completion.{name}")
            )
    if key(code) in map(key, definition.prerequisites):
        sentence = _l("A course cannot be its own prerequisite.")
        faults.append(Invalid("own_prerequisite", sentence, "completion.prerequisites"))
    return faults


def _grant_faults(grants: Sequence[GrantDefinition]) -> list[DomainError]:
    faults: list[DomainError] = []
    if len(grants) > MOST_GRANTS:
        faults.append(
            Invalid(
                "too_many",
                _l("A course grants at most %(most)s skills.", most=MOST_GRANTS),
                "grants",
            )
        )
    seen: set[str] = set()
    for number, grant in enumerate(grants):
        field = f"grants.{number}"
        faults += code_faults(grant.skill, field=f"{field}.skill")
        if key(grant.skill) in seen:
            faults.append(
                Invalid(
                    "duplicate_skill",
                    _l("This skill is already granted by a line above."),
                    f"{field}.skill",
                )
            )
        seen.add(key(grant.skill))
        if grant.level not in set(SkillLevel):
            sentence = _l("Choose a level: %(levels)s.", levels=", ".join(SkillLevel))
            faults.append(Invalid("unknown_level", sentence, f"{field}.level"))
        if grant.valid_months is not None and not 1 <= grant.valid_months <= 240:
            sentence = _l("Give how many months the skill is valid, from 1 to 240.")
            faults.append(Invalid("bad_months", sentence, f"{field}.valid_months"))
        if grant.title:
            faults += title_faults(grant.title, f"{field}.title")
    return faults
