"""What happens on the first start on an empty database."""

from __future__ import annotations

from collections.abc import Iterator


def prepare() -> Iterator[str]:
    """Loads the demonstration, or makes the first administrator; yields the lines to print."""
    yield from ()
