"""How Alembic, and the guard that keeps migrations and models equal, compare the two."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.database import UtcDateTime

#: Created by hand in a migration, because no model can express it: full-text indexes, and codes
#: that are unique in any case.
UNMODELLED = (
    "certificate_trigrams",
    "expert_fts",
    "ix_certificate_trigrams",
    "ix_expert_search_gin",
    "ix_person_trigrams",
    "person_trigrams",
    "uq_any_case_",
)


def include_object(
    schema_item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any
) -> bool:
    return not (name or "").startswith(UNMODELLED)


def compare_type(
    context: Any,
    inspected_column: Any,
    metadata_column: Any,
    inspected_type: Any,
    metadata_type: Any,
) -> bool | None:
    """Our instants are the databases' own timestamps, which Alembic cannot see through the
    decorator. SQLite ignores the length of a text, so a column is not rebuilt there for it."""
    is_text = isinstance(inspected_type, sa.String) and isinstance(metadata_type, sa.String)
    if is_text and context.dialect.name == "sqlite" and not isinstance(metadata_type, sa.Enum):
        return False
    return False if isinstance(metadata_type, UtcDateTime) else None
