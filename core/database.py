"""The database: one transaction per write, opened at the edge with `with transaction():`.

Why it is built so (measured, see docs/architecture.md): SQLite's driver emits no BEGIN before
SELECT, so plain code reads outside any transaction and oversells; a deferred BEGIN fails half way
with "database is locked". Here every writing transaction is BEGIN IMMEDIATE on SQLite, behind a
queue of writers because SQLite's own busy handler polls and starves, and READ COMMITTED on
PostgreSQL, where the touch lock of a delivery does the rest. No one waits longer than PATIENCE for
others, and reading never waits for writing.
"""

from __future__ import annotations

import enum
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeVarTuple

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session

from core import writers
from core.outages import Unavailable, find_outage
from core.waiting import LOCK, waits

Columns = TypeVarTuple("Columns")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware instant in UTC on both databases (SQLite keeps no zone). Naive values are refused
    as a bug."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all tables. Enums are stored by value with a CHECK constraint, so that the
    database stays readable and guards itself.

    `__audited__ = False` marks bookkeeping (sessions, jobs, mail, counters) whose writes need no
    audit entry. `__lock__` names the columns that lead to the row that must be locked before this
    one changes (core.locks).
    """

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), dict: sa.JSON(), list: sa.JSON()}
    __table__: ClassVar[sa.Table]
    __audited__ = True
    __lock__: ClassVar[tuple[str, ...]] = ()


def enum_column(kind: type[enum.StrEnum], *, is_checked: bool = True) -> sa.Enum:
    """A column type for a StrEnum: its values as text, with a CHECK constraint that lists them."""
    return sa.Enum(
        kind,
        native_enum=False,
        create_constraint=is_checked,
        name=kind.__name__.lower(),
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


#: The largest INTEGER of PostgreSQL: no id or number is greater, and a greater one cannot even be
#: used in a query.
LARGEST_ID = 2**31 - 1

db = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True)


def in_thousands(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Splits the values of a long `column.in_(…)`: PostgreSQL takes 65,535 in a statement,
    SQLite perhaps fewer."""
    remaining = iter(values)
    return iter(lambda: list(islice(remaining, 1000)), [])


def streamed(statement: sa.Select[*Columns]) -> sa.Result[*Columns]:
    """The rows of a statement, of which no more than five hundred are in memory, however many
    there are. They are read while the caller goes through them, so before the transaction ends."""
    return db.session.execute(statement, execution_options={"yield_per": 500})


def id_ranges(column: Any, size: int = 1000) -> Iterator[tuple[int, int]]:
    """Splits a table by a column of ids into ranges (first, last) of at most `size` rows, so that
    memory stays flat however large it is. Together they cover all possible ids."""
    first = 0
    while True:
        ids = sa.select(column).where(column >= first).order_by(column)
        last = db.session.scalar(ids.offset(size - 1).limit(1))
        yield first, LARGEST_ID if last is None else last
        if last is None:
            return
        first = last + 1


#: Seconds that a writer waits for others before it fails with Unavailable ("busy").
PATIENCE = 10.0


class Unit:
    """What one writing transaction gathers: changed tables, audit entries, and what to do just
    before and after the commit."""

    def __init__(self) -> None:
        self.wrote: set[str] = set()
        self.audit_entries: list[dict[str, Any]] = []
        self.touched: set[int] = set()  # deliveries locked by this transaction
        self.before_commit: list[Callable[[], None]] = []
        self.after_commit: list[Callable[[], None]] = []


class UnauditedWrite(RuntimeError):
    """A bug: a transaction changed data without an audit entry."""


def init_app(app: Flask, url: str) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    options: dict[str, Any]
    if url.startswith("sqlite"):
        options = {"connect_args": {"timeout": PATIENCE}}
    else:
        patience = {"connect_timeout": 5, "options": f"-c lock_timeout={int(PATIENCE * 1000)}"}
        options = {
            "pool_pre_ping": True,
            "isolation_level": "READ COMMITTED",
            "pool_size": 8,
            "max_overflow": 16,
        }
        options["connect_args"] = patience
    options["pool_timeout"] = PATIENCE
    options["pool_use_lifo"] = True  # the connection used last has its caches warm
    options["hide_parameters"] = True  # the parameters are personal data, and failures are logged
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        if url.startswith("sqlite"):
            event.listen(db.engine, "connect", _prepare_sqlite)
            event.listen(db.engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy issues BEGIN, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _begin_sqlite(connection: sa.Connection) -> None:
    until = connection.get_execution_options().get("writes_until")
    driver: Any = connection.connection.driver_connection  # directly: every request begins with it
    if until is None:
        driver.execute("BEGIN")
        return
    driver.execute(
        f"PRAGMA busy_timeout={max(0, int((until - time.monotonic()) * 1000))}"
    )  # another program may hold the lock
    try:
        driver.execute("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(PATIENCE * 1000)}")


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


@contextmanager
def transaction(patience: float | None = None) -> Iterator[Unit]:
    """The one writing transaction of a view, API call, command or job: all of it is stored, or
    none.

    Ends the read snapshot first, so that objects loaded earlier are read again and checks see what
    the lock protects. Refuses nesting: services never open one, so they compose. Raises Unavailable
    if others still write after `patience` seconds (default PATIENCE), or if the disk or the
    database fails.
    """
    try:
        with _transaction(PATIENCE if patience is None else patience) as unit:
            yield unit
    except Exception as error:
        if isinstance(error, Unavailable) or (outage := find_outage(error)) is None:
            raise
        raise outage from error
    for act in unit.after_commit:
        act()


@contextmanager
def _transaction(patience: float) -> Iterator[Unit]:
    session = db.session()
    if "unit" in session.info:
        raise RuntimeError("a transaction is already open; services do not open their own")
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("objects were changed before the transaction was opened")
    session.rollback()
    unit = Unit()
    until = time.monotonic() + patience
    with _write_lock(until):
        session.info["unit"] = unit
        try:
            connection = session.connection(execution_options={"writes_until": until})
            if (
                patience != PATIENCE and not is_sqlite()
            ):  # connections default to PATIENCE; 0 would mean for ever
                connection.exec_driver_sql(
                    f"SET LOCAL lock_timeout = {max(1, int(patience * 1000))}"
                )
            yield unit
            session.flush()
            _check_audited(unit)
            for act in unit.before_commit:
                act()
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            del session.info["unit"]


@contextmanager
def gathering() -> Iterator[Unit]:
    """`with gathering() as unit:` for when nothing can be written: collects audit entries that the
    caller stores elsewhere. Everything else done in it is undone."""
    session = db.session()
    session.rollback()
    unit = session.info["unit"] = Unit()
    try:
        yield unit
    finally:
        session.rollback()
        del session.info["unit"]


def current_unit() -> Unit:
    """The open transaction's unit; RuntimeError outside of one."""
    try:
        return db.session().info["unit"]
    except KeyError:
        raise RuntimeError("this writes, so it needs `with transaction():` at the edge") from None


def write(statement: sa.Executable, facts: Any = None) -> sa.CursorResult:
    """Executes a statement in the open transaction, after flushing the session. For bookkeeping
    that every form passes and that needs no audit entry: objects would cost several times as
    much."""
    current_unit()
    session = db.session()
    session.flush()
    return session.connection().execute(statement, facts)


@contextmanager
def tried(*, keep: bool) -> Iterator[None]:
    """`with tried(keep=…):` inside the open transaction: does the same work in either case, and
    undoes it unless `keep`. For answers that must cost the same whether or not someone is known
    here."""
    current_unit()
    session = db.session()
    session.flush()
    savepoint = session.begin_nested()
    try:
        yield
        session.flush()
    except BaseException:
        savepoint.rollback()
        raise
    (savepoint.commit if keep else savepoint.rollback)()


def _write_lock(until: float) -> Any:
    """Writers of one SQLite file queue; PostgreSQL has locks of its own, for which they wait
    inside."""
    return (
        writers.exclusive(Path(str(db.engine.url.database)), until) if is_sqlite() else waits(LOCK)
    )


def _check_audited(unit: Unit) -> None:
    if unit.wrote and not unit.audit_entries:
        raise UnauditedWrite(f"changed {', '.join(sorted(unit.wrote))} without an audit entry")


@event.listens_for(Session, "before_flush")
def _refuse_stray_flush(session: Session, context: Any, instances: Any) -> None:
    changed = [
        *session.new,
        *(o for o in session.dirty if session.is_modified(o)),
        *session.deleted,
    ]
    if not changed:
        return
    unit = session.info.get("unit")
    if unit is None:
        raise RuntimeError(f"{type(changed[0]).__name__} changed outside `with transaction():`")
    unit.wrote.update(type(o).__tablename__ for o in changed if type(o).__audited__)


@event.listens_for(Session, "do_orm_execute")
def _refuse_stray_statement(state: ORMExecuteState) -> None:
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    unit = state.session.info.get("unit")
    if unit is None:
        raise RuntimeError("a statement that writes was sent outside `with transaction():`")
    statement: Any = state.statement  # every writing statement names its table
    table = statement.table.name
    if table not in _unaudited_tables():
        unit.wrote.add(table)


@lru_cache(maxsize=1)
def _unaudited_tables() -> frozenset[str]:
    return frozenset(
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if not mapper.class_.__audited__
    )


def database_path() -> Path | None:
    """The SQLite file, or None on PostgreSQL."""
    return Path(str(db.engine.url.database)) if is_sqlite() else None
