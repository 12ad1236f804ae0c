"""What may change an enrollment, a module per use case."""

from enrollment.services.arranging import deliveries_to_erase, erase_needs, record_needs_read
from enrollment.services.attendance import MarkGiven, ScoreGiven, record_attendance, record_scores
from enrollment.services.confirming import lapse_applications, lapsed_applications
from enrollment.services.consenting import require_own_answer
from enrollment.services.deciding import approve, decline, withdraw
from enrollment.services.drafting import KEPT_FOR as DRAFTS_KEPT_FOR
from enrollment.services.drafting import discard_draft, find_draft, keep_draft, list_drafts
from enrollment.services.enrolling import Wish, apply, checked, clean_rank_code, enroll, require_identity
from enrollment.services.filling import fill
from enrollment.services.finishing import finish
from enrollment.services.nominating import Nominee, enter, nominate
from enrollment.services.questions import (
    decide_different,
    decide_merge,
    decide_same,
    get_question,
    merge_to_decide,
    propose,
)
from enrollment.services.reopening import reopen
from enrollment.services.stages import is_reopened

__all__ = [
    "DRAFTS_KEPT_FOR",
    "MarkGiven",
    "Nominee",
    "ScoreGiven",
    "Wish",
    "apply",
    "approve",
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
    "finish",
    "get_question",
    "is_reopened",
    "keep_draft",
    "lapse_applications",
    "lapsed_applications",
    "list_drafts",
    "merge_to_decide",
    "nominate",
    "propose",
    "record_attendance",
    "record_needs_read",
    "record_scores",
    "reopen",
    "require_identity",
    "require_own_answer",
    "withdraw",
]
