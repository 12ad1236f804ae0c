"""What may change people, organizations, roles and ways in: a module per use case."""

from accounts.consent_texts import consent_text
from accounts.services.account import (
    close_account,
    delete_sessions,
    end_sessions,
    ensure_account,
    remove_password,
    reopen_account,
    set_password,
)
from accounts.services.address import ask_for_address, confirm_address, find_asked_address
from accounts.services.assignments import assign_role, assign_within, withdraw_role
from accounts.services.consents import (
    CONSENTS_PATH,
    answers_alone,
    ask_for_consent,
    carry_refusal,
    consent_is_personal,
    current_consent,
    find_consent,
    give_consent,
    has_consent,
    latest_answers,
    may_be_asked,
    person_on_paper,
    record_paper_consent,
    shares_mailbox,
    take_refusal_back,
)
from accounts.services.creation import create_account, first_administrator_link
from accounts.services.emblems import change_emblem, emblem_from
from accounts.services.entry import (
    INVITATION,
    SHORT,
    check_password,
    enters_by_link,
    invite,
    issue_link,
    link_ends_at,
    note_refusal,
    refresh_hash,
    request_link,
    send_confirmation,
    send_link,
    use_link,
)
from accounts.services.identity import (
    NO_ONE,
    Comparison,
    clean_issuer,
    clearly_meant,
    compare,
    compared,
    current_record,
    hold,
    holds_roles,
    is_self,
    one_a_person,
    records_of,
    require_own_name,
    signs_in_as,
)
from accounts.services.merging import (
    compare_record,
    confirm_merge,
    decline_merge,
    get_merge,
    join_records,
    propose_merge,
    undo_merge,
)
from accounts.services.organizations import (
    change_organization,
    create_organization,
    organization_by_code,
    put_organization,
    require_kinds,
)
from accounts.services.people import (
    Identified,
    add_address,
    change_person,
    clean_person,
    identify_person,
    record_applicant,
    record_person,
)
from accounts.services.tokens import create_token, revoke_token

__all__ = [
    "CONSENTS_PATH", "INVITATION", "NO_ONE", "SHORT", "Comparison", "Identified", "add_address", "answers_alone",
    "ask_for_address", "ask_for_consent", "assign_role", "assign_within", "carry_refusal", "change_emblem", "change_organization",
    "change_person", "check_password", "clean_issuer", "clean_person", "clearly_meant", "close_account", "compare",
    "compare_record", "compared", "confirm_address", "confirm_merge", "consent_is_personal", "consent_text", "create_account",
    "create_organization", "create_token", "current_consent", "current_record", "decline_merge", "delete_sessions",
    "emblem_from", "end_sessions", "ensure_account", "enters_by_link", "find_asked_address", "find_consent",
    "first_administrator_link", "get_merge", "give_consent", "has_consent", "hold", "holds_roles", "identify_person",
    "invite", "is_self", "issue_link", "join_records", "latest_answers", "link_ends_at", "may_be_asked", "note_refusal",
    "one_a_person", "organization_by_code", "person_on_paper", "propose_merge", "put_organization", "record_applicant",
    "record_paper_consent", "record_person", "records_of", "refresh_hash", "remove_password", "reopen_account",
    "request_link", "require_kinds", "require_own_name", "revoke_token", "send_confirmation", "send_link", "set_password",
    "shares_mailbox", "signs_in_as", "take_refusal_back", "undo_merge", "use_link", "withdraw_role",
]  # fmt: skip
