"""Consent to the roster while enrolling: only the person's own answer is accepted."""

from __future__ import annotations

from core.policy import Actor
from enrollment.models import Enrollment
from people.models import ConsentPurpose, ConsentWay
from people.services import consent_is_personal, give_consent


def require_own_answer(actor: Actor, person_id: int | None, answer: bool | None) -> None:
    """Raises NotAllowed("consent_is_personal") for answers on behalf of someone else or without
    signing in: applicants are asked on the page behind the emailed link."""
    if answer is not None and (person_id is None or actor.person_id != person_id):
        raise consent_is_personal("roster_consent")


def consent_while_enrolling(actor: Actor, enrollment: Enrollment) -> None:
    """The answer of a signed-in applicant counts at once. No answer changes nothing."""
    if enrollment.roster_consent is not None:
        how = ConsentWay.API if actor.token_id is not None else ConsentWay.PAGE
        give_consent(
            actor, enrollment.person, ConsentPurpose.ROSTER, enrollment.roster_consent, how=how
        )
