"""The growth table of `make bench`, at sizes that take seconds: its filler follows the models, and
its addresses the routes."""

from __future__ import annotations

import pytest
from flask import Flask

from core import checking
from core.database import db
from roster import services
from tests.load import filling, growth

SEED, SIZE = 20, 60


@pytest.mark.long
@pytest.mark.both_databases
def test_copies_of_the_seed_are_sound(app: Flask) -> None:
    """What is measured at a hundred thousand is what the services would have made of them."""
    with app.app_context():
        filled = filling.begin(app, SEED)
        before = checking.breaches()
        db.session.rollback()
        filling.grow(filled, SIZE)
        assert sorted(checking.breaches()) == sorted(before)
        assert list(services.differences()) == []


@pytest.mark.long
def test_pages_of_a_larger_database_are_measured(app: Flask, capsys: pytest.CaptureFixture) -> None:
    with app.app_context():
        filled = filling.begin(app, SEED)
    visitors, lines = growth.Visitors(filled.world), growth.Lines()
    for size in (SEED, SIZE):
        with app.app_context():
            filling.grow(filled, size)
        growth.measure_pages(visitors, lines, every=12, seconds=0)
    lines_complete = lines.complete(2)
    assert len(lines_complete) > 20
    growth.print_table(lines_complete, "sqlite", (SEED, SIZE))
    assert "exponent" in capsys.readouterr().out
