"""What can be printed: the room that prints says so in `app.py`, and rooms before it ask here when words are written down."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app


def init_app(app: Flask, find_unprintable: Callable[[str], list[str]]) -> None:
    app.extensions["unprintable"] = find_unprintable


def unprintable(text: str) -> list[str]:
    """The distinct characters of a text, in order, that no printed page can show."""
    return current_app.extensions["unprintable"](text)
