"""A database of any size, for `tests.load.growth`: the world of the access table, and beside it a
seed of experts (`demonstration.experts`) that is copied inside the database as often as is asked.
A hundred thousand through the services would take a day, and through the demonstration minutes.

Copies have the names of those they are copied from, but their own numbers, certificates and
documents, so `flask check` finds in them what it finds in the seed: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from certificates import numbers, snapshot
from certificates.models import Certificate
from certificates.payload import CertificatePayload
from classroom.models import Mark, MarkKind, Score, ScoreKind
from core import audit, clock, jobs, storage
from core.database import Base, db, transaction
from core.numbering import Counter, mark
from core.policy import SYSTEM
from courses.models import Delivery, DeliverySession
from demonstration.experts import load_experts
from enrollment.models import Enrollment, EnrollmentStatus
from people.models import Person
from roster.models import Expert
from roster.services import rebuild
from tests.test_access_table import World, build_world

#: What grows, apart from certificates, which cannot be copied as they are.
TABLES = (
    "person",
    "consent",
    "delivery",
    "delivery_session",
    "enrollment",
    "mark",
    "score",
    "certificate",
    "expert",
    "expert_language",
    "availability",
    "expert_skill",
    "expert_search",
    "admission",
)
#: From a row's id to that of its next copy: more than what is added between.
STEP = 10_000_000
#: For so many experts one delivery that is announced, with so many people in it; and one person
#: more in the deliveries that everyone works on.
EXPERTS_EACH, SEATED, EXPERTS_A_SEAT = 50, 10, 40
FILE = b"%PDF-1.7\n" + bytes(30_000)


@dataclass
class Filled:
    """`world`: whom the addresses name, the same at every size. `ids`: of each table the first
    and the last row of the seed."""

    world: World
    seed: int
    ids: dict[str, tuple[int, int]] = field(default_factory=dict)
    copies: int = 0
    seated: int = 0


def begin(app: Any, seed: int) -> Filled:
    """The world and `seed` experts, on a database that is migrated and empty."""
    world = build_world(app)
    before = _last_ids()
    load_experts(seed, files=False)
    with _alone():
        _announce(world, seed, before["person"])
        _forget_identifiers(before["person"])
        rebuild()
        key, digest = "certificates/growth.pdf", storage.digest_of(FILE)
        storage.put(key, FILE)
        ours = Certificate.id > before["certificate"]
        db.session.execute(sa.update(Certificate).where(ours).values(file_key=key, sha256=digest))
        db.session.execute(sa.delete(jobs.Job).where(jobs.Job.id != int(world.names["job_id"])))
        _tell(seed)
    ids = {name: (before[name] + 1, last) for name, last in _last_ids().items()}
    filled = Filled(world, seed, ids)
    seat(filled, seed)
    _analyse()
    return filled


def grow(filled: Filled, size: int) -> None:
    """Brings the number of experts to `size`, a multiple of the seed."""
    first, last = filled.copies + 1, size // filled.seed - 1
    if last < first:
        return
    with _alone():
        for table in (
            metadata_table
            for metadata_table in Base.metadata.sorted_tables
            if metadata_table.name in TABLES
        ):
            if table.name == "certificate":
                _copy_certificates(filled, first, last)
            else:
                _copy(table, filled.ids, first, last)
        _tell(filled.seed * (last - first + 1))
    filled.copies = last
    seat(filled, size)
    _analyse()


@contextmanager
def _alone() -> Iterator[None]:
    """A transaction beside which no one works, so no delivery needs its lock."""
    with transaction() as unit:
        unit.touched.update(db.session.scalars(sa.select(Delivery.id)))
        unit.touched.add(0)
        yield


def _last_ids() -> dict[str, int]:
    tables = Base.metadata.tables
    keys = {name: next(iter(tables[name].primary_key)) for name in TABLES}
    return {
        name: db.session.scalar(sa.select(sa.func.coalesce(sa.func.max(key), 0))) or 0
        for name, key in keys.items()
    }


def _tell(count: int) -> None:
    """The audit trail grows too: two entries for each expert."""
    for number in range(2 * count):
        audit.record(SYSTEM, "growth.filled", f"delivery:{number % 5000}", {"number": number})


def _analyse() -> None:
    """Plans of queries depend on what the database knows of its tables."""
    db.session.rollback()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


# The seed


def _row(model: Any, **values: Any) -> dict[str, Any]:
    """The first such row, without its id."""
    row = db.session.execute(sa.select(model.__table__).filter_by(**values).limit(1)).one()
    return {name: value for name, value in row._mapping.items() if name != "id"}


def _announce(world: World, count: int, after_person: int) -> None:
    """Deliveries as the world's own, a day apart."""
    own = db.session.scalars(sa.select(Delivery).filter_by(code="OPEN")).one()
    delivery = _row(Delivery, code="OPEN")
    sessions = db.session.execute(
        sa.select(DeliverySession.__table__).filter_by(delivery_id=own.id)
    )
    blocks = [dict(row._mapping) for row in sessions]
    seat = _seat_like(world)
    people = _people(SEATED, after_person)
    for number in range(max(1, count // EXPERTS_EACH)):
        later = timedelta(days=number)
        days = {name: delivery[name] + later for name in ("starts_on", "ends_on", "closes_on")}
        facts = delivery | days | {"code": f"UP-{number}", "calendar_uid": f"up-{number}"}
        delivery_id = db.session.scalars(sa.insert(Delivery).returning(Delivery.id), [facts]).one()
        rows = [
            {name: value for name, value in block.items() if name != "id"}
            | {"delivery_id": delivery_id}
            | {name: block[name] + later for name in ("starts_at", "ends_at")}
            for block in blocks
        ]
        db.session.execute(sa.insert(DeliverySession), rows)
        _enroll(seat | {"delivery_id": delivery_id}, people)


def _forget_identifiers(after_person: int) -> None:
    """They are unique, and copied ones would have to be found in names and documents."""
    for person in db.session.scalars(sa.select(Person).where(Person.id > after_person)):
        person.identifier = None
    db.session.flush()


# Deliveries with many people


def seat(filled: Filled, size: int) -> None:
    """Fills the deliveries that all pages of one delivery are about: OPEN with people who take
    part in it, DONE with people who wait for their certificates."""
    count, seat = size // EXPERTS_A_SEAT, _seat_like(filled.world)
    people = _people(count, filled.ids["person"][0] - 1)[filled.seated :]
    filled.seated = count
    with _alone():
        for code in ("OPEN", "DONE"):
            is_done = code == "DONE"
            delivery = db.session.scalars(sa.select(Delivery).filter_by(code=code)).one()
            delivery.places += len(people)
            seat["status"] = EnrollmentStatus.COMPLETED if is_done else EnrollmentStatus.CONFIRMED
            seat |= {"delivery_id": delivery.id, "finished_at": clock.now() if is_done else None}
            _add_results(_enroll(seat, people, 1000 + filled.seated), delivery.id)
        audit.record(SYSTEM, "growth.seated", "delivery:all", {"count": count})


def _seat_like(world: World) -> dict[str, Any]:
    """The enrollment of a nominated person, as a row for others."""
    values = {"status": EnrollmentStatus.CONFIRMED}
    values |= dict.fromkeys(("origin_id", "seat_id", "enrolled_by_id"))
    return _row(Enrollment, id=int(world.names["enrollment_id"])) | values


def _people(count: int, after: int) -> list[dict[str, Any]]:
    """What an enrollment says of each of the first `count` experts of the seed and its copies."""
    some = sa.select(Person.id.label("person_id"), Person.name_on_certificate)
    some = some.join(Expert, Expert.person_id == Person.id).where(Person.id > after)
    return [dict(row._mapping) for row in db.session.execute(some.order_by(Person.id).limit(count))]


def _enroll(seat: dict[str, Any], people: list[dict[str, Any]], line: int = 100) -> list[int]:
    rows = [seat | person | {"line": line + number} for number, person in enumerate(people)]
    statement = sa.insert(Enrollment).returning(Enrollment.id)
    return list(db.session.scalars(statement, rows)) if rows else []


def _add_results(ids: list[int], delivery_id: int) -> None:
    """Everyone was there, and passed."""
    sessions = db.session.scalars(
        sa.select(DeliverySession).where(DeliverySession.delivery_id == delivery_id)
    ).all()
    at = max(session.ends_at for session in sessions)
    marks = [
        {"session_id": session.id, "mark": MarkKind.PRESENT, "minutes": session.minutes}
        for session in sessions
    ]
    for enrollment_id in ids:
        values = {"enrollment_id": enrollment_id, "recorded_at": at}
        db.session.execute(sa.insert(Mark), [values | mark for mark in marks])
        db.session.execute(sa.insert(Score), [values | {"kind": ScoreKind.POST, "percent": 80}])


# Copies


def _copy(table: sa.Table, ids: dict[str, tuple[int, int]], first: int, last: int) -> None:
    """All copies from `first` to `last` of the table's seed, in one statement."""
    number = sa.select(sa.literal(first).label("number")).cte("copies", recursive=True)
    number = number.union_all(sa.select(number.c.number + 1).where(number.c.number < last))
    columns = [_copied(column, number.c.number) for column in table.columns]
    key = next(iter(table.primary_key))
    copies = sa.select(*columns).select_from(table).join(number, sa.true())
    copies = copies.where(key.between(*ids[table.name])).order_by(number.c.number, key)
    db.session.execute(sa.insert(table).from_select([c.name for c in table.columns], copies))


def _copied(column: sa.Column, number: Any) -> Any:
    if column.table.name == "delivery" and column.name == "code":
        return sa.cast(column, sa.String).concat("-").concat(sa.cast(number, sa.String))
    if _is_of_growing(column):
        return column + number * STEP
    return column


def _is_of_growing(column: sa.Column) -> bool:
    """Whether it says which row of a table that grows is meant."""
    owners = {foreign.column.table.name for foreign in column.foreign_keys}
    is_own = column.primary_key and not owners
    return is_own or bool(owners & set(TABLES))


def _copy_certificates(filled: Filled, first: int, last: int) -> None:
    """Each has its own number and code, so what it states differs, and its digest."""
    counters = {
        delivery.name: delivery
        for delivery in db.session.scalars(
            sa.select(Counter).where(Counter.name.startswith("certificate:"))
        )
    }
    seed = db.session.execute(
        sa.select(Certificate.__table__).where(Certificate.id.between(*filled.ids["certificate"]))
    ).all()
    stated = {row.id: CertificatePayload.from_dict(row.payload) for row in seed}
    for number in range(first, last + 1):
        rows = [_certificate(row._mapping, stated[row.id], number, counters) for row in seed]
        db.session.execute(sa.insert(Certificate), rows)
    for name, counter in counters.items():
        mark(name, counter.value)


def _certificate(
    row: Any, stated: CertificatePayload, copy: int, counters: dict[str, Counter]
) -> dict[str, Any]:
    year = row["issued_on"].year
    counter = counters[numbers.series_of(year)]
    counter.value += 1
    token = numbers.new_token()
    payload = replace(
        stated,
        number=numbers.format_number(year, counter.value),
        token=token,
        verify_url=snapshot.verify_url(token),
        delivery_code=f"{stated.delivery_code}-{copy}",
    )
    shifted = {
        name: row[name] + copy * STEP
        for name in ("id", "enrollment_id", "person_id", "delivery_id")
    }
    stating = {"number": payload.number, "token": token, "payload": payload.to_dict()}
    return {**row, **shifted, **stating, "payload_sha256": snapshot.digest(payload)}
