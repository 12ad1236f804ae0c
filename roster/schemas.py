"""Schemas of the roster's API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StringConstraints

from core.api import (
    Answer,
    Day,
    Instant,
    Language,
    ListQuery,
    Schema,
    at_most,
    one_of,
    with_fields,
)
from core.personal import offered
from core.policy import Actor
from courses.models import SkillLevel
from people.fields import PERSON, ROSTER
from people.models import ConsentPurpose, Gender
from people.personnel import PersonnelCategory, Subcategory
from people.schemas import PersonBody
from people.services import find_consent
from roster.fields import EXPERT
from roster.filters import Filters
from roster.models import (
    AdmissionWay,
    Expert,
    ExpertSkill,
    ExpertStatus,
    LanguageFramework,
    SkillStatus,
)
from roster.queries import admissions_shown, reviewers_shown
from roster.services import Profile, SpokenLanguage, Window


class ExpertPersonBody(PersonBody):
    """The person. Values overwrite those of a known person; fields left out stay as they are. A new
    person needs a name; one is enough."""


class SpokenLanguageBody(Schema):
    language: Language
    level: Annotated[str, StringConstraints(min_length=1), at_most(12)] = Field(
        examples=["B2", "3322"]
    )
    framework: LanguageFramework = LanguageFramework.CEFR


class WindowBody(Schema):
    """Both days included."""

    from_: Day = Field(alias="from")
    to: Day


@with_fields(EXPERT)
class ExpertBody(Schema):
    """Fields left out or null stay as they are; an empty text or list clears."""

    person: ExpertPersonBody = ExpertPersonBody()
    category: PersonnelCategory | None = Field(None, description="needed for a new profile")
    subcategory: Literal[""] | Subcategory | None = Field(None, description="one of the category's")
    rank: str | None = None
    rank_code: str | None = Field(None, examples=["OF-2"])
    organization: str | None = None
    languages: list[SpokenLanguageBody] | None = None
    expertise: list[str] | None = None
    availability: list[WindowBody] | None = Field(
        None, description="periods that touch become one; they may not overlap"
    )
    consent: StrictBool | None = Field(
        None,
        description=(
            "leave it out: only the person can give or withdraw it (403 `consent_is_personal`)"
        ),
    )

    def profile(self) -> Profile:
        spoken = self.languages
        windows = self.availability
        return Profile(
            person=self.person.model_dump(exclude={"identifier"}),
            category=self.category,
            subcategory=self.subcategory,
            rank=self.rank,
            rank_code=self.rank_code,
            organization=self.organization,
            languages=None
            if spoken is None
            else [
                SpokenLanguage(language.language, language.level, language.framework)
                for language in spoken
            ],
            expertise=self.expertise,
            availability=None
            if windows is None
            else [Window(window.from_, window.to) for window in windows],
            plain={field.name: getattr(self, field.name) for field in EXPERT},
        )


class AdmitBody(Schema):
    expertise: list[Annotated[str, at_most(80)]] = Field(
        [], description="fields of expertise; if empty: in general"
    )
    office: str | None = Field(
        None,
        description="code of the roster office; your own if left out, needed if you have several",
    )


class AskedAnswer(Answer):
    """The person has not consented: we ask the person, and the values wait for the answer."""

    status: Literal["asked"] = "asked"


class AdmissionAnswer(Answer):
    field: str | None = Field(description="field of expertise; null: in general")
    how: AdmissionWay
    admitted_at: datetime
    ended_at: datetime | None
    reviewed_by: str | None = Field(
        None, description="name of who admitted; null: no one reviewed it, or not shown to you"
    )


class ExpertQuery(ListQuery):
    """All filters that are set must match."""

    q: str | None = Field(None, description="beginnings of parts of the name, or of the number")
    category: Annotated[str, one_of(PersonnelCategory)] | None = None
    country: str | None = None
    nationality: str | None = None
    gender: Annotated[str, one_of(Gender)] | None = None
    skill: list[str] = Field([], description="`code` or `code:level`; repeat it for several")
    valid_on: Day | None = Field(
        None, description="default: today, when current and expiring skills count"
    )
    language: list[str] = Field(
        [], description="`fr` or `fr:B2`; repeat it for several; SLP counts by policy"
    )
    available_from: Day | None = Field(None, description="one period must cover all days asked for")
    available_to: Day | None = None
    as_of: Day | Instant | None = Field(None, description="judge skills by what was known then")


@with_fields(offered(PERSON, ROSTER))
class ExpertPersonAnswer(Answer):
    id: int
    identifier: str | None
    given_name: str
    family_name: str
    full_name: str = Field(description="as the person writes it: 王小明, Nagy János, Zoë Lefèvre")
    name_on_certificate: str
    email: str | None
    country: str | None
    nationalities: list[str]
    gender: Gender


class SpokenLanguageAnswer(Answer):
    language: str
    level: str
    framework: LanguageFramework


class WindowAnswer(Answer):
    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    from_: date = Field(alias="from")
    to: date


class EvidenceAnswer(Answer):
    kind: Literal["certificate"] = "certificate"
    number: str
    status: Literal["valid", "expired", "suspended", "superseded", "revoked"]


class ExpertSkillAnswer(Answer):
    """What the best certificate gives; `evidence` lists every certificate of the skill, the best
    first."""

    skill: str
    title: dict[str, str]
    level: SkillLevel
    status: SkillStatus
    valid_from: date
    valid_until: date | None
    evidence: list[EvidenceAnswer]


@with_fields(offered(EXPERT, ROSTER))
class ExpertAnswer(Answer):
    """An expert, with skills and their statuses on `valid_on` as known at `as_of` (default:
    today)."""

    id: int
    person: ExpertPersonAnswer
    category: PersonnelCategory
    subcategory: Subcategory | None
    rank: str | None
    rank_code: str | None
    organization: str | None
    languages: list[SpokenLanguageAnswer]
    expertise: list[str]
    availability: list[WindowAnswer]
    status: ExpertStatus = Field(
        description="certified: not asked, or waiting for admission; admitted; left"
    )
    office: str | None = Field(description="code of the roster office that admitted; null: any may")
    consent: bool | None = Field(
        description="whether the person's consent is current; null: never answered"
    )
    admissions: list[AdmissionAnswer]
    skills: list[ExpertSkillAnswer]
    deployments: list[dict[str, Any]] = []


def expert_answer(actor: Actor, expert: Expert, filters: Filters | None = None) -> ExpertAnswer:
    """What the actor may read of an expert, without other offices' decisions."""
    filters = filters or Filters()
    return ExpertAnswer(
        id=expert.id,
        person=ExpertPersonAnswer.model_validate(expert.person),
        category=expert.category,
        subcategory=expert.subcategory,
        rank=expert.rank,
        rank_code=expert.rank_code,
        organization=expert.organization,
        languages=[SpokenLanguageAnswer.model_validate(language) for language in expert.languages],
        expertise=expert.expertise,
        availability=[
            WindowAnswer(from_=window.starts_on, to=window.ends_on)
            for window in expert.availability
        ],
        status=expert.status,
        office=expert.office.code if expert.office else None,
        consent=_consent(expert),
        admissions=_admission_answers(actor, expert),
        skills=[_skill_answer(rows, filters) for rows in _rows_by_skill(expert, filters)],
        **{field.name: getattr(expert, field.name) for field in offered(EXPERT, ROSTER)},
    )


def _admission_answers(actor: Actor, expert: Expert) -> list[AdmissionAnswer]:
    reviewers = reviewers_shown(actor, expert)
    return [
        AdmissionAnswer.model_validate(admission).model_copy(
            update={"reviewed_by": reviewers.get(admission.id)}
        )
        for admission in admissions_shown(actor, expert)
    ]


def _consent(expert: Expert) -> bool | None:
    """Everyone on the roster has consented, so lists need no query."""
    if expert.status is ExpertStatus.ADMITTED:
        return True
    consent = find_consent(expert.person_id, ConsentPurpose.ROSTER)
    return consent.given if consent else None


def _rows_by_skill(expert: Expert, filters: Filters) -> list[list[ExpertSkill]]:
    """The rows of each skill, the best first."""
    by_skill: dict[int, list[ExpertSkill]] = {}
    for row in expert.skills:
        if row.counts(filters.as_of):
            by_skill.setdefault(row.skill_id, []).append(row)

    def worth(row: ExpertSkill) -> tuple[int, int, date]:
        return row.worth(filters.valid_on, filters.as_of)

    return [sorted(rows, key=worth, reverse=True) for rows in by_skill.values()]


def _skill_answer(rows: list[ExpertSkill], filters: Filters) -> ExpertSkillAnswer:
    best = rows[0]
    certificates = dict.fromkeys(row.certificate for row in rows)
    return ExpertSkillAnswer(
        skill=best.skill.code,
        title=best.skill.title,
        level=best.level,
        status=best.status_on(filters.valid_on, filters.as_of),
        valid_from=best.valid_from,
        valid_until=best.valid_until,
        evidence=[
            EvidenceAnswer(
                number=certificate.number,
                status=certificate.status_on(filters.valid_on or certificate.today),
            )
            for certificate in certificates
        ],
    )
