"""Loading the demonstration: its history, then more experts for the roster."""

from __future__ import annotations

from demonstration import history
from demonstration.experts import load_experts

EXPERTS = 300


def load(experts: int = EXPERTS) -> None:
    """The whole demonstration. The same on every machine, but for the dates, which lie around
    today."""
    history.load()
    load_experts(experts, seed=1)
