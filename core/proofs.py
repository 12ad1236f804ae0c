"""Whether a result is still proved: a question to the package that certifies, before relying on the
result."""

from __future__ import annotations

from collections.abc import Collection

from core.ports import port


@port
def disproved(enrollment_ids: Collection[int]) -> set[int]:
    """Those enrollments whose certificate is revoked or suspended. Results without a certificate
    are not included."""
