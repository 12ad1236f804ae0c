"""What a row always has is joined plainly. An outer join to it keeps SQLite from looking the row
up: of each enrollment asked for, it read every delivery first."""

from __future__ import annotations

from sqlalchemy.orm import MANYTOONE, Mapper, configure_mappers

from core.database import Base


def outer_joined(mappers: frozenset[Mapper]) -> list[str]:
    return [
        f"{mapper.class_.__name__}.{relationship.key}: say innerjoin=True"
        for mapper in mappers
        for relationship in mapper.relationships
        if relationship.direction is MANYTOONE
        and not any(column.nullable for column in relationship.local_columns)
        and not relationship.innerjoin
    ]


def test_what_a_row_always_has_is_joined_plainly() -> None:
    configure_mappers()
    assert outer_joined(Base.registry.mappers) == []
