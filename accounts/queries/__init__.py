"""Reading sign-in and roles."""

from accounts.queries.entry import (
    LinkState,
    asks_password,
    came_by_link,
    demonstration_people,
    get_token,
    link_state,
    session_started,
    sessions_of,
    signed_in_recently,
    tokens_of,
)
from accounts.queries.people import (
    PersonRow,
    RoleHeld,
    find_account,
    find_person_by_email,
    list_people,
    roles_of,
)

__all__ = [
    "LinkState",
    "PersonRow",
    "RoleHeld",
    "asks_password",
    "came_by_link",
    "demonstration_people",
    "find_account",
    "find_person_by_email",
    "get_token",
    "link_state",
    "list_people",
    "roles_of",
    "session_started",
    "sessions_of",
    "signed_in_recently",
    "tokens_of",
]
