"""The one matrix: which role has which permission, and how far it reaches. docs/permissions.md is drawn from it."""

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
    ACCOUNT_MANAGE = "account:manage"
    ORGANIZATION_MANAGE = "organization:manage"
    PERSON_READ = "person:read"  # a person's full data
    PERSON_WRITE = "person:write"  # correct them, but not what opens the way in
    PERSON_RENAME = "person:rename"  # give another name to somebody who has an account
    AUDIT_READ = "audit:read"
    JOB_READ = "job:read"
    JOB_MANAGE = "job:manage"
    MAIL_READ = "mail:read"


P, EVERYWHERE, ORGANIZATION, DELIVERY, SELF = Permission, Reach.EVERYWHERE, Reach.ORGANIZATION, Reach.DELIVERY, Reach.SELF

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
        P.COURSE_WRITE: EVERYWHERE,
        P.DELIVERY_SCHEDULE: EVERYWHERE,
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
        P.COURSE_WRITE: EVERYWHERE,
        P.COURSE_RETIRE: EVERYWHERE,
        P.DELIVERY_SCHEDULE: EVERYWHERE,
        P.DELIVERY_READ: EVERYWHERE,
        P.DELIVERY_WRITE: EVERYWHERE,
        P.DELIVERY_FINISH: EVERYWHERE,
        P.ENROLLMENT_READ: EVERYWHERE,
        P.ENROLLMENT_CREATE: EVERYWHERE,
        P.ENROLLMENT_DECIDE: EVERYWHERE,
        P.ENROLLMENT_WITHDRAW: EVERYWHERE,
        P.NEEDS_READ: EVERYWHERE,
        P.ATTENDANCE_READ: EVERYWHERE,
        P.ATTENDANCE_RECORD: EVERYWHERE,
        P.CERTIFICATE_ISSUE: EVERYWHERE,
        P.CERTIFICATE_READ: EVERYWHERE,
        P.CERTIFICATE_REVOKE: EVERYWHERE,
        P.ORGANIZATION_MANAGE: EVERYWHERE,
        P.PERSON_READ: EVERYWHERE,
        P.JOB_READ: EVERYWHERE,
    },
    Role.ROSTER: {
        P.ROSTER_SEARCH: EVERYWHERE,
        P.EXPERT_READ: EVERYWHERE,
        P.EXPERT_WRITE: EVERYWHERE,
        P.CERTIFICATE_READ: EVERYWHERE,
        P.PERSON_READ: EVERYWHERE,
        P.PERSON_WRITE: EVERYWHERE,
    },
    Role.ADMINISTRATOR: dict.fromkeys(Permission, EVERYWHERE),
}
