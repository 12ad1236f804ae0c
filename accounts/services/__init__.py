"""What may change people, organizations, roles and ways in: a module per use case."""

from accounts.services.account import (
    close_account,
    end_sessions,
    ensure_account,
    remove_password,
    reopen_account,
    set_password,
)
from accounts.services.address import ask_for_address, confirm_address, find_asked_address
from accounts.services.assignments import assign_role, assign_within, withdraw_role
from accounts.services.creation import create_account, first_administrator_link
from accounts.services.entry import (
    INVITATION,
    SHORT,
    check_password,
    enters_by_link,
    invite,
    issue_link,
    note_refusal,
    refresh_hash,
    request_link,
    send_link,
    use_link,
)
from accounts.services.identity import require_own_name
from accounts.services.organizations import (
    change_organization,
    create_organization,
    organization_by_code,
    put_organization,
    require_kinds,
)
from accounts.services.people import change_person, record_person
from accounts.services.tokens import create_token, revoke_token

__all__ = [
    "INVITATION", "SHORT", "ask_for_address", "assign_role", "assign_within", "change_organization", "change_person",
    "check_password", "close_account", "confirm_address", "create_account", "create_organization", "create_token", "end_sessions",
    "ensure_account", "enters_by_link", "find_asked_address", "first_administrator_link", "invite", "issue_link", "note_refusal",
    "organization_by_code", "put_organization", "record_person", "refresh_hash", "remove_password", "reopen_account",
    "request_link", "require_kinds", "require_own_name", "revoke_token", "send_link", "set_password", "use_link",
    "withdraw_role",
]  # fmt: skip
