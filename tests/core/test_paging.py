"""Pages of what a reader may see for several reasons."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from core.paging import every, newest
from people.models import Person
from tests import factories

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_rows_of_several_ways_come_once_and_in_order(app: Flask, limit: int) -> None:
    ways = Person.id % 2 == 0, Person.id % 3 == 0
    with app.app_context():
        ids = [factories.person().id for _ in range(12)]
        people = every(
            lambda after: newest(sa.select(Person), Person.id, ways=ways, after=after, limit=limit)
        )
        assert [person.id for person in people] == [
            key for key in reversed(ids) if key % 2 == 0 or key % 3 == 0
        ]
        page = newest(sa.select(Person), Person.id, ways=(), after=None, limit=limit)
    assert page.items == []
