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
    clean_rank_code,
    enroll,
    require_identity,
)
from enrollment.services.entering import ONES_OWN, put_in
from enrollment.services.filling import fill
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
    "ONES_OWN",
    "Nominee",
    "Wish",
    "apply",
    "approve",
    "bodies_to_nominate_for",
    "checked",
    "clean_rank_code",
    "decide_different",
    "decide_merge",
    "decide_same",
    "decline",
    "deliveries_to_erase",
    "discard_draft",
    "enroll",
    "enter",
    "erase_needs",
    "fill",
    "find_draft",
    "get_question",
    "is_open_to",
    "keep_draft",
    "lapse_applications",
    "lapse_waiting",
    "lapsed_applications",
    "list_drafts",
    "may_decide",
    "may_enter",
    "merge_to_decide",
    "nominate",
    "propose",
    "put_in",
    "record_needs_read",
    "require_identity",
    "require_own_answer",
    "require_running",
    "require_step",
    "steps_now",
    "withdraw",
]
