"""What is said about the roster while enrolling: the person's own answer is a consent; no one
else's is accepted."""

from __future__ import annotations

from core.policy import Actor
from enrollment.models import Enrollment
from people.models import ConsentPurpose, ConsentWay
from people.services import consent_is_personal, give_consent


def require_own_answer(actor: Actor, person_id: int | None, answer: bool | None) -> None:
    """Raises NotAllowed("consent_is_personal") when someone answers for another person, or
    without being signed in: whoever applies with an address is asked on the page behind the
    emailed link."""
    if answer is not None and (person_id is None or actor.person_id != person_id):
        raise consent_is_personal("roster_consent")


def consent_while_enrolling(actor: Actor, enrollment: Enrollment) -> None:
    """Someone who is signed in applies: the answer counts at once. No answer changes nothing."""
    if enrollment.roster_consent is not None:
        how = ConsentWay.API if actor.token_id is not None else ConsentWay.PAGE
        give_consent(
            actor, enrollment.person, ConsentPurpose.ROSTER, enrollment.roster_consent, how=how
        )
