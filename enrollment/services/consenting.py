"""What is said about the roster while enrolling: the person's own answer is a consent, anybody else's is none."""

from __future__ import annotations

from accounts.models import ConsentPurpose, ConsentWay
from accounts.services import consent_is_personal, find_consent, give_consent
from core.policy import Actor
from enrollment.models import Enrollment


def require_own_answer(actor: Actor, person_id: int | None, answer: bool | None) -> None:
    """Raises NotAllowed("consent_is_personal") when somebody answers for another person. On the public form nobody is signed in:
    what is ticked there becomes a consent only through the mailbox (`consent_from_application`)."""
    is_own = person_id is not None and actor.person_id == person_id
    if answer is not None and not is_own and not (actor.is_anonymous and not actor.is_system):
        raise consent_is_personal("roster_consent")


def consent_while_enrolling(actor: Actor, enrollment: Enrollment) -> None:
    """Somebody who is signed in applies: the answer counts at once. No answer changes nothing."""
    if enrollment.roster_consent is not None and actor.person_id == enrollment.person_id:
        how = ConsentWay.API if actor.token_id is not None else ConsentWay.PAGE
        give_consent(actor, enrollment.person, ConsentPurpose.ROSTER, enrollment.roster_consent, how=how)


def consent_from_application(enrollment: Enrollment) -> None:
    """What an application ticked that nobody was signed in for, once its emailed link was opened: then the one who reads the
    person's mailbox has said it. Whatever the person answered after applying stays. May run twice."""
    is_anonymous = enrollment.enrolled_by_id is None and enrollment.nominated_by_id is None
    if not enrollment.roster_consent or not is_anonymous:
        return
    last = find_consent(enrollment.person_id, ConsentPurpose.ROSTER)
    if last is None or last.at < enrollment.created_at:
        own = Actor(person_id=enrollment.person_id)
        give_consent(own, enrollment.person, ConsentPurpose.ROSTER, True, how=ConsentWay.LINK)
