"""Questions that this package asks of packages to its right."""

from __future__ import annotations

from core.ports import port


@port
def people_to_tell(delivery_id: int) -> int:
    """How many people would get a message if the delivery moved; shown before someone moves it."""
