"""What may change people, organizations and consents: a module per use case."""

from people.consent_texts import consent_text
from people.services.consents import (
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
from people.services.emblems import change_emblem, emblem_from
from people.services.identity import (
    NO_ONE,
    Comparison,
    clean_issuer,
    clearly_meant,
    compare,
    compared,
    current_record,
    hold,
    is_self,
    one_a_person,
    records_of,
    require_own_name,
)
from people.services.merging import (
    compare_record,
    confirm_merge,
    decline_merge,
    get_merge,
    join_records,
    propose_merge,
    undo_merge,
)
from people.services.organizations import (
    change_organization,
    create_organization,
    organization_by_code,
    put_organization,
    require_kinds,
)
from people.services.people import (
    Identified,
    add_address,
    change_person,
    clean_person,
    identify_person,
    note_reading,
    record_applicant,
    record_person,
)

__all__ = [
    "CONSENTS_PATH", "Comparison", "Identified", "NO_ONE", "add_address", "answers_alone",
    "ask_for_consent", "carry_refusal", "change_emblem", "change_organization", "change_person",
    "clean_issuer", "clean_person", "clearly_meant", "compare", "compare_record", "compared",
    "confirm_merge", "consent_is_personal", "consent_text", "create_organization",
    "current_consent", "current_record", "decline_merge", "emblem_from", "find_consent",
    "get_merge", "give_consent", "has_consent", "hold", "identify_person", "is_self",
    "join_records", "latest_answers", "may_be_asked", "note_reading", "one_a_person", "organization_by_code",
    "person_on_paper", "propose_merge", "put_organization", "record_applicant",
    "record_paper_consent", "record_person", "records_of", "require_kinds", "require_own_name",
    "shares_mailbox", "take_refusal_back", "undo_merge",
]  # fmt: skip
