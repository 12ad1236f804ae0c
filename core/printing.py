"""What can be printed: questions to the package that prints, asked when texts are saved."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports import port


@port
def unprintable(text: str) -> list[str]:
    """The distinct characters of a text, in order, that no printed page can show."""


@port
def layouts() -> Mapping[str, Mapping[str, str]]:
    """The layouts of certificates: name → title by language."""
