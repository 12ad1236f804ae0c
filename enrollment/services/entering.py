"""Enrolls people through the API: one who is nominated, entered by a coordinator, or themselves;
or many who are nominated."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from core.errors import Invalid
from core.jobs import Job
from core.names import is_same_name
from core.policy import Actor, can, can_beyond_oneself, require
from courses.models import Delivery
from courses.services import touch
from enrollment.models import Enrollment
from enrollment.queries import get_organization
from enrollment.services.consenting import require_own_answer
from enrollment.services.enrolling import enroll, require_identity
from enrollment.services.long_lists import nominate_list
from enrollment.services.nominating import Nominee, enter, nominate
from people.models import Organization
from people.permissions import Permission
from people.queries import get_own_person
from people.services import change_person, organization_by_code, require_own_name
from people.values import email_key, require_sender

#: Facts about themselves that people update by enrolling. Names and addresses are changed on one's
#: own page.
ONES_OWN = ("country", "gender", "birth_date", "language")


def put_in(
    actor: Actor, delivery: Delivery, nominee: Nominee, *, nominated_by: str | None
) -> Enrollment:
    """Coordinators enter anyone, nominators people of their organization (`nominated_by`: its
    code), and participants themselves."""
    is_own = _is_self(actor, nominee) and not nominated_by
    require_own_answer(actor, actor.person_id if is_own else None, nominee.roster_consent)
    if organization := _nominator(actor, delivery, nominated_by, is_own=_is_self(actor, nominee)):
        return nominate(actor, delivery.id, organization, [nominee])[0]
    touch(delivery.id)  # lock first: all writers of people then queue here
    require_identity(nominee.identifier, nominee.email)
    require_sender(nominee.country, nominee.organization)
    if _is_self(actor, nominee):
        return _enter_oneself(actor, delivery, nominee)
    require(actor, Permission.ENROLLMENT_CREATE, delivery)
    return enter(actor, delivery.id, nominee)


def put_in_list(
    actor: Actor, delivery: Delivery, nominees: Sequence[Nominee], *, nominated_by: str | None
) -> Job:
    """Many people at once, nominated by the organization with this code, which may be left out by
    who nominates for one. Gives the job that enters them."""
    organization = _nominator(actor, delivery, nominated_by, is_own=False)
    if organization is None:
        require(actor, Permission.ENROLLMENT_CREATE, delivery)
        sentence = _l("Choose the organization that nominates.")
        raise Invalid("required", sentence, "nominated_by")
    return nominate_list(actor, delivery.id, organization, nominees)


def _nominator(
    actor: Actor, delivery: Delivery, code: str | None, *, is_own: bool
) -> Organization | None:
    """The named organization; else, for actors who may only nominate, their own."""
    if code:
        return organization_by_code(actor, code)
    if can(actor, Permission.ENROLLMENT_CREATE, delivery) or is_own:
        return None
    return get_organization(*actor.organization_ids) if len(actor.organization_ids) == 1 else None


def _is_self(actor: Actor, nominee: Nominee) -> bool:
    """Whether the actor enters themselves. If the actor may also enter others, who may share their
    mailbox, the name decides."""
    if actor.email is None or email_key(nominee.email) != email_key(actor.email):
        return False
    own, stated_name = get_own_person(actor), (nominee.given_name or "", nominee.family_name or "")
    enters_others = actor.organization_ids or can_beyond_oneself(
        actor, Permission.ENROLLMENT_CREATE
    )
    return (
        not enters_others
        or not any(stated_name)
        or is_same_name(stated_name, (own.given_name, own.family_name))
    )


def _enter_oneself(actor: Actor, delivery: Delivery, nominee: Nominee) -> Enrollment:
    """Participants are already known, and cannot probe for anyone else."""
    own = get_own_person(actor)
    require_own_name(own, nominee.given_name, nominee.family_name, "person.given_name")
    changes = {name: getattr(nominee, name) for name in ONES_OWN}
    change_person(
        actor, own, **{name: value for name, value in changes.items() if value is not None}
    )
    return enroll(actor, delivery.id, own, nominee)
