"""The permissions. `accounts/roles.py`, the one matrix, says which role has which, and how far it
reaches."""

from __future__ import annotations

import enum


class Permission(enum.StrEnum):
    SKILL_WRITE = "skill:write"
    COURSE_WRITE = "course:write"
    COURSE_RETIRE = "course:retire"  # also restore
    DELIVERY_SCHEDULE = "delivery:schedule"  # make a new one
    DELIVERY_READ = "delivery:read"  # also while it is a draft
    DELIVERY_WRITE = "delivery:write"  # change, publish, cancel
    DELIVERY_FINISH = "delivery:finish"
    ENROLLMENT_READ = "enrollment:read"
    ENROLLMENT_CREATE = "enrollment:create"  # enrol any person, for any organization
    ENROLLMENT_NOMINATE = "enrollment:nominate"  # put forward people of one's own organization
    ENROLLMENT_DECIDE = "enrollment:decide"  # approve, decline
    ENROLLMENT_WITHDRAW = "enrollment:withdraw"
    NEEDS_READ = "needs:read"  # access, diet and health needs, to arrange rooms and meals
    ATTENDANCE_READ = "attendance:read"
    ATTENDANCE_RECORD = "attendance:record"
    CERTIFICATE_ISSUE = "certificate:issue"  # also reissue
    CERTIFICATE_READ = "certificate:read"
    CERTIFICATE_REVOKE = "certificate:revoke"
    ROSTER_SEARCH = "roster:search"
    EXPERT_READ = "expert:read"
    EXPERT_WRITE = "expert:write"
    EXPERT_ADMIT = "expert:admit"  # admit people who consented to the roster
    CONSENT_RECORD = "consent:record"  # record a consent signed on paper
    ACCOUNT_MANAGE = "account:manage"
    ORGANIZATION_MANAGE = "organization:manage"  # record and change bodies that only nominate
    BODY_MANAGE = "body:manage"  # also centres, roster offices and funders
    PERSON_READ = "person:read"  # a person's full data
    PERSON_WRITE = "person:write"  # correct data, but not what people sign in with
    PERSON_RENAME = "person:rename"  # change someone's name
    IDENTITY_DECIDE = (
        "identity:decide"  # whether two records are one person; propose and confirm merges
    )
    AUDIT_READ = "audit:read"
    JOB_READ = "job:read"
    JOB_MANAGE = "job:manage"
    MAIL_READ = "mail:read"
