"""What this package asks of those to its right."""

from __future__ import annotations

from core.ports import port


@port
def people_to_tell(delivery_id: int) -> int:
    """How many people get a letter when the delivery moves, so that whoever moves it knows before."""
