"""Rows written in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.database import db


def insert(model: type, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(sa.insert(model), rows)


def insert_ids(model: Any, rows: Sequence[dict[str, Any]]) -> list[int]:
    """The ids of the new rows, in order."""
    statement = sa.insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(db.session.scalars(statement, rows)) if rows else []
