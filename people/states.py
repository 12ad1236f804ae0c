"""The lifecycle of a merge of two records."""

from __future__ import annotations

from collections.abc import Callable

from core.events import Event
from core.lifecycles import Machine, Transition
from people.events import MergeConfirmed, MergeDeclined, MergeProposed, MergeUndone
from people.models import MergeStatus as S
from people.permissions import Permission


def _announce(kind: Callable[[int, int, int], Event]) -> Callable[..., Event]:
    return lambda merge, before: kind(merge.id, merge.keep_id, merge.merged_id)


_PROPOSED = frozenset({S.PROPOSED})

MERGE = Machine(
    S.PROPOSED,
    [
        Transition(
            "confirm", _PROPOSED, S.CONFIRMED, Permission.IDENTITY_DECIDE, _announce(MergeConfirmed)
        ),
        Transition(
            "join", _PROPOSED, S.CONFIRMED, None, _announce(MergeConfirmed)
        ),  # the record had nothing to review
        Transition(
            "decline", _PROPOSED, S.DECLINED, Permission.IDENTITY_DECIDE, _announce(MergeDeclined)
        ),
        Transition(
            "undo",
            frozenset({S.CONFIRMED}),
            S.UNDONE,
            Permission.IDENTITY_DECIDE,
            _announce(MergeUndone),
        ),
    ],
    begins=_announce(MergeProposed),
)
