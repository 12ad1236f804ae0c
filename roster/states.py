"""The lifecycle of an expert: certified people are asked, consent, and are admitted by the roster
office."""

from __future__ import annotations

from core.lifecycles import Machine, Transition
from people.permissions import Permission
from roster import events
from roster.models import Expert
from roster.models import ExpertStatus as S


def _admitted(expert: Expert, before: S, *, how: str) -> events.ExpertAdmitted:
    return events.ExpertAdmitted(expert.id, expert.office_id, before.value, how)


def _expert_left(expert: Expert, before: S, *, because: str) -> events.ExpertLeft:
    return events.ExpertLeft(expert.id, because)


def _returned(expert: Expert, before: S) -> events.ExpertReturned:
    return events.ExpertReturned(expert.id)


EXPERT = Machine(
    S.CERTIFIED,
    [
        Transition(
            "admit", frozenset({S.CERTIFIED}), S.ADMITTED, Permission.EXPERT_ADMIT, _admitted
        ),
        Transition("admit_by_rule", frozenset({S.CERTIFIED}), S.ADMITTED, None, _admitted),
        Transition(
            "leave", frozenset({S.ADMITTED}), S.LEFT, None, _expert_left
        ),  # consent was withdrawn
        Transition("readmit", frozenset({S.LEFT}), S.ADMITTED, Permission.EXPERT_ADMIT, _admitted),
        Transition(
            "restore", frozenset({S.LEFT}), S.ADMITTED, None, _admitted
        ),  # the merge that removed the person was undone
        Transition(
            "return", frozenset({S.LEFT}), S.CERTIFIED, None, _returned
        ),  # a new consent: waiting again
    ],
)
