"""The one matrix: which role has which permission, and how far it reaches. docs/reference/permissions.md is drawn from it."""

from __future__ import annotations

import enum

from core.policy import Reach


class Role(enum.StrEnum):
    PARTICIPANT = "participant"
    NOMINATOR = "nominator"
    TRAINER = "trainer"
    COORDINATOR = "coordinator"
    ROSTER = "roster"
    ADMINISTRATOR = "administrator"


class BodyKind(enum.StrEnum):
    """What an organization does here; one may do several things."""

    NOMINATOR = "nominator"  # puts people forward
    CENTRE = "centre"  # teaches and issues
    ROSTER_OFFICE = "roster_office"  # keeps a roster
    FUNDER = "funder"  # pays for deliveries: a name on them, no one signs in for it


#: The roles that are given within a body: the kind of body, and how far the role reaches there.
WITHIN: dict[Role, tuple[BodyKind, Reach]] = {
    Role.NOMINATOR: (BodyKind.NOMINATOR, Reach.ORGANIZATION),
    Role.TRAINER: (BodyKind.CENTRE, Reach.CENTRE),
    Role.COORDINATOR: (BodyKind.CENTRE, Reach.CENTRE),
    Role.ROSTER: (BodyKind.ROSTER_OFFICE, Reach.OFFICE),
}


class Permission(enum.StrEnum):
    SKILL_WRITE = "skill:write"
    COURSE_WRITE = "course:write"
    COURSE_RETIRE = "course:retire"  # also bring back
    DELIVERY_SCHEDULE = "delivery:schedule"  # make a new one
    DELIVERY_READ = "delivery:read"  # also while it is a draft
    DELIVERY_WRITE = "delivery:write"  # change, publish, cancel
    DELIVERY_FINISH = "delivery:finish"
    ENROLLMENT_READ = "enrollment:read"
    ENROLLMENT_CREATE = "enrollment:create"  # enrol any person, for any organization
    ENROLLMENT_NOMINATE = "enrollment:nominate"  # put forward people of one's own organization
    ENROLLMENT_DECIDE = "enrollment:decide"  # approve, decline
    ENROLLMENT_WITHDRAW = "enrollment:withdraw"
    NEEDS_READ = "needs:read"  # access, diet and health, to arrange rooms and meals
    ATTENDANCE_READ = "attendance:read"
    ATTENDANCE_RECORD = "attendance:record"
    CERTIFICATE_ISSUE = "certificate:issue"  # also reissue
    CERTIFICATE_READ = "certificate:read"
    CERTIFICATE_REVOKE = "certificate:revoke"
    ROSTER_SEARCH = "roster:search"
    EXPERT_READ = "expert:read"
    EXPERT_WRITE = "expert:write"
    EXPERT_ADMIT = "expert:admit"  # put people who said yes on the roster
    CONSENT_RECORD = "consent:record"  # note what someone signed on paper
    ACCOUNT_MANAGE = "account:manage"
    ORGANIZATION_MANAGE = "organization:manage"  # record and change bodies that only nominate
    BODY_MANAGE = "body:manage"  # also centres, roster offices and funders
    PERSON_READ = "person:read"  # a person's full data
    PERSON_WRITE = "person:write"  # correct them, but not what opens the way in
    PERSON_RENAME = "person:rename"  # give someone another name
    IDENTITY_DECIDE = "identity:decide"  # whether two records are one person; propose and confirm merges
    AUDIT_READ = "audit:read"
    JOB_READ = "job:read"
    JOB_MANAGE = "job:manage"
    MAIL_READ = "mail:read"


P, EVERYWHERE, ORGANIZATION, DELIVERY, SELF = Permission, Reach.EVERYWHERE, Reach.ORGANIZATION, Reach.DELIVERY, Reach.SELF
CENTRE, OFFICE = Reach.CENTRE, Reach.OFFICE

#: "Everywhere" in a role that is given within a body: what belongs to no body, such as the names of skills.
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
