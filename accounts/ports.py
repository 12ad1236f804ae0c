"""What this package asks of those to its right."""

from __future__ import annotations

from core.ports import port


@port
def people_to_ask() -> list[int]:
    """The ids of people with a roster profile who were not yet asked whether roster staff may find them."""
