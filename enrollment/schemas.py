"""Schemas of enrollments, identity questions and needs in the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, StrictBool, StringConstraints, WithJsonSchema

from core.api import (
    Answer,
    Id,
    ListQuery,
    PersonCountry,
    Schema,
    at_most,
    one_of,
)
from core.policy import Actor
from enrollment.models import PRINTED_NAME, Enrollment, EnrollmentStatus, IdentityQuestion
from enrollment.needs import needs_shown
from enrollment.nomination_files import MAX_ROWS, MAX_VALUES
from enrollment.queries import explain, person_shown, version_of
from enrollment.services import Nominee
from people.models import Gender, Merge, Person
from people.personnel import PersonnelCategory, Subcategory
from people.schemas import PersonBody
from people.services import current_record

Identifier = Annotated[str, WithJsonSchema({"type": "string", "maxLength": 60})]
Reason = Annotated[str, at_most(500)]
Version = Annotated[str, at_most(16)]


# Enrollments


class ApplicantBody(PersonBody):
    """The person: known by `identifier` and its issuer together with the name or the date of birth,
    or by `email` together with the name; `identifier` or `email` is required. One name is enough: a
    person with a single name has it in `given_name` or `family_name`, and the other is left out or
    empty."""

    country: PersonCountry | None = Field(
        None,
        description=(
            "who sends the person; null for people of an international organization, or `none`, "
            "and then `organization` says which"
        ),
    )


class NominationBody(Schema):
    person: ApplicantBody
    category: Annotated[str, one_of(PersonnelCategory)]
    subcategory: Annotated[str, one_of(Subcategory)] | None = Field(
        None, description="one of the category's"
    )
    rank: Annotated[str, at_most(120)] | None = None
    rank_code: Annotated[str, at_most(20)] | None = Field(
        None, description="STANAG 2116, such as OF-2; police and civilians need none"
    )
    organization: Annotated[str, at_most(200)] | None = None
    needs: Annotated[str, at_most(1000)] | None = None
    identity: Literal["new"] | Id | None = Field(
        None,
        description=(
            "coordinators answer `identity_in_doubt` with it: `new` for someone other than the "
            "people in `candidates`, or the id of the one who is meant"
        ),
    )

    def nominee(self, row: int | None = None) -> Nominee:
        values = self.model_dump(exclude={"person", "nominated_by"})
        return Nominee(**self.person.model_dump(), **values, row=row)


class NominationsBody(Schema):
    most_values = MAX_VALUES
    nominated_by: str | None = Field(
        None,
        description=(
            "code of the organization that puts the people forward; may be left out by who "
            "nominates for one"
        ),
    )
    nominations: list[NominationBody] = Field(
        min_length=1, max_length=MAX_ROWS, description="in the order of the waiting line"
    )
    _nominees: list[Nominee] = PrivateAttr(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        """Made while nothing is locked: there may be thousands."""
        self._nominees = [body.nominee(row) for row, body in enumerate(self.nominations, 1)]

    @property
    def nominees(self) -> list[Nominee]:
        return self._nominees


class EnrollmentBody(NominationBody):
    nominated_by: str | None = Field(
        None, description="code of the organization that puts the person forward"
    )
    roster_consent: StrictBool | None = Field(
        None,
        description="the person's own answer only; from anyone else: 403 `consent_is_personal`",
    )


class EnrollmentQuery(ListQuery):
    status: EnrollmentStatus | None = None
    category: PersonnelCategory | None = None


class DeclineBody(Schema):
    reason: Annotated[str, StringConstraints(min_length=1), at_most(500)]


class WithdrawBody(Schema):
    reason: Reason | None = None


class ApplicantAnswer(Answer):
    """What the caller may see of the person: an organization its own nomination, a trainer no
    identifier and no date of birth."""

    id: int
    identifier: str | None
    given_name: str
    family_name: str
    full_name: str = Field(description="as the person writes it: 王小明, Nagy János, Zoë Lefèvre")
    submitted_name: str | None = Field(
        description="for coordinators: the name in the nomination, if it names someone else"
    )
    name_on_certificate: str
    email: str | None
    country: str | None
    nationalities: list[str]
    gender: Gender | None
    birth_date: date | None


class EnrollmentAnswer(Answer):
    id: int
    delivery: str = Field(description="code of the delivery")
    person: ApplicantAnswer
    category: PersonnelCategory
    status: EnrollmentStatus
    position: int | None = Field(description="place in the waiting line, from 1")
    reason: str | None = Field(description="why it stands so, in words")
    subcategory: Subcategory | None
    rank: str | None
    rank_code: str | None
    organization: str | None
    nominated_by: str | None
    needs: str | None = Field(
        description="for the person, and for the body that wrote them; others use "
        "`/deliveries/{code}/needs`"
    )
    roster_consent: bool | None
    created_at: datetime

    @classmethod
    def of(cls, actor: Actor, enrollment: Enrollment, position: int | None) -> EnrollmentAnswer:
        standing = enrollment.standing
        return cls(
            id=enrollment.id,
            delivery=enrollment.delivery.code,
            person=ApplicantAnswer.model_validate(person_shown(actor, enrollment)),
            category=enrollment.category,
            status=standing.status,
            position=position,
            reason=explain(actor, enrollment, position),
            subcategory=enrollment.subcategory,
            rank=enrollment.rank,
            rank_code=enrollment.rank_code,
            organization=enrollment.organization,
            nominated_by=enrollment.nominated_by.code if enrollment.nominated_by else None,
            needs=needs_shown(actor, enrollment),
            roster_consent=enrollment.roster_consent,
            created_at=enrollment.created_at,
        )


# Identity


class CandidateAnswer(Answer):
    id: int = Field(
        description=(
            "id of the record that is used now; the rest is what the question was asked about"
        )
    )
    full_name: str
    country: str | None
    birth_date: date | None
    identifier: str | None
    email: str | None


class SubmittedAnswer(Answer):
    """Facts in the nomination or application."""

    given_name: str
    family_name: str
    country: str | None
    birth_date: date | None
    identifier: str | None
    email: str | None


class QuestionAnswer(Answer):
    """`about` person: is the person of `enrollment` the `candidate`? `about` printed_name: may
    `name_on_certificate` be printed for the candidate, who has the place? `agrees`, `differs`:
    number, address, name, birth_date, printed_name. `status`: open, same (yes) or different
    (no)."""

    id: int
    enrollment: int
    delivery: str
    about: str = Field(description="person or printed_name")
    name_on_certificate: str
    candidate: CandidateAnswer
    submitted: SubmittedAnswer
    agrees: list[str]
    differs: list[str]
    status: str
    version: str = Field(
        description="changes when anything of this changes; send it back with the decision"
    )
    merge: int | None = Field(
        None, description="id of the merge; a second person must confirm it while it is `proposed`"
    )

    @classmethod
    def of(cls, question: IdentityQuestion, merge: Merge | None = None) -> QuestionAnswer:
        return cls(
            id=question.id,
            enrollment=question.enrollment_id,
            delivery=question.enrollment.delivery.code,
            about="person" if question.is_about_people else PRINTED_NAME,
            name_on_certificate=question.enrollment.name_on_certificate,
            candidate=CandidateAnswer.model_validate(question.candidate).model_copy(
                update={"id": current_record(question.candidate).id}
            ),
            submitted=SubmittedAnswer.model_validate(
                question.enrollment.nomination or question.enrollment.origin
            ),
            agrees=question.agrees,
            differs=question.differs,
            status=question.status.value,
            version=version_of(question),
            merge=merge.id if merge else None,
        )


class SameBody(Schema):
    version: Version | None = None


class DifferentBody(SameBody):
    reason: Reason | None = None


class MergeBody(Schema):
    keep: Id = Field(description="id of the record that is used from then on")
    merge: Id = Field(description="id of the record that is merged into it")
    reason: Annotated[str, StringConstraints(min_length=1), at_most(500)]


class MergeAnswer(Answer):
    id: int
    keep: int
    merge: int
    status: str
    reason: str

    @classmethod
    def of(cls, merge: Merge) -> MergeAnswer:
        return cls(
            id=merge.id,
            keep=merge.keep_id,
            merge=merge.merged_id,
            status=merge.status.value,
            reason=merge.reason,
        )


# Needs


class GridPersonAnswer(Answer):
    id: int
    given_name: str
    family_name: str
    full_name: str = Field(description="as the person writes it: 王小明, Nagy János, Zoë Lefèvre")

    @classmethod
    def of(cls, person: Person) -> GridPersonAnswer:
        return cls.model_validate(person)


class NeedsAnswer(Answer):
    enrollment: int
    person: GridPersonAnswer
    needs: str

    @classmethod
    def of(cls, enrollment: Enrollment) -> NeedsAnswer:
        return cls(
            enrollment=enrollment.id,
            person=GridPersonAnswer.of(enrollment.person),
            needs=enrollment.needs or "",
        )
