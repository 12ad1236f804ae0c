"""Rows that belong under a lock change only under it. Every flush is checked, so that no service
can forget it.

A model's `__lock__` names the columns that lead to the row to lock before it changes:
`("delivery_id",)`, or through another row `("enrollment_id", "delivery_id")`. Code that takes the
lock adds the id to `touched` of the open transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy import Column, Engine, event, inspect
from sqlalchemy.orm import Mapper, Session, object_mapper

from core.database import Base, db


def init_app(app: Flask) -> None:
    """Starts checking every flush and every statement."""
    for target, name, check in (
        (Session, "before_flush", _check_flush),
        (Session, "after_flush", _own_what_is_new),
        (Engine, "before_cursor_execute", _check_statement),
    ):
        if not event.contains(target, name, check):
            event.listen(target, name, check)


#: In `touched`, for a new row, which has no id until it is written.
NEW = 0


class UntouchedWrite(RuntimeError):
    """A bug: a row was changed without a lock on the row it belongs to."""


def _check_flush(session: Session, context: Any, instances: Any) -> None:
    changed = [*session.new, *(row for row in session.dirty if _is_changed(row)), *session.deleted]
    with session.no_autoflush:
        for row in changed:
            for owner in _owners(session, row):
                _require_touched(session, owner, type(row).__name__)
    if any(_is_lockable(row) for row in session.new):
        session.info["unit"].touched.add(NEW)


def _is_changed(row: Any) -> bool:
    """Whether a column of the row changed. A foreign key of another row that changes only its
    relationships is that row's change."""
    state = inspect(row)
    return any(
        state.attrs[column.key].history.has_changes() for column in state.mapper.column_attrs
    )


def _own_what_is_new(session: Session, context: Any) -> None:
    """No one else can see rows created in this transaction, so they need no lock."""
    for row in session.new:
        if _is_lockable(row):
            session.info["unit"].touched.add(row.id)


#: The table that an SQL statement changes.
_CHANGED = re.compile(r'\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)', re.I)


def _check_statement(
    connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, is_many: bool
) -> None:
    """Which rows a statement will change is unknown before it runs, so it needs at least one lock.
    Checked on the connection: not every statement passes through the session."""
    changed = _CHANGED.match(statement)
    if changed is None or changed[1] not in _locked_tables() or not has_app_context():
        return
    unit = db.session().info.get("unit")
    if unit is not None and not unit.touched:
        raise UntouchedWrite(f"a statement that changes {changed[1]} without a lock")


def _require_touched(session: Session, owner: Any, name: str) -> None:
    if owner.id is not None and owner.id not in session.info["unit"].touched:
        raise UntouchedWrite(
            f"{name} changed while its {type(owner).__name__.lower()} {owner.id} was not touched"
        )


def _owners(session: Session, row: Any) -> Iterator[Any]:
    """The rows to lock before this one changes, including one that it leaves; none for a model
    without a lock, or while the owner itself is new."""
    steps = type(row).__lock__
    if not steps:
        return
    column = object_mapper(row).columns[steps[0]]
    for parent in (_parent(session, row, column), *_parents_left(session, row, column)):
        if (owner := _owner_above(session, parent, steps[1:])) is not None:
            yield owner


def _owner_above(session: Session, row: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        if row is not None:
            row = _parent(session, row, object_mapper(row).columns[step])
    return row


def _parents_left(session: Session, row: Any, column: Column[Any]) -> Iterator[Any]:
    """The row that a changed foreign key pointed to before."""
    key = object_mapper(row).get_property_by_column(column).key
    for parent_id in inspect(row).attrs[key].history.deleted or ():
        if parent_id is not None:
            yield session.get(_mapper_of(column).class_, parent_id)


def _parent(session: Session, row: Any, column: Column[Any]) -> Any:
    """The row that a foreign key points to, even if only the relationship is set yet."""
    mapper = object_mapper(row)
    key = mapper.get_property_by_column(column).key
    if (parent_id := getattr(row, key)) is not None:
        return session.get(_mapper_of(column).class_, parent_id)
    for relation in mapper.relationships:
        if relation.local_columns == {column}:
            return getattr(row, relation.key)
    return None


@lru_cache(maxsize=64)
def _mapper_of(column: Column[Any]) -> Mapper[Any]:
    (key,) = column.foreign_keys
    return next(
        mapper for mapper in Base.registry.mappers if mapper.local_table is key.column.table
    )


def _is_lockable(row: Any) -> bool:
    return object_mapper(row) in _lockable()


@lru_cache(maxsize=1)
def _lockable() -> frozenset[Mapper[Any]]:
    """The models whose rows are locked."""
    ways = ((mapper, mapper.class_.__lock__) for mapper in Base.registry.mappers)
    return frozenset(_end_of(mapper, way) for mapper, way in ways if way)


@lru_cache(maxsize=1)
def _locked_tables() -> frozenset[str]:
    return frozenset(
        mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__lock__
    )


def _end_of(mapper: Mapper[Any], way: tuple[str, ...]) -> Mapper[Any]:
    for step in way:
        mapper = _mapper_of(mapper.columns[step])
    return mapper
