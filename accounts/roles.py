"""The one matrix: which role has which permission, and how far it reaches.
docs/reference/permissions.md is generated from it."""

from __future__ import annotations

from flask_babel import lazy_pgettext as _p

from core.policy import Reach
from core.words import Worded
from people.models import BodyKind
from people.permissions import Permission


class Role(Worded):
    PARTICIPANT = "participant", _p("role", "Participant")
    NOMINATOR = "nominator", _p("role", "Nominator")
    TRAINER = "trainer", _p("role", "Trainer")
    COORDINATOR = "coordinator", _p("role", "Coordinator")
    ROSTER = "roster", _p("role", "Roster staff")
    ADMINISTRATOR = "administrator", _p("role", "Administrator")


#: Roles that are assigned within a body: the kind of body, and how far the role reaches there.
WITHIN: dict[Role, tuple[BodyKind, Reach]] = {
    Role.NOMINATOR: (BodyKind.NOMINATOR, Reach.ORGANIZATION),
    Role.TRAINER: (BodyKind.CENTRE, Reach.CENTRE),
    Role.COORDINATOR: (BodyKind.CENTRE, Reach.CENTRE),
    Role.ROSTER: (BodyKind.ROSTER_OFFICE, Reach.OFFICE),
}


P = Permission
EVERYWHERE = Reach.EVERYWHERE
ORGANIZATION = Reach.ORGANIZATION
DELIVERY = Reach.DELIVERY
SELF = Reach.SELF
CENTRE, OFFICE = Reach.CENTRE, Reach.OFFICE

#: "Everywhere" in a role within a body means what belongs to no body, such as names of skills.
ROLES: dict[Role, dict[Permission, Reach]] = {
    Role.PARTICIPANT: {
        P.ENROLLMENT_READ: SELF,
        P.ENROLLMENT_WITHDRAW: SELF,
        P.CERTIFICATE_READ: SELF,
        P.EXPERT_READ: SELF,
        P.EXPERT_WRITE: SELF,
        P.PERSON_READ: SELF,
        P.PERSON_WRITE: SELF,
        P.PERSON_RENAME: SELF,
    },
    Role.NOMINATOR: {
        P.ENROLLMENT_NOMINATE: ORGANIZATION,
        P.ENROLLMENT_READ: ORGANIZATION,
        P.ENROLLMENT_WITHDRAW: ORGANIZATION,
        P.CERTIFICATE_READ: ORGANIZATION,
    },
    Role.TRAINER: {
        P.SKILL_WRITE: EVERYWHERE,
        P.COURSE_WRITE: CENTRE,
        P.DELIVERY_SCHEDULE: CENTRE,
        P.DELIVERY_READ: DELIVERY,
        P.DELIVERY_WRITE: DELIVERY,
        P.ENROLLMENT_READ: DELIVERY,
        P.NEEDS_READ: DELIVERY,
        P.ATTENDANCE_READ: DELIVERY,
        P.ATTENDANCE_RECORD: DELIVERY,
        P.CERTIFICATE_READ: DELIVERY,
    },
    Role.COORDINATOR: {
        P.SKILL_WRITE: EVERYWHERE,
        P.COURSE_WRITE: CENTRE,
        P.COURSE_RETIRE: CENTRE,
        P.DELIVERY_SCHEDULE: CENTRE,
        P.DELIVERY_READ: CENTRE,
        P.DELIVERY_WRITE: CENTRE,
        P.DELIVERY_FINISH: CENTRE,
        P.ENROLLMENT_READ: CENTRE,
        P.ENROLLMENT_CREATE: CENTRE,
        P.ENROLLMENT_DECIDE: CENTRE,
        P.ENROLLMENT_WITHDRAW: CENTRE,
        P.NEEDS_READ: CENTRE,
        P.ATTENDANCE_READ: CENTRE,
        P.ATTENDANCE_RECORD: CENTRE,
        P.CERTIFICATE_ISSUE: CENTRE,
        P.CERTIFICATE_READ: CENTRE,
        P.CERTIFICATE_REVOKE: CENTRE,
        P.ORGANIZATION_MANAGE: EVERYWHERE,
        P.PERSON_READ: CENTRE,
        P.IDENTITY_DECIDE: CENTRE,
        P.CONSENT_RECORD: EVERYWHERE,
    },
    Role.ROSTER: {
        P.ROSTER_SEARCH: OFFICE,
        P.EXPERT_READ: OFFICE,
        P.EXPERT_WRITE: OFFICE,
        P.EXPERT_ADMIT: OFFICE,
        P.CONSENT_RECORD: EVERYWHERE,
        P.PERSON_READ: OFFICE,
        P.PERSON_WRITE: EVERYWHERE,
    },
    Role.ADMINISTRATOR: dict.fromkeys(Permission, EVERYWHERE),
}

#: The roles to assign, in the order in which an administrator looks for them. Everyone is a
#: participant.
ASSIGNABLE: tuple[Role, ...] = tuple(role for role in Role if role is not Role.PARTICIPANT)


def _scopes(role: Role) -> set[Reach]:
    own_reach = WITHIN[role][1] if role in WITHIN else EVERYWHERE
    return {own_reach, DELIVERY} if DELIVERY in ROLES[role].values() else {own_reach}


#: How far each role may be assigned: within a body of the right kind, and to one delivery if the
#: role reaches deliveries.
SCOPES: dict[Role, set[Reach]] = {role: _scopes(role) for role in ASSIGNABLE}
