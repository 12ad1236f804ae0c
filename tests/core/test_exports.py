"""Lists as CSV files."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, Response
from python_calamine import CalamineWorkbook

from core import exports
from core.audit import AuditEntry
from core.database import db
from core.settings import ROOT
from tests import factories
from tests.guards import source


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "|calc",
        "%0A",
        " =1+1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "\t1",
        "\r1",
        "\n1",
        '\t"x"',
    ],
)
def test_a_text_that_looks_like_a_formula_is_kept_as_text(text: str) -> None:
    assert exports.cell(text) == "'" + text


@pytest.mark.parametrize("text", ["Amina", "a=b", "", "1-2", "née", "عائشة", "'=1"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert exports.cell(text) == text


def test_numbers_dates_and_nothing() -> None:
    assert [exports.cell(v) for v in (-5, 2.5, None, date(2027, 3, 8))] == [
        "-5",
        "2.5",
        "",
        "2027-03-08",
    ]
    assert exports.cell(datetime(2027, 3, 8, 9, tzinfo=UTC)) == "2027-03-08T09:00:00+00:00"


def test_the_file_begins_with_a_mark_and_reads_back() -> None:
    file = io.BytesIO()
    exports.write_csv(file, ["Name", "=header"], [["Zoë, “Z”", 'a "quote"\nand a line']])
    text = file.getvalue().decode()
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text[1:], newline=""))) == [
        ["Name", "'=header"],
        ["Zoë, “Z”", 'a "quote"\nand a line'],
    ]


@pytest.fixture
def export(context: Flask) -> Callable[..., Response]:
    """A download of these rows by someone, asked for at this address."""
    actor = factories.actor()

    def ask(rows: Any, address: str = "/", **options: Any) -> Response:
        with context.test_request_context(address):
            return exports.download(
                actor, "register", 'people"\r\n', ["Name", "Day", "Score"], rows, **options
            )

    return ask


def content(answer: Response) -> bytes:
    return b"".join(answer.iter_encoded())


def test_the_answer_is_a_download(export: Callable[..., Response]) -> None:
    answer = export([["a", None, 1]])
    assert answer.headers["Content-Disposition"] == "attachment; filename=people.csv"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", '\ufeffName;Day;Score\r\n"Zoë; Z";2027-03-08;82,5\r\n'),
        ("en", "\ufeffName,Day,Score\r\nZoë; Z,2027-03-08,82.5\r\n"),
    ],
)
def test_a_french_reader_gets_semicolons_and_decimal_commas(
    export: Callable[..., Response], language: str, expected: str
) -> None:
    assert (
        content(export([["Zoë; Z", date(2027, 3, 8), 82.5]], f"/?lang={language}")).decode()
        == expected
    )


def test_a_workbook_has_real_dates_and_numbers_and_texts_that_are_no_formulas(
    export: Callable[..., Response],
) -> None:
    rows = [["=1+1", date(2027, 3, 8), 82.5], ["https://example.org", None, "00123"]]
    answer = export(rows, "/?format=xlsx")
    assert answer.headers["Content-Disposition"] == "attachment; filename=people.xlsx"
    file = content(answer)
    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    assert book.get_sheet_by_index(0).to_python() == [
        ["Name", "Day", "Score"],
        ["=1+1", date(2027, 3, 8), 82.5],
        ["https://example.org", "", "00123"],
    ]
    with zipfile.ZipFile(io.BytesIO(file)) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    assert '<autoFilter ref="A1:C3"/>' in sheet and "<f>" not in sheet and "hyperlink" not in sheet


def test_what_one_sheet_cannot_hold_goes_on_in_the_next(
    export: Callable[..., Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "LONGEST_SHEET", 3)
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(content(export([[n] for n in range(5)], "/?format=xlsx")))
    )
    sheets = [[row[0] for row in book.get_sheet_by_index(n).to_python()] for n in range(3)]
    assert sheets == [["Name", 0, 1], ["Name", 2, 3], ["Name", 4]]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_file_leaves_a_trace_of_who_took_how_many(
    export: Callable[..., Response], kind: str
) -> None:
    export(([n] for n in range(7)), f"/?format={kind}")
    entry = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert entry.action == "register.exported" and json.loads(entry.body)["facts"] == {
        "format": kind,
        "rows": 7,
    }


def test_no_view_makes_a_file_of_a_list_in_another_way() -> None:
    """The guard of the rule: whoever takes a list away leaves a trace, and gets all of it."""
    other = re.compile(r"text/csv|import csv|csv\.writer|xlsxwriter")
    places = [
        p.relative_to(ROOT).as_posix()
        for p in source.files()
        if other.search(p.read_text(encoding="utf-8"))
    ]
    assert set(places) <= {"core/exports.py", *TEMPLATES_AND_READERS}


#: They read files, or make an empty one to fill in.
TEMPLATES_AND_READERS = {
    "core/lookup.py",
    "enrollment/nomination_files/table.py",
    "enrollment/nomination_files/template.py",
    "enrollment/views/nominate.py",
}
