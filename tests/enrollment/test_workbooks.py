"""XLSX, XLS and ODS files are read like CSV, within limits, and what they hide is told."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from enrollment.nomination_files import (
    COLUMNS,
    Answers,
    NominationFile,
    UnreadableFile,
    read,
    workbook_template,
)
from enrollment.nomination_files.carrying import of_value, to_text
from tests.enrollment.workbook_makers import (
    HEADINGS,
    PEOPLE,
    Error,
    Zeros,
    changed,
    ods,
    part,
    xls,
    xlsx,
)

TODAY = date(2026, 11, 23)
KINDS = [xlsx, xls, ods]
every_kind = pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)


def reading(data: bytes, **answers: Any) -> NominationFile:
    return read(data, today=TODAY, answers=Answers(**answers))


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        reading(data)
    return caught.value.code


def codes(file: NominationFile) -> list[tuple[int, str, str]]:
    return [(p.row, p.column, p.code) for row in file.rows for p in row.problems]


@every_kind
def test_people_are_read_with_their_letters_and_dates(make: Callable[..., bytes]) -> None:
    file = reading(make([HEADINGS, *PEOPLE]))
    assert codes(file) == []
    assert [
        tuple(row.fields[c] for c in ("given_name", "family_name", "birth_date"))
        for row in file.rows
    ] == [(person[1], person[2], person[6]) for person in PEOPLE]
    assert [row.row for row in file.rows] == [2, 3, 4]
    assert not file.checked.choice.asks


@every_kind
def test_numbers_keep_what_their_cells_show(make: Callable[..., bytes]) -> None:
    rows = [[Zeros(123), *PEOPLE[0][1:]], [124, *PEOPLE[1][1:]], [125.0, *PEOPLE[2][1:]]]
    assert [row.fields["identifier"] for row in reading(make([HEADINGS, *rows])).rows] == [
        "00123",
        "124",
        "125",
    ]


@every_kind
def test_errors_come_as_their_text(make: Callable[..., bytes]) -> None:
    file = reading(
        make([HEADINGS, ["A-1", "Amina", Error("#N/A"), "a@example.org", "SN", "police"]])
    )
    assert file.rows[0].values["family_name"] == "#N/A"


@every_kind
def test_a_number_among_the_dates_is_a_day(make: Callable[..., bytes]) -> None:
    file = reading(make([HEADINGS, PEOPLE[0], [*PEOPLE[1][:6], 32216]]))
    assert file.rows[1].fields["birth_date"] == date(1988, 3, 14)


@pytest.mark.parametrize(
    ("make", "name", "old", "new"),
    [
        (xlsx, "xl/workbook.xml", b"<workbookPr ", b'<workbookPr date1904="1" '),
        (xls, "", b"\x22\0\x02\0\0\0", b"\x22\0\x02\0\x01\0"),
        (
            ods,
            "content.xml",
            b"<office:spreadsheet>",
            b"<office:spreadsheet><table:calculation-settings><table:null-date "
            b'table:date-value="1904-01-01"/>'
            b"</table:calculation-settings>",
        ),
    ],
)
def test_a_workbook_that_counts_from_1904_is_believed(
    make: Callable[..., bytes], name: str, old: bytes, new: bytes
) -> None:
    book = make([HEADINGS, [*PEOPLE[0][:6], 30754], [*PEOPLE[1][:6], 1988]])
    content = part(book, name) if name else book
    assert content.count(old) == 1
    content = content.replace(old, new)
    file = reading(changed(book, {name: content}) if name else content)
    assert file.rows[0].fields["birth_date"] == date(1988, 3, 14)
    assert codes(file) == [(3, "birth_date", "unknown_date")]


@every_kind
def test_titles_may_stand_above_the_headings(make: Callable[..., bytes]) -> None:
    file = reading(make([["Nominations 2026"], [None], HEADINGS, *PEOPLE]))
    assert [row.row for row in file.rows] == [4, 5, 6]


@every_kind
def test_hidden_rows_are_asked_about(make: Callable[..., bytes]) -> None:
    data = make([HEADINGS, *PEOPLE], hidden=[2])
    file = reading(data)
    assert file.sheet.hidden == (3,)
    assert file.checked.asks_hidden
    assert [row.row for row in reading(data, with_hidden=False).rows] == [2, 4]
    taken = reading(data, with_hidden=True)
    assert [row.row for row in taken.rows] == [2, 3, 4]
    assert not taken.checked.asks_hidden


@every_kind
def test_hidden_columns_and_merged_cells_are_told(make: Callable[..., bytes]) -> None:
    rows = [HEADINGS, PEOPLE[0], [*PEOPLE[1][:4], "CA", "police"], [*PEOPLE[2][:4], None, "police"]]
    file = reading(make(rows, hidden_columns=[3], merged=[(2, 4, 3, 4)]))
    assert dict(file.sheet.notes) == {"hidden_columns": "Email", "merged": "E3:E4"}
    assert codes(file) == [(4, "country", "required")]


@pytest.mark.parametrize("make", [xlsx, ods], ids=["xlsx", "ods"])
def test_hidden_sheets_are_left_out_and_told(make: Callable[..., bytes]) -> None:
    file = reading(
        make([HEADINGS, *PEOPLE], hidden_sheets={"Secret": [HEADINGS, ["X", "Hidden", "Person"]]})
    )
    assert ("hidden_sheets", "Secret") in file.sheet.notes
    assert [row.fields["given_name"] for row in file.rows] == [person[1] for person in PEOPLE]


def test_the_first_sheet_with_the_headings_is_read_and_named() -> None:
    file = reading(
        xlsx(
            [HEADINGS, *PEOPLE],
            before={"Notes": [["How to fill this in"], ["Given name", "means this"]]},
        )
    )
    assert ("sheet", "People") in file.sheet.notes
    assert len(file.rows) == 3


def test_damage_from_before_is_noticed_in_a_workbook_too() -> None:
    file = reading(xlsx([HEADINGS, ["A-1", "ZoÃ«", "Test", "a@example.org", "CA", "police"]]))
    assert file.checked.choice.asks
    assert file.checked.choice.offered[0].samples == ("Zoë Test",)


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_the_template_reads_without_a_problem(locale: str) -> None:
    file = reading(workbook_template(locale))
    assert file.columns == COLUMNS
    assert codes(file) == []
    assert file.rows[0].fields["birth_date"] == date(1988, 3, 14)


@every_kind
def test_sheets_without_what_is_needed_say_so(make: Callable[..., bytes]) -> None:
    assert refusal(make([["Shoe size"], [43]])) == "no_header"
    assert refusal(make([HEADINGS])) == "no_rows"
    assert (
        refusal(make([["Given name", "Email", "Country"], ["Amina", "a@example.org", "SN"]]))
        == "missing_columns"
    )


def test_what_travels_in_the_page_comes_back_whole() -> None:
    import json

    sheet = reading(xlsx([HEADINGS, *PEOPLE], hidden=[2])).sheet
    assert of_value(json.loads(to_text(sheet)), sheet.answers) == sheet


class TestDanger:
    GOOD = xlsx([HEADINGS, *PEOPLE])

    def test_a_bomb_is_refused_before_it_is_unpacked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = changed(self.GOOD, {"xl/worksheets/sheet9.xml": b" " * 100_000_000})
        monkeypatch.delattr("zipfile.ZipFile.open")
        assert refusal(data) == "workbook_too_large"

    def test_a_bomb_that_lies_about_its_size(self) -> None:
        data = bytearray(changed(self.GOOD, {"zz.xml": b" " * 100_000_000}))
        struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, 1000)
        struct.pack_into("<I", data, data.rfind(b"PK\x03\x04") + 22, 1000)
        assert refusal(bytes(data)) in ("damaged_workbook", "workbook_too_large")

    def test_a_cell_far_away_makes_no_table_of_millions(self) -> None:
        far = xlsx([HEADINGS, *PEOPLE])
        sheet = part(far, "xl/worksheets/sheet1.xml").replace(
            b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        )
        assert refusal(changed(far, {"xl/worksheets/sheet1.xml": sheet})) == "workbook_too_large"
        book = xlwt.Workbook()
        old = book.add_sheet("People")
        old.write(65535, 255, "x")
        content = io.BytesIO()
        book.save(content)
        assert refusal(content.getvalue()) == "workbook_too_large"

    def test_repeated_cells_are_counted(self) -> None:
        good = ods([HEADINGS, *PEOPLE])
        content = part(good, "content.xml").replace(
            b"<table:table-row", b'<table:table-row table:number-rows-repeated="1000000"', 1
        )
        assert refusal(changed(good, {"content.xml": content})) == "workbook_too_large"

    @pytest.mark.parametrize(
        "name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"]
    )
    def test_entities_are_refused(self, name: str) -> None:
        xml = part(self.GOOD, name)
        at = xml.index(b"?>") + 2
        laughs = b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
        assert (
            refusal(changed(self.GOOD, {name: xml[:at] + laughs + xml[at:]})) == "damaged_workbook"
        )

    def test_macros_passwords_and_other_archives_are_named(self) -> None:
        assert refusal(changed(self.GOOD, {"xl/vbaProject.bin": b"x"})) == "workbook_with_macros"
        assert refusal(changed(self.GOOD, {"xl/workbook.bin": b"x"})) == "unknown_workbook"
        good = ods([HEADINGS, *PEOPLE])
        manifest = part(good, "META-INF/manifest.xml").replace(
            b"</manifest:manifest>", b"<x:encryption-data/></manifest:manifest>"
        )
        assert refusal(changed(good, {"META-INF/manifest.xml": manifest})) == "encrypted_workbook"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as new:
            new.writestr("nominations.csv", "x")
        assert refusal(archive.getvalue()) == "not_text"

    def test_a_password_of_excel(self) -> None:
        old = bytearray(xls([HEADINGS, *PEOPLE]))
        name = "EncryptedPackage".encode("utf-16-le")
        at = bytes(old).index("Workbook".encode("utf-16-le"))
        old[at : at + len(name)] = name
        struct.pack_into("<H", old, at + 64, len(name) + 2)
        assert refusal(bytes(old)) == "encrypted_workbook"

    @every_kind
    @given(data=st.data())
    @settings(deadline=None, max_examples=40)
    def test_broken_bytes_end_in_a_refusal_or_a_file(
        self, make: Callable[..., bytes], data: st.DataObject
    ) -> None:
        workbook = BROKEN[make]
        start = data.draw(st.integers(0, len(workbook)))
        end = data.draw(st.integers(start, min(len(workbook), start + 200)))
        broken = workbook[:start] + data.draw(st.binary(max_size=20)) + workbook[end:]
        try:
            assert reading(broken).rows
        except UnreadableFile as error:
            assert str(error.message)


BROKEN = {make: make([HEADINGS, *PEOPLE]) for make in KINDS}
