"""What may change an enrollment, a module per use case."""

from enrollment.services.arranging import deliveries_to_erase, erase_needs, record_needs_read
from enrollment.services.attendance import MarkGiven, ScoreGiven, record_attendance, record_scores
from enrollment.services.deciding import approve, decline, withdraw
from enrollment.services.drafting import KEPT_FOR as DRAFTS_KEPT_FOR
from enrollment.services.drafting import discard_draft, find_draft, keep_draft, list_drafts
from enrollment.services.enrolling import Wish, checked, clean_rank_code, enroll, remind, require_identity
from enrollment.services.filling import fill
from enrollment.services.finishing import finish
from enrollment.services.nominating import Nominee, nominate
from enrollment.services.reopening import reopen
from enrollment.services.stages import is_reopened

__all__ = [
    "DRAFTS_KEPT_FOR",
    "MarkGiven",
    "Nominee",
    "ScoreGiven",
    "Wish",
    "approve",
    "checked",
    "clean_rank_code",
    "decline",
    "deliveries_to_erase",
    "discard_draft",
    "enroll",
    "erase_needs",
    "fill",
    "find_draft",
    "finish",
    "is_reopened",
    "keep_draft",
    "list_drafts",
    "nominate",
    "record_attendance",
    "record_needs_read",
    "record_scores",
    "remind",
    "reopen",
    "require_identity",
    "withdraw",
]
