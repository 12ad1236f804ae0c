"""Lists as CSV files."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest

from core import exports


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@SUM(A1)", "|calc", "%0A", " =1+1", "\u00a0=1", "\u200b=1", "\ufeff=1", "＝1+1", "＋1", "－1", "＠x",
        "\t1", "\r1", "\n1", '\t"x"',
    ],
)  # fmt: skip
def test_a_text_that_looks_like_a_formula_is_kept_as_text(text: str) -> None:
    assert exports.cell(text) == "'" + text


@pytest.mark.parametrize("text", ["Amina", "a=b", "", "1-2", "née", "عائشة", "'=1"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert exports.cell(text) == text


def test_numbers_dates_and_nothing() -> None:
    assert [exports.cell(v) for v in (-5, 2.5, None, date(2027, 3, 8))] == ["-5", "2.5", "", "2027-03-08"]
    assert exports.cell(datetime(2027, 3, 8, 9, tzinfo=UTC)) == "2027-03-08T09:00:00+00:00"


def test_the_file_begins_with_a_mark_and_reads_back() -> None:
    text = exports.csv_text(["Name", "=header"], [["Zoë, “Z”", 'a "quote"\nand a line']])
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:], newline=""))) == [["Name", "'=header"], ["Zoë, “Z”", 'a "quote"\nand a line']]


def test_the_answer_is_a_download(context) -> None:
    with context.test_request_context():
        answer = exports.csv_response('people"\r\n.csv', ["a"], [[1]])
    assert answer.headers["Content-Disposition"] == "attachment; filename=people-.csv"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
