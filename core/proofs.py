"""Whether a result is still proven: a question to the package that certifies, before anything
relies on the result."""

from __future__ import annotations

from collections.abc import Collection

from core.ports import port


@port
def disproved(enrollment_ids: Collection[int]) -> set[int]:
    """The ids of those whose certificate was revoked or is suspended. A result without a
    certificate is not among them."""
