"""What a broad search costs on SQLite. (PostgreSQL chooses its way by itself.)"""

from __future__ import annotations

import pytest
from flask import Flask

from core import counting
from demonstration.experts import load_experts
from roster import search
from tests.roster.test_search import BROAD, ask
from tests.rows_read import steps_of


@pytest.mark.parametrize("question", BROAD, ids=str)
def test_a_page_of_a_broad_search_reads_no_more_of_more_experts(
    context: Flask, monkeypatch: pytest.MonkeyPatch, question: dict
) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTED", 5)
    costs = []
    for count, seed in ((200, 2), (1000, 3)):
        load_experts(count, seed=seed)
        filters = ask(**question)
        costs.append(
            steps_of(lambda filters_=filters: search.expert_page(filters_, after=None, limit=2))
        )
    assert costs[1] <= costs[0] * 2 + 500, costs
