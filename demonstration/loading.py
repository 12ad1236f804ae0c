"""Loads the demonstration: its history, then more experts for the roster."""

from __future__ import annotations

from demonstration import history
from demonstration.experts import load_experts

EXPERTS = 300


def load(experts: int = EXPERTS) -> None:
    """Loads the whole demonstration. Only its dates differ between machines; they lie around
    today."""
    history.load()
    load_experts(experts, seed=1)
