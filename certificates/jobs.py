"""Background work of this room."""

from core.jobs import Progress


def issue_all(progress: Progress, delivery_id: int, enrollment_ids: list[int]) -> None: ...


def render_one(progress: Progress, certificate_id: int) -> None: ...
