"""What can be printed: asked of the package that prints, when words are written down."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports import port


@port
def unprintable(text: str) -> list[str]:
    """The distinct characters of a text, in order, that no printed page can show."""


@port
def layouts() -> Mapping[str, Mapping[str, str]]:  # type: ignore[empty-body]  # answered elsewhere
    """The layouts in which certificates can be printed: what each is called by language, by its name."""
