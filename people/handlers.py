"""What this package does when a fact is announced, in the same transaction."""

from __future__ import annotations

from core.policy import Actor
from people import services
from people.events import MergeConfirmed, MergeUndone


def carry_refusal(event: MergeConfirmed, actor: Actor) -> None:
    """Two records became one person: what the person refused stays refused."""
    services.carry_refusal(actor, event.merge_id, event.keep_id, event.merged_id)


def take_refusal_back(event: MergeUndone, actor: Actor) -> None:
    """One person became two again: each has said what it said."""
    services.take_refusal_back(event.merge_id)
