"""What is read of people, organizations and consents."""

from people.queries.bodies import (
    bodies_of,
    body_name,
    centre_for,
    centres_to_choose,
    emblem_png,
    find_body,
    find_body_by_id,
    first_body,
    get_body,
    get_organization,
    list_organizations,
    may_change,
    offices_to_choose,
    organization_choices,
    require_kind,
    sender_of,
)
from people.queries.consents import ConsentState, consents_of, history_of, roster_question, roster_text
from people.queries.people import (
    find_own_person,
    get_own_person,
    get_person,
    issuer_of,
    names_of,
    refused_mail,
)

__all__ = [
    "ConsentState", "bodies_of", "body_name", "centre_for", "centres_to_choose", "consents_of",
    "emblem_png", "find_body", "find_body_by_id", "find_own_person", "first_body", "get_body",
    "get_organization", "get_own_person", "get_person",
    "history_of", "issuer_of", "list_organizations", "may_change", "names_of",
    "offices_to_choose", "organization_choices", "refused_mail", "require_kind",
    "roster_question", "roster_text", "sender_of",
]  # fmt: skip
