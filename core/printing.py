"""What can be printed: asked of the package that prints, when words are written down."""

from __future__ import annotations

from core.ports import port


@port
def unprintable(text: str) -> list[str]:
    """The distinct characters of a text, in order, that no printed page can show."""
