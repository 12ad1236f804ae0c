"""`flask check` needs as much memory for a large database as for a small one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from core import checking
from core.database import db, streamed, transaction
from core.numbering import Counter
from courses.models import Delivery, Pool
from tests import factories
from tests.enrollment import makers

#: PostgreSQL takes 65,535 values in a statement.
MANY = 70_000


def test_each_breach_is_printed_as_it_is_noticed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> Iterator[str]:
        yield checking.Note("this is accounted for")
        yield "this is wrong"
        raise RuntimeError("what comes later")

    monkeypatch.setitem(app.extensions, "checks", [check])
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.output == "note: this is accounted for\nthis is wrong\n"
    assert result.exit_code == 1


@pytest.mark.both_databases
def test_rows_are_read_in_parts(context: Flask) -> None:
    with transaction():
        factories.plant(
            sa.insert(Counter.__table__),
            [{"name": f"series:{number}", "value": number} for number in range(1200)],
        )
    rows = streamed(sa.select(Counter.value))
    assert len(next(rows.partitions())) == 500
    assert len(list(rows)) == 700
    db.session.rollback()


@pytest.mark.long
@pytest.mark.both_databases
def test_more_deliveries_than_values_of_a_statement(context: Flask) -> None:
    like = makers.delivery()
    of_like = sa.select(Delivery.__table__).where(Delivery.id == like.id)
    row = dict(db.session.execute(of_like).one()._mapping)
    ids = range(like.id + 1, like.id + 1 + MANY)
    rows = [
        row | {"id": number, "code": f"MANY-{number}", "calendar_uid": f"many-{number}"}
        for number in ids
    ]
    with transaction():
        factories.plant(sa.insert(Delivery.__table__), rows)
    assert checking.breaches() == []
    too_many = {"delivery_id": ids[-1], "category": "police", "places": like.places + 1}
    with transaction():
        factories.plant(sa.insert(Pool.__table__), [too_many])
    assert checking.breaches() == [
        f"places: the pools of MANY-{ids[-1]} add up to more than its places"
    ]
