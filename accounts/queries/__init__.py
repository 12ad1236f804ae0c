"""What is read of people, their ways in, and what the house keeps about itself."""

from accounts.queries.bodies import (
    bodies_of,
    body_name,
    centre_for,
    centres_to_choose,
    emblem_png,
    find_body,
    first_body,
    get_body,
    may_change,
    offices_to_choose,
    require_kind,
    sender_of,
)
from accounts.queries.consents import ConsentState, consents_of, history_of, roster_question, roster_text
from accounts.queries.entry import LinkState, demonstration_people, link_state, session_started, sessions_of, tokens_of
from accounts.queries.oversight import (
    AuditFilter,
    JobOverview,
    audit_entries,
    audit_facts,
    count_mail,
    get_job,
    get_mail,
    job_overview,
    list_jobs,
    list_mail,
    names_of,
    refused_mail,
)
from accounts.queries.people import (
    PersonRow,
    RoleHeld,
    find_account,
    find_person_by_email,
    get_organization,
    get_person,
    issuer_of,
    list_organizations,
    list_people,
    organization_choices,
    roles_of,
)

__all__ = [
    "AuditFilter", "ConsentState", "JobOverview", "LinkState", "PersonRow", "RoleHeld", "audit_entries", "audit_facts",
    "bodies_of", "body_name", "centre_for", "centres_to_choose", "consents_of", "count_mail",
    "demonstration_people", "emblem_png", "find_account", "find_body", "find_person_by_email", "first_body", "get_body",
    "get_job", "get_mail", "get_organization", "get_person", "history_of", "issuer_of", "job_overview", "link_state",
    "list_jobs", "list_mail", "list_organizations", "list_people", "may_change", "names_of", "offices_to_choose",
    "organization_choices", "refused_mail", "require_kind", "roles_of", "roster_question", "roster_text", "sender_of",
    "session_started", "sessions_of", "tokens_of",
]  # fmt: skip
