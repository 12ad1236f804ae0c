"""What may change an enrollment, a module per use case."""

from enrollment.services.arranging import deliveries_to_erase, erase_needs, record_needs_read
from enrollment.services.confirming import lapse_applications, lapsed_applications
from enrollment.services.consenting import require_own_answer
from enrollment.services.deciding import approve, decline, withdraw
from enrollment.services.drafting import KEPT_FOR as DRAFTS_KEPT_FOR
from enrollment.services.drafting import discard_draft, find_draft, keep_draft, list_drafts
from enrollment.services.ending import lapse_waiting
from enrollment.services.enrolling import (
    Wish,
    apply,
    checked,
    enroll,
    require_identity,
)
from enrollment.services.entering import ONES_OWN, put_in, put_in_list
from enrollment.services.filling import fill
from enrollment.services.long_lists import (
    MOST_AT_ONCE,
    PART,
    TELL,
    complete_list,
    drop_list,
    enter_part,
    find_listed,
    forget_list,
    lists_given_up,
    nominate_list,
    nominees_of,
    refuse_list,
    tell_part,
    try_list,
    undo_part,
)
from enrollment.services.nominating import Nominee, bodies_to_nominate_for, enter, nominate
from enrollment.services.questions import (
    decide_different,
    decide_merge,
    decide_same,
    get_question,
    merge_to_decide,
    propose,
)
from enrollment.services.stages import (
    is_open_to,
    may_decide,
    may_enter,
    require_running,
    require_step,
    steps_now,
)

__all__ = [
    "DRAFTS_KEPT_FOR",
    "MOST_AT_ONCE",
    "ONES_OWN",
    "PART",
    "TELL",
    "Nominee",
    "Wish",
    "apply",
    "approve",
    "bodies_to_nominate_for",
    "checked",
    "complete_list",
    "decide_different",
    "decide_merge",
    "decide_same",
    "decline",
    "deliveries_to_erase",
    "discard_draft",
    "drop_list",
    "enroll",
    "enter",
    "enter_part",
    "erase_needs",
    "fill",
    "find_draft",
    "find_listed",
    "forget_list",
    "get_question",
    "is_open_to",
    "keep_draft",
    "lapse_applications",
    "lapse_waiting",
    "lapsed_applications",
    "list_drafts",
    "lists_given_up",
    "may_decide",
    "may_enter",
    "merge_to_decide",
    "nominate",
    "nominate_list",
    "nominees_of",
    "propose",
    "put_in",
    "put_in_list",
    "record_needs_read",
    "refuse_list",
    "require_identity",
    "require_own_answer",
    "require_running",
    "require_step",
    "steps_now",
    "tell_part",
    "try_list",
    "undo_part",
    "withdraw",
]
