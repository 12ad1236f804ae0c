"""The roster's part of the API."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext as _l

from core import readings
from core.api import Routes, id_in
from core.errors import Invalid
from core.names import number_key
from core.paging import Page
from core.web import current_actor
from courses.queries import skills_to_choose
from people.permissions import Permission
from people.services import consent_is_personal
from roster import queries, services
from roster.filters import read_filters
from roster.schemas import (
    AdmitBody,
    AskedAnswer,
    ExpertAnswer,
    ExpertBody,
    ExpertQuery,
    expert_answer,
)

routes = Routes("roster")
P = Permission


@routes.call(
    "PUT",
    "/experts/<id>",
    "Make or update a roster profile",
    requires=P.EXPERT_WRITE,
    body=ExpertBody,
    answers={200: ExpertAnswer, 201: ExpertAnswer, 202: AskedAnswer},
    location=lambda answer: (
        url_for("roster_api.get_expert", id=answer.id) if isinstance(answer, ExpertAnswer) else None
    ),
)
def put_expert(id: str, body: ExpertBody) -> tuple[ExpertAnswer | AskedAnswer, int]:
    """`id` is the identifier: the person is matched by it, else by email address. Fields left out
    stay as they are. 201 for a new profile. The answer shows a profile, so the audit trail records
    that staff read it. Without the person's current consent the answer is 202, the same for known
    and unknown people: we ask the person, and the values wait."""
    if body.consent is not None:
        raise consent_is_personal("consent")
    if body.person.identifier is not None and number_key(body.person.identifier) != number_key(id):
        message = _l(
            "This identifier differs from the one in the address. Leave it out or make them the "
            "same."
        )
        raise Invalid("identifier_differs", message, "person.identifier")
    actor = current_actor()
    expert, is_new = services.put_expert(actor, id, body.profile())
    if expert is None:
        return AskedAnswer(), 202
    services.record_reading(actor, [expert.id])
    return expert_answer(actor, expert), 201 if is_new else 200


@routes.call(
    "POST",
    "/experts/<id>/admit",
    "Admit a person to the roster",
    requires=P.EXPERT_ADMIT,
    body=AdmitBody,
    body_is_optional=True,
    answers={200: ExpertAnswer},
    shown_again=lambda id: get_expert(id),  # type: ignore[has-type]  # defined below
)
def admit(id: str, body: AdmitBody) -> ExpertAnswer:
    """In general, or in fields of expertise. 404 without the person's current consent."""
    actor = current_actor()
    expert = services.admit(
        actor, queries.get_expert(actor, id_in(id)), body.expertise, office=body.office
    )
    services.record_reading(actor, [expert.id])
    return expert_answer(actor, expert)


@routes.call(
    "GET", "/experts/<id>", "One expert", requires=P.EXPERT_READ, answers={200: ExpertAnswer}
)
def get_expert(id: str) -> ExpertAnswer:
    """The audit trail records that staff read the profile."""
    actor = current_actor()
    return _read([expert_answer(actor, queries.get_expert(actor, id_in(id)))])[0]


@routes.call(
    "GET",
    "/experts",
    "Search the roster",
    requires=P.ROSTER_SEARCH,
    query=ExpertQuery,
    answers={200: ExpertAnswer},
    is_list=True,
)
def list_experts(query: ExpertQuery) -> Page:
    if query.valid_on and not query.skill:
        raise Invalid(
            "skill_needed", _l("Say with `skill` what must be valid on this day."), "valid_on"
        )
    filters = read_filters(query.model_dump(exclude={"limit", "after"}), skills_to_choose())
    actor = current_actor()
    page = queries.list_experts(actor, filters, after=query.after, limit=query.limit)
    return Page(_read([expert_answer(actor, expert, filters) for expert in page.items]), page.next)


def _read(answers: list[ExpertAnswer]) -> list[ExpertAnswer]:
    readings.record(
        lambda: services.record_reading(current_actor(), [answer.id for answer in answers])
    )
    return answers
