"""Identity: questions about people, and merging records of one person."""

from __future__ import annotations

from flask import url_for

from core.api import ListQuery
from core.paging import Page
from core.web import current_actor
from enrollment import queries, services
from enrollment.api.routes import routes
from enrollment.schemas import DifferentBody, MergeAnswer, MergeBody, QuestionAnswer, SameBody
from people.permissions import Permission

P = Permission


@routes.call(
    "GET",
    "/identity-questions",
    "Open questions about who is meant",
    requires=P.IDENTITY_DECIDE,
    query=ListQuery,
    answers={200: QuestionAnswer},
    is_list=True,
)
def identity_questions(query: ListQuery) -> Page[QuestionAnswer]:
    """Questions that you may decide, oldest first."""
    page = queries.list_questions(current_actor(), after=query.after, limit=query.limit)
    return Page([QuestionAnswer.of(question) for question in page.items], page.next)


@routes.call(
    "POST",
    "/identity-questions/<int:question_id>/same",
    "Decide that it is the same person",
    requires=P.IDENTITY_DECIDE,
    body=SameBody,
    answers={200: QuestionAnswer},
    body_is_optional=True,
)
def decide_same(question_id: int, body: SameBody) -> QuestionAnswer:
    """If the record has more than one nomination, this proposes a merge, which a second person must
    confirm. If you send the `version` of the question that you read, the answer is 409
    `changed_meanwhile` if the question has changed since."""
    actor = current_actor()
    question = services.get_question(actor, question_id)
    return QuestionAnswer.of(question, services.decide_same(actor, question, version=body.version))


@routes.call(
    "POST",
    "/identity-questions/<int:question_id>/different",
    "Decide that it is another person",
    requires=P.IDENTITY_DECIDE,
    body=DifferentBody,
    answers={200: QuestionAnswer},
    body_is_optional=True,
)
def decide_different(question_id: int, body: DifferentBody) -> QuestionAnswer:
    actor = current_actor()
    question = services.get_question(actor, question_id)
    services.decide_different(actor, question, reason=body.reason, version=body.version)
    return QuestionAnswer.of(question)


@routes.call(
    "POST",
    "/people/merges",
    "Propose that two records are one person",
    requires=P.IDENTITY_DECIDE,
    body=MergeBody,
    answers={201: MergeAnswer},
    location=lambda answer: url_for("enrollment_api.merge", merge_id=answer.id),
)
def propose_merge(body: MergeBody) -> tuple[MergeAnswer, int]:
    """A second person must confirm it."""
    return MergeAnswer.of(
        services.propose(current_actor(), body.keep, body.merge, reason=body.reason)
    ), 201


@routes.call(
    "GET",
    "/merges/<int:merge_id>",
    "A merge",
    requires=P.IDENTITY_DECIDE,
    answers={200: MergeAnswer},
)
def merge(merge_id: int) -> MergeAnswer:
    return MergeAnswer.of(services.merge_to_decide(current_actor(), merge_id))


@routes.call(
    "POST",
    "/merges/<int:merge_id>/confirm",
    "Confirm a merge that someone else proposed",
    requires=P.IDENTITY_DECIDE,
    answers={200: MergeAnswer},
)
def confirm_merge(merge_id: int) -> MergeAnswer:
    return MergeAnswer.of(services.decide_merge(current_actor(), merge_id, "confirm"))


@routes.call(
    "POST",
    "/merges/<int:merge_id>/decline",
    "Decline a proposed merge",
    requires=P.IDENTITY_DECIDE,
    answers={200: MergeAnswer},
)
def decline_merge(merge_id: int) -> MergeAnswer:
    return MergeAnswer.of(services.decide_merge(current_actor(), merge_id, "decline"))


@routes.call(
    "POST",
    "/merges/<int:merge_id>/undo",
    "Undo a merge",
    requires=P.IDENTITY_DECIDE,
    answers={200: MergeAnswer},
)
def undo_merge(merge_id: int) -> MergeAnswer:
    """Certificates stay with the enrollment they came from."""
    return MergeAnswer.of(services.decide_merge(current_actor(), merge_id, "undo"))
