"""What may change an enrollment, a module per use case."""

from enrollment.services.attendance import MarkGiven, ScoreGiven, record_attendance, record_scores
from enrollment.services.deciding import approve, decline, withdraw
from enrollment.services.enrolling import Wish, checked, clean_rank_code, enroll, remind, require_identity
from enrollment.services.filling import fill
from enrollment.services.finishing import finish
from enrollment.services.nominating import Nominee, nominate
from enrollment.services.reopening import reopen
from enrollment.services.stages import is_reopened

__all__ = [
    "MarkGiven",
    "Nominee",
    "ScoreGiven",
    "Wish",
    "approve",
    "checked",
    "clean_rank_code",
    "decline",
    "enroll",
    "fill",
    "finish",
    "is_reopened",
    "nominate",
    "record_attendance",
    "record_scores",
    "remind",
    "reopen",
    "require_identity",
    "withdraw",
]
