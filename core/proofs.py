"""Whether a result is still proven. The room that certifies answers this (see `app.py`); rooms before it, which may not import
that room, ask here before they build on a result."""

from __future__ import annotations

from collections.abc import Callable, Collection

from flask import Flask, current_app


def init_app(app: Flask, find_disproved: Callable[[Collection[int]], set[int]]) -> None:
    app.extensions["disproved"] = find_disproved


def disproved(enrollment_ids: Collection[int]) -> set[int]:
    """The ids of those whose certificate was revoked or is suspended. A result without a certificate is not among them."""
    return current_app.extensions["disproved"](enrollment_ids)
