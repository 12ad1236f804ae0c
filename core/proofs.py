"""Whether the proof of a result still stands: the room that certifies says so in `app.py`, and rooms before it ask here before
they build on a result."""

from __future__ import annotations

from collections.abc import Callable, Collection

from flask import Flask, current_app


def init_app(app: Flask, find_disproved: Callable[[Collection[int]], set[int]]) -> None:
    app.extensions["disproved"] = find_disproved


def disproved(enrollment_ids: Collection[int]) -> set[int]:
    """Those whose proof was taken back, for good or for now. A result that no one certified yet has nothing to take back."""
    return current_app.extensions["disproved"](enrollment_ids)
