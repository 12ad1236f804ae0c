"""Reactions of this package to events, in the same transaction."""

from __future__ import annotations

from core.policy import Actor
from people import services
from people.events import MergeConfirmed, MergeUndone


def carry_refusal(event: MergeConfirmed, actor: Actor) -> None:
    """After a merge, a refusal by either record holds for the person."""
    services.carry_refusal(actor, event.merge_id, event.keep_id, event.merged_id)


def take_refusal_back(event: MergeUndone, actor: Actor) -> None:
    """After a merge is undone, each person keeps only their own answers."""
    services.take_refusal_back(event.merge_id)
