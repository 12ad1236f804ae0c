"""What may change roles and ways in: a module per use case."""

from accounts.services.account import (
    close_account,
    delete_sessions,
    end_sessions,
    end_sessions_and_links,
    ensure_account,
    has_account,
    remove_password,
    reopen_account,
    set_password,
)
from accounts.services.address import ask_for_address, confirm_address, find_asked_address
from accounts.services.assignments import assign_role, assign_within, holds_roles, withdraw_role
from accounts.services.creation import create_account, first_administrator_link
from accounts.services.entry import (
    INVITATION,
    SHORT,
    check_password,
    enters_by_link,
    invite,
    is_password_of,
    issue_link,
    link_ends_at,
    note_refusal,
    refresh_hash,
    request_link,
    send_confirmation,
    send_link,
    use_link,
    write_to,
)
from accounts.services.mailboxes import signs_in_as
from accounts.services.tokens import create_token, revoke_token

__all__ = [
    "INVITATION",
    "SHORT",
    "ask_for_address",
    "assign_role",
    "assign_within",
    "check_password",
    "close_account",
    "confirm_address",
    "create_account",
    "create_token",
    "delete_sessions",
    "end_sessions",
    "end_sessions_and_links",
    "ensure_account",
    "enters_by_link",
    "find_asked_address",
    "first_administrator_link",
    "has_account",
    "holds_roles",
    "invite",
    "is_password_of",
    "issue_link",
    "link_ends_at",
    "note_refusal",
    "refresh_hash",
    "remove_password",
    "reopen_account",
    "request_link",
    "revoke_token",
    "send_confirmation",
    "send_link",
    "set_password",
    "signs_in_as",
    "use_link",
    "withdraw_role",
    "write_to",
]
