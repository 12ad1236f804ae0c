"""Nomination files are read rightly, whatever program wrote them, and each fault is named with
its remedy."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.i18n import in_language
from enrollment.nomination_files import (
    COLUMNS,
    MAX_BYTES,
    MAX_LENGTHS,
    MAX_ROWS,
    Answers,
    NominationFile,
    NominationRow,
    UnreadableFile,
    check_row,
    heading,
    parse_category,
    parse_gender,
    read,
    template,
)
from enrollment.nomination_files.columns import HEADINGS, column_of
from people.values import parse_rank_code
from tests.counting import few_marks_sorted

FILES = Path(__file__).parent / "files"
TODAY = date(2026, 11, 23)
HEADER = "given_name,family_name,email,country,category"
GOOD = {
    "given_name": "Amina",
    "family_name": "Diop",
    "email": "amina@example.org",
    "country": "SN",
    "category": "police",
}


@pytest.fixture(scope="class")
def without_mail_server() -> Iterator[None]:
    """Whether an address can be written to is asked of the application's mail server; here there
    is none."""
    app = Flask(__name__)
    Babel(app)
    app.extensions["settings"] = SimpleNamespace(mail_url=None)
    with app.app_context():
        yield


def reading(data: bytes | str, **answers: Any) -> NominationFile:
    return read(
        data.encode() if isinstance(data, str) else data, today=TODAY, answers=Answers(**answers)
    )


def row_with(**values: str) -> NominationRow:
    return check_row(2, {**GOOD, **values}, today=TODAY)


def codes(row: NominationRow) -> list[tuple[str, str]]:
    return [(problem.column, problem.code) for problem in row.problems]


def refusal(data: bytes | str) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        reading(data)
    return caught.value


def sheet(*rows: Mapping[str, str], delimiter: str = ",") -> str:
    """A file with the good row under each of the given changes; addresses differ unless they are
    given."""
    columns = list(dict.fromkeys([*GOOD, *(column for row in rows for column in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter)
    writer.writeheader()
    for number, row in enumerate(rows):
        writer.writerow({**GOOD, "email": f"person{number}@example.org", **row})
    return text.getvalue()


class TestRealFiles:
    def test_canada(self) -> None:
        file = reading((FILES / "nominations-canada.csv").read_bytes())
        assert (file.encoding, file.delimiter, file.unknown_columns) == ("utf-8-sig", ",", ())
        assert file.columns[0] == "identifier"
        assert [row.row for row in file.rows] == list(range(2, 12))
        assert all(row.is_good for row in file.rows)
        first, independent, arabic = (file.rows[i].fields for i in (0, 4, 5))
        assert first["given_name"] == "Zoë"
        assert first["family_name"] == "Lefèvre-Nguyễn"
        assert first["rank_code"] == "OF-2"
        assert independent["organization"] == "Human rights monitor, independent"
        assert arabic["name_on_certificate"] == "محمد بن عبد الرحمن"
        assert {row.fields["country"] for row in file.rows} == {"CA"}

    def test_senegal(self) -> None:
        file = reading((FILES / "nominations-senegal-excel.csv").read_bytes())
        assert (file.encoding, file.delimiter) == ("Windows-1252", ";")
        assert file.headings["given_name"] == "Prénom"
        assert file.date_order_question is False
        assert [(p.row, p.column, p.value, p.code) for row in file.rows for p in row.problems] == [
            (7, "email", "ousmane.fall(at)police.example.sn", "bad_email"),
            (8, "gender", "X?", "unknown_gender"),
            (8, "birth_date", "31/02/1990", "bad_date"),
            (8, "category", "Gendarme", "unknown_category"),
            (9, "email", "aissatou.diop@police.example.sn", "duplicate"),
        ]
        second = file.rows[1].fields
        assert (second["given_name"], second["family_name"]) == ("Étienne", "N’Diaye")
        assert (second["country"], second["gender"], second["category"]) == (
            "SN",
            "male",
            "military",
        )
        assert second["birth_date"] == date(1985, 11, 2)

    def test_a_utf16_file_with_a_header_only(self) -> None:
        assert refusal((FILES / "nominations-empty-utf16.txt").read_bytes()).code == "no_rows"

    def test_every_problem_has_a_remedy_in_words(self) -> None:
        file = reading((FILES / "nominations-senegal-excel.csv").read_bytes())
        app = Flask(__name__)
        Babel(app)
        with app.app_context():
            remedies = {p.code: str(p.remedy) for row in file.rows for p in row.problems}
        assert remedies["unknown_category"].startswith(
            "“Gendarme” is not a category. Write one of civilian,"
        )
        assert remedies["duplicate"].startswith("Row 2 has the same name and email address.")
        assert "year-month-day" in remedies["bad_date"]
        assert all(remedy.endswith(".") for remedy in remedies.values())


FRENCH = (
    "Prénom\tNom\tCourriel\tPays\tCatégorie\r\nAïcha\tN'Diaye\ta@example.org\tSénégal\tcivile\r\n"
)


class TestEncodings:
    @pytest.mark.parametrize(
        ("data", "encoding"),
        [
            (FRENCH.encode("utf-8"), "utf-8"),
            (FRENCH.encode("utf-8-sig"), "utf-8-sig"),
            (FRENCH.encode("windows-1252"), "Windows-1252"),
            (b"\xff\xfe" + FRENCH.encode("utf-16-le"), "utf-16-le"),
            (b"\xfe\xff" + FRENCH.encode("utf-16-be"), "utf-16-be"),
            (FRENCH.encode("utf-16-le"), "utf-16-le"),
            (FRENCH.encode("utf-16-be"), "utf-16-be"),
        ],
    )
    def test_read(self, data: bytes, encoding: str) -> None:
        file = reading(data)
        assert (file.encoding, file.delimiter) == (encoding, "\t")
        assert file.rows[0].fields["given_name"] == "Aïcha"
        assert file.rows[0].is_good

    def test_windows_1252_punctuation(self) -> None:
        data = f"{HEADER}\nZo\u00eb,N\u2019Diaye \u2013 \u0152uvr\u00e9,a@example.org,SN,police\n"
        assert (
            reading(data.encode("windows-1252")).rows[0].fields["family_name"] == "N’Diaye – Œuvré"
        )

    def test_a_windows_1252_file_where_a_capital_meets_punctuation(self) -> None:
        """É» is also a UTF-8 sequence: among enough real accents it does not count."""
        data = f"{HEADER}\n«ANDRÉ»,Émérité,a@example.org,Sénégal,police\n".encode("windows-1252")
        assert reading(data).encoding == "Windows-1252"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b"\xff\xfe", "empty"),
            (b" \r\n\t\r\n", "empty"),
            (b"PK\x03\x04" + b"..[Content_Types].xml..xl/workbook.xml", "damaged_workbook"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "damaged_workbook"),
            (b"%PDF-1.7\n", "not_text"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not_text"),
            (HEADER.encode() + b"\nAmina,Di\0op,a@example.org,SN,police\n", "not_text"),
            (
                HEADER.encode() + b"\nAm\xb6\xb7ina,Diop,a@example.org,SN,police\n",
                "unknown_encoding",
            ),
            (
                HEADER.encode() + b"\nZo\xc3\xab,Diop,a@example.org,S\xe9n,police\n",
                "ambiguous_encoding",
            ),
            (f"{HEADER}\nZoë,Lefèvre".encode() + b"\xc3", "ambiguous_encoding"),
            (b"\xef\xbb\xbf" + HEADER.encode() + b"\nZo\xeb", "damaged_text"),
            (b"\xff\xfe" + FRENCH.encode("utf-16-le")[:-1], "damaged_text"),
            (b"\xff\xfe" + b"a\0\0\xd8b\0", "damaged_text"),
            (b"x" * (MAX_BYTES + 1), "too_large"),
        ],
    )
    def test_refused(self, data: bytes, code: str) -> None:
        assert refusal(data).code == code

    def test_a_file_of_100_mb_is_refused(self) -> None:
        assert refusal(bytes(100 * 1024 * 1024)).code == "too_large"

    def test_a_file_at_the_limit_is_read(self) -> None:
        rows = f"{HEADER},needs\nAmina,Diop,a@example.org,SN,police,".encode()
        padded = rows + b"\n" * (MAX_BYTES - len(rows))
        assert len(reading(padded).rows) == 1


class TestTable:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiters(self, delimiter: str) -> None:
        file = reading(sheet({"organization": "Army, 2nd; north | east"}, delimiter=delimiter))
        assert file.delimiter == delimiter
        assert file.rows[0].fields["organization"] == "Army, 2nd; north | east"

    def test_the_delimiter_is_the_one_that_makes_sense_of_the_header(self) -> None:
        header = '"Notes, internal, draft, do not send, please";' + HEADER.replace(",", ";")
        file = reading(f"{header}\nx;Amina;Diop;a@example.org;SN;police\n")
        assert file.delimiter == ";"
        assert file.rows[0].is_good

    def test_the_delimiter_that_excel_states(self) -> None:
        file = reading(
            "sep=;\r\n" + HEADER.replace(",", ";") + "\r\nAmina;Diop;a@example.org;SN;x\r\n"
        )
        assert file.delimiter == ";"
        assert file.rows[0].row == 2, "Excel does not count that line"

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends(self, end: str) -> None:
        assert len(reading(sheet({}, {}).replace("\r\n", end)).rows) == 2

    def test_rows_are_numbered_as_in_the_spreadsheet(self) -> None:
        good = "Amina,Diop,{}@example.org,SN,police"
        lines = [
            "",
            HEADER,
            good.format("a"),
            "",
            ",,,,",
            " \u00a0,\u200b,,,",
            good.format("b"),
            "",
        ]
        assert [row.row for row in reading("\n".join(lines)).rows] == [3, 7]

    def test_a_cell_with_line_ends_is_one_row(self) -> None:
        file = reading(sheet({"needs": "ramp\nno stairs"}, {"needs": 'says "hello", twice'}))
        assert [row.row for row in file.rows] == [2, 3]
        assert file.rows[0].values["needs"] == "ramp\nno stairs"
        assert file.rows[0].fields["needs"] == "ramp no stairs"
        assert file.rows[1].fields["needs"] == 'says "hello", twice'

    @pytest.mark.parametrize("cell", ['"Amina', '"Ami"na', '"Amina" '])
    def test_broken_quoting_names_the_row(self, cell: str) -> None:
        good = "Amina,Diop,a@example.org,SN,police"
        error = refusal(f"{HEADER}\n{good}\n{cell},Diop,b@example.org,SN,police\n{good}\n")
        assert error.code == "broken_quoting"
        assert "row 3" in str(error.message)

    def test_broken_quoting_of_the_header(self) -> None:
        assert refusal('"given_name,email\nx,y\n').code == "broken_quoting"

    def test_a_cell_of_a_whole_book_is_named_for_what_it_is(self) -> None:
        good = "Amina,Diop,a@example.org,SN,police"
        error = refusal(f"{HEADER}\n{good}\n{'x' * 200_000},Diop,b@example.org,SN,police\n")
        assert error.code == "cell_too_long"
        assert "row 3" in str(error.message)

    def test_too_many_rows(self) -> None:
        assert len(reading(sheet(*[{}] * MAX_ROWS)).rows) == MAX_ROWS
        assert refusal(sheet(*[{}] * (MAX_ROWS + 1))).code == "too_many_rows"

    def test_too_many_columns(self) -> None:
        assert refusal(HEADER + ",x" * 200 + "\nAmina\n").code == "too_many_columns"

    def test_a_header_only(self) -> None:
        assert refusal(HEADER).code == "no_rows"
        assert refusal(f"{HEADER}\n,,,,\n\n").code == "no_rows"

    def test_cells_missing_at_the_end_are_blank(self) -> None:
        file = reading(f"{HEADER},needs,rank\nAmina,Diop,a@example.org,SN,police\n")
        assert file.rows[0].is_good
        assert file.rows[0].fields["rank"] == ""

    @pytest.mark.parametrize("extra", ["x", ""])
    def test_more_cells_than_headings(self, extra: str) -> None:
        row = reading(f"{HEADER}\nAmina,Diop,a@example.org,SN,police,{extra}\n").rows[0]
        assert [(p.column, p.value, p.code) for p in row.problems] == [("F", extra, "extra_cells")]

    def test_a_cell_under_a_blank_heading(self) -> None:
        file = reading(
            f"{HEADER},,\nAmina,Diop,a@example.org,SN,police,,\nA,B,b@example.org,SN,police,,x\n"
        )
        assert codes(file.rows[0]) == []
        assert codes(file.rows[1]) == [("G", "no_heading")]


class TestHeadings:
    @pytest.mark.parametrize(
        ("text", "column"),
        [
            ("Prénom", "given_name"),
            ("PRENOM", "given_name"),
            ("First name", "given_name"),
            ("Given_Name", "given_name"),
            ("Nom", "family_name"),
            ("Nom de famille", "family_name"),
            ("Surname", "family_name"),
            ("Last name", "family_name"),
            ("FamilyName", "family_name"),
            ("Courriel", "email"),
            ("E-mail", "email"),
            ("e-mail *", "email"),
            ("Adresse électronique", "email"),
            ("Pays", "country"),
            ("Nationalité ?", "nationalities"),
            ("Sexe", "gender"),
            ("Genre", "gender"),
            ("Catégorie", "category"),
            ("Cate\u0301gorie", "category"),
            ("Grade", "rank"),
            ("Code OTAN", "rank_code"),
            ("Organisation", "organization"),
            ("Organisme", "organization"),
            ("Langue", "language"),
            ("Besoins", "needs"),
            ("Date de naissance (jj/mm/aaaa)", "birth_date"),
            ("Date of birth", "birth_date"),
            ("DOB", "birth_date"),
            ("Nom sur le certificat", "name_on_certificate"),
            ("Matricule", "identifier"),
            ("Matricule ou numéro de personnel", "identifier"),
            ("Identifier", "identifier"),  # what our own template said before
            ("Identifiant", "identifier"),
            ("Issuer of the identifier", "identifier_issuer"),
            ("Émetteur de l’identifiant", "identifier_issuer"),
            ("N° de service", "identifier"),
            ("№ de matricule", "identifier"),
            ("Service No.", "identifier"),
            ("Staff ID", "identifier"),
            ("Prénom / Given name", "given_name"),
            ("\u00a0Courriel\u200b", "email"),
            ("Nom / Prénom", "family_given_name"),
            ("Prénom et nom", "given_family_name"),
            ("Full name", "full_name"),
            ("Shoe size", None),
            ("", None),
            ("()", None),
        ],
    )
    def test_words(self, text: str, column: str | None) -> None:
        assert column_of(text) == column

    def test_the_headings_we_write_are_understood(self) -> None:
        for locale, headings in HEADINGS.items():
            assert tuple(headings) == COLUMNS
            assert [column_of(heading(column, locale)) for column in COLUMNS] == list(COLUMNS)

    def test_unknown_columns_are_named_and_left_out(self) -> None:
        file = reading(f"{HEADER},Shoe size\nAmina,Diop,a@example.org,SN,police,43\n")
        assert file.unknown_columns == ("Shoe size",)
        assert file.columns == tuple(HEADER.split(","))
        assert file.rows[0].is_good

    @pytest.mark.parametrize("column", ["Fonction", "Qualité", "Capacity", "Type of personnel"])
    def test_what_people_do_at_work_is_no_subcategory(self, column: str) -> None:
        """Ministries' own lists have such columns, with job titles in them."""
        file = reading(f"{HEADER},{column}\nAmina,Diop,a@example.org,SN,police,Team leader\n")
        assert file.unknown_columns == (column,)
        assert file.rows[0].is_good

    @pytest.mark.parametrize("column", ["given_name", "email", "country", "category"])
    def test_a_needed_column_is_missing(self, column: str) -> None:
        error = refusal(sheet({}).replace(column, "Shoe size"))
        assert error.code == "missing_columns"
        assert heading(column, "en") in str(error.message)
        assert "Shoe size" in str(error.message)

    def test_missing_columns_are_named_in_the_readers_language(self) -> None:
        app = Flask(__name__)
        Babel(app)
        error = refusal("given_name,email,country\nAmina,a@example.org,SN\n")
        with app.app_context(), in_language("fr"):
            assert "Catégorie" in str(error.message)

    def test_a_family_name_column_may_be_missing(self) -> None:
        row = reading(
            "given_name,email,country,category\nSukarno,a@example.org,ID,civilian\n"
        ).rows[0]
        assert row.is_good
        assert row.fields["name_on_certificate"] == "Sukarno"

    def test_no_header(self) -> None:
        assert refusal("Amina,Diop,amina@example.org,Sénégal,Gendarme\n").code == "no_header"

    def test_two_columns_that_mean_the_same(self) -> None:
        error = refusal(HEADER + ",Courriel\nAmina,Diop,a@example.org,SN,police,b@example.org\n")
        assert error.code == "duplicate_columns"
        assert "Courriel" in str(error.message)
        assert error.field == "file"


class TestText:
    def test_a_good_row(self) -> None:
        row = row_with()
        assert row.is_good
        assert row.fields == {
            **GOOD,
            "nationalities": (),
            "identifier": "",
            "identifier_issuer": "",
            "name_on_certificate": "Amina Diop",
            "gender": "undisclosed",
            "birth_date": None,
            "subcategory": "",
            "rank": "",
            "rank_code": "",
            "organization": "",
            "language": "",
            "needs": "",
        }
        assert row.values["given_name"] == "Amina"
        assert set(row.values) == set(COLUMNS)

    @pytest.mark.parametrize(
        ("raw", "clean"),
        [
            ("  Zoë ", "Zoë"),
            ("Zoe\u0308", "Zoë"),
            ("\u00a0Marie\u00a0 \u202f Anne\u200b\ufeff", "Marie Anne"),
            ("Ma\u00adrie", "Marie"),
            ("\u202eAnna\u202c", "Anna"),
            ("\u200dنرگس\u200c", "نرگس"),
            ("می\u200cرا", "می\u200cرا"),
            ("+Amina", "+Amina"),
            ("-Amina", "-Amina"),
            ("@Amina", "@Amina"),
        ],
    )
    def test_names_are_tidied_and_nothing_more(self, raw: str, clean: str) -> None:
        row = row_with(given_name=raw)
        assert row.is_good
        assert row.fields["given_name"] == clean
        assert row.values["given_name"] == raw

    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            ("Am\x07ina", "forbidden_character"),
            ("Am\x85ina", "forbidden_character"),
            ("ZoÃ«", "garbled"),
            ("Nâ€™Diaye", "garbled"),
            ("Zo\ufffd", "garbled"),
            ("Zo\ud800", "garbled"),
            ("Zo\0", "garbled"),
            ("x" * 121, "too_long"),
            ("e" + "\u0301\u0316" * 60_000, "too_long"),
            ("=HYPERLINK(1)", "formula"),
            ("=Amina", "formula"),
            ("12345", "not_a_name"),
            ("#N/A", "spreadsheet_error"),
            ("＃N/A", "spreadsheet_error"),
            ("'#N/A", "spreadsheet_error"),
            ("＝Amina", "formula"),
            ("evil‧com", "not_a_name"),
            ("evil.example", "not_a_name"),
            ("?ukasz", "garbled"),
        ],
    )
    def test_refused_names(self, raw: str, code: str) -> None:
        row = row_with(given_name=raw)
        assert codes(row) == [("given_name", code)]
        assert row.fields["given_name"] == ""
        assert len(row.problems[0].value) <= 80
        row.values["given_name"].encode()

    @pytest.mark.parametrize(
        ("given_name", "family", "code"),
        [
            ("", "", "required"),
            (" \u00a0\u200b", "", "required"),
            ("-", "", "not_a_name"),
            ("-", "Diop", "name_in_doubt"),
        ],
    )
    def test_names_that_are_none(self, given_name: str, family: str, code: str) -> None:
        assert codes(row_with(given_name=given_name, family_name=family)) == [("given_name", code)]

    def test_one_name_is_enough_in_either_column(self) -> None:
        assert (
            row_with(given_name="", family_name="Suharto").fields["name_on_certificate"]
            == "Suharto"
        )
        assert (
            row_with(given_name="Suharto", family_name="").fields["name_on_certificate"]
            == "Suharto"
        )

    def test_a_name_in_doubt_is_confirmed_with_the_row(self) -> None:
        row = row_with(given_name="Jennifer", family_name="Null", names_confirmed="1")
        assert (
            row.is_good
            and row.fields["family_name"] == "Null"
            and row.values["names_confirmed"] == "1"
        )

    @pytest.mark.parametrize("column", sorted(set(COLUMNS) - {"birth_date"}))
    def test_lengths(self, column: str) -> None:
        assert codes(row_with(**{column: "x" * (MAX_LENGTHS[column] + 1)})) == [
            (column, "too_long")
        ]

    @pytest.mark.parametrize("column", ["rank", "organization", "needs", "identifier"])
    def test_other_text_is_taken_as_it_is(self, column: str) -> None:
        assert row_with(**{column: "=1+1 @x"}).fields[column] == "=1+1 @x"

    def test_longest_names(self) -> None:
        assert row_with(given_name="x" * 120, family_name="", name_on_certificate="").is_good

    def test_a_default_name_that_is_too_long_for_the_certificate(self) -> None:
        row = row_with(given_name="x" * 70, family_name="y" * 70)
        assert codes(row) == [("name_on_certificate", "too_long")]
        assert row_with(
            given_name="x" * 70, family_name="y" * 70, name_on_certificate="y" * 70
        ).is_good

    @pytest.mark.parametrize("column", ["family_name", "name_on_certificate"])
    def test_other_names_have_the_same_rules(self, column: str) -> None:
        assert codes(row_with(**{column: "=A1"})) == [(column, "formula")]

    def test_a_given_name_on_the_certificate(self) -> None:
        assert (
            row_with(name_on_certificate="Dr Amina Diop").fields["name_on_certificate"]
            == "Dr Amina Diop"
        )

    def test_all_problems_of_a_row_are_told_at_once(self) -> None:
        row = check_row(7, {"email": "x", "country": "Atlantis", "gender": "?"}, today=TODAY)
        assert {p.row for p in row.problems} == {7}
        assert codes(row) == [
            ("given_name", "required"),
            ("email", "bad_email"),
            ("country", "unknown_country"),
            ("gender", "unknown_gender"),
            ("category", "required"),
        ]

    def test_unknown_keys_are_ignored(self) -> None:
        assert check_row(2, {**GOOD, "csrf_token": "x"}).is_good


class TestWords:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("civilian", "civilian"),
            ("Civil", "civilian"),
            ("CIVILE", "civilian"),
            ("Police", "police"),
            ("policière", "police"),
            (" Military ", "military"),
            ("Militaire", "military"),
            ("MIL", "military"),
            ("Gendarme", None),
            ("police?", None),
            ("civil/police", None),
            ("", None),
        ],
    )
    def test_category(self, text: str, code: str | None) -> None:
        assert parse_category(text) == code

    @pytest.mark.parametrize("text", ["Gendarme", "customs", "polizei", "0"])
    def test_an_unknown_category_is_never_defaulted(self, text: str) -> None:
        row = row_with(category=text)
        assert codes(row) == [("category", "unknown_category")]
        assert row.fields["category"] == ""
        assert "civilian, police, military" in str(row.problems[0].remedy)

    def test_a_blank_category_is_never_defaulted(self) -> None:
        row = row_with(category=" ")
        assert codes(row) == [("category", "required")]
        assert row.fields["category"] == ""

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("F", "female"),
            ("female", "female"),
            ("Femme", "female"),
            ("woman", "female"),
            ("Féminin", "female"),
            ("M", "male"),
            ("H", "male"),
            ("Homme", "male"),
            ("man", "male"),
            ("another", "another"),
            ("Autre", "another"),
            ("non-binary", "another"),
            ("undisclosed", "undisclosed"),
            ("non précisé", "undisclosed"),
            ("prefer not to say", "undisclosed"),
            ("", "undisclosed"),
            (" \u00a0", "undisclosed"),
            ("X?", None),
            ("X", None),
            ("F?", None),
            ("M/F", None),
            ("x" * 1000, None),
        ],
    )
    def test_gender(self, text: str, code: str | None) -> None:
        assert parse_gender(text) == code

    def test_a_gender_in_doubt_is_a_problem(self) -> None:
        row = row_with(gender="X?")
        assert codes(row) == [("gender", "unknown_gender")]
        assert row.fields["gender"] == ""

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("OF-2", "OF-2"),
            ("OF2", "OF-2"),
            ("of-2", "OF-2"),
            ("of 10", "OF-10"),
            ("OF\u201302", "OF-2"),
            ("OR9", "OR-9"),
            ("OF(D)", "OF(D)"),
            ("OF-D", "OF(D)"),
            ("OR-10", None),
            ("OF-11", None),
            ("OF-0", None),
            ("OR(D)", None),
            ("WO-1", None),
            ("Captain", None),
        ],
    )
    def test_rank_code(self, text: str, code: str | None) -> None:
        assert parse_rank_code(text) == code

    def test_a_wrong_rank_code(self) -> None:
        assert codes(row_with(rank_code="P-4")) == [("rank_code", "bad_rank_code")]
        assert row_with(rank_code="or 6").fields["rank_code"] == "OR-6"


class TestCountriesAndLanguages:
    def test_a_country_that_can_be_two(self) -> None:
        assert codes(row_with(country="Congo")) == [("country", "ambiguous_country")]
        assert codes(row_with(country="Le Congo")) == [("country", "ambiguous_country")]
        assert codes(row_with(country="Saint-Martin")) == [("country", "ambiguous_country")]

    def test_an_unknown_or_missing_country(self) -> None:
        assert codes(row_with(country="Atlantis")) == [("country", "unknown_country")]
        assert codes(row_with(country="")) == [("country", "required")]
        assert row_with(country="Atlantis").fields["country"] == ""

    def test_an_unknown_language(self) -> None:
        assert codes(row_with(language="FR/EN")) == [("language", "unknown_language")]

    def test_importing_builds_no_index(self) -> None:
        program = (
            "import enrollment.nomination_files as n, pycountry as p;from core import countries "
            "as c;assert not c._names.cache_info().currsize and not "
            "p.countries._is_loaded;c.parse('Senegal'); assert c._names.cache_info().currsize"
        )
        root = Path(__file__).parents[2]
        assert subprocess.run([sys.executable, "-c", program], cwd=root).returncode == 0


@pytest.mark.usefixtures("without_mail_server")
class TestEmail:
    @pytest.mark.parametrize(
        ("text", "email"),
        [
            ("Amina.Diop@Police.EXAMPLE.sn", "Amina.Diop@Police.EXAMPLE.sn"),
            ("a@forces.example", "a@forces.example"),
            ("a@example.com", "a@example.com"),
            (" a@example.org\u00a0", "a@example.org"),
            ("zoë@exämple.org", "zoë@exämple.org"),
        ],
    )
    def test_accepted(self, text: str, email: str) -> None:
        assert row_with(email=text).fields["email"] == email

    @pytest.mark.parametrize(
        "text",
        [
            "ousmane.fall(at)police.example.sn",
            "a@b",
            "a b@example.org",
            "a@example.org; b@example.org",
            "Amina <a@example.org>",
            "mailto:a@example.org",
            "a@[127.0.0.1]",
            "a@localhost",
            "@example.org",
            "a..b@example.org",
        ],
    )
    def test_refused(self, text: str) -> None:
        row = row_with(email=text)
        assert codes(row) == [("email", "bad_email")]
        assert row.fields["email"] == ""

    def test_required(self) -> None:
        assert codes(row_with(email="")) == [("email", "required")]


class TestBirthDates:
    @pytest.mark.parametrize(
        "text",
        [
            "1988-03-14",
            "1988/03/14",
            "14/03/1988",
            "14-3-1988",
            "14.03.1988",
            "1988-03-14 00:00:00",
            "1988-03-14T00:00:00Z",
            "1988-03-14T00:00:00.000Z",
            "1988-03-14T00:00:00+00:00",
            "14-Mar-1988",
            "14 mars 1988",
            "14 March 1988",
            "March 14, 1988",
            "1988-Mar-14",
            "14.mars.1988",
            "١٤/٠٣/١٩٨٨",
        ],
    )
    def test_forms(self, text: str) -> None:
        assert row_with(birth_date=text).fields["birth_date"] == date(1988, 3, 14)

    def test_blank(self) -> None:
        row = row_with(birth_date="")
        assert row.is_good
        assert row.fields["birth_date"] is None

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("31/02/1990", "bad_date"),
            ("1990-02-30", "bad_date"),
            ("14/03/88", "short_year"),
            ("14-Mar-88", "short_year"),
            ("32216", "date_number"),
            ("14/03-1988", "unknown_date"),
            ("14-Mai-1988 10:00", "unknown_date"),
            ("30 févr. 1988", "bad_date"),
            ("14 brumaire 1988", "unknown_date"),
            ("1988-03-14T23:00:00Z", "date_instant"),
            ("00/00/0000", "bad_date"),
            ("03.14.1988", "bad_date"),
            ("in spring", "unknown_date"),
            ("03/14/1988", "date_order"),
            ("2026-11-24", "date_in_future"),
            ("2026-11-23", "implausible_age"),
            ("2010-11-24", "implausible_age"),
            ("1925-11-23", "implausible_age"),
            ("1988", "unknown_date"),
            ("2100", "unknown_date"),
            ("x" * 41, "too_long"),
        ],
    )
    def test_refused(self, text: str, code: str) -> None:
        row = row_with(birth_date=text)
        assert codes(row) == [("birth_date", code)]
        assert row.fields["birth_date"] is None

    @pytest.mark.parametrize(
        "text",
        ["1988", "9000", "31/12/1900", "14 Mar 2030", "1900-01-01 00:00:00", "14/03-1988", "72000"],
    )
    def test_a_refusal_shows_what_was_typed(self, text: str) -> None:
        """It does not show the date that was read from it."""
        for row in reading(sheet({"birth_date": text})).rows:
            assert [f"“{text}”" in str(problem.remedy) for problem in row.problems] == [True]

    @pytest.mark.parametrize("text", ["2010-11-23", "1925-11-24"])
    def test_youngest_and_oldest(self, text: str) -> None:
        assert row_with(birth_date=text).is_good

    def test_born_on_29_february(self) -> None:
        assert check_row(2, {**GOOD, "birth_date": "2004-02-29"}, today=date(2020, 2, 28)).problems
        assert not check_row(
            2, {**GOOD, "birth_date": "2004-02-29"}, today=date(2020, 2, 29)
        ).problems

    def test_today_is_the_applications(self) -> None:
        app = Flask(__name__)
        clock.init_app(app, datetime(2011, 1, 1, tzinfo=UTC))
        with app.app_context():
            row = check_row(2, {**GOOD, "birth_date": "2012-01-01"})
            file = read(sheet({"birth_date": "2012-01-01"}).encode())
        assert codes(row) == codes(file.rows[0]) == [("birth_date", "date_in_future")]

    @staticmethod
    def dates(*texts: str, day_first: bool | None = None) -> NominationFile:
        return reading(sheet(*({"birth_date": text} for text in texts)), day_first=day_first)

    def test_nothing_tells_the_order(self) -> None:
        file = self.dates("03/04/1987", "1990-01-02", "05/05/1990", "01.02.1990")
        assert file.date_order_question is True
        assert [codes(row) for row in file.rows] == [[("birth_date", "ambiguous_date")], [], [], []]
        assert [row.fields["birth_date"] for row in file.rows] == [
            None,
            date(1990, 1, 2),
            date(1990, 5, 5),
            date(1990, 2, 1),
        ]

    @pytest.mark.parametrize(
        ("day_first", "expected"), [(True, date(1987, 4, 3)), (False, date(1987, 3, 4))]
    )
    def test_the_answer_settles_it(self, day_first: bool, expected: date) -> None:
        file = self.dates("03/04/1987", day_first=day_first)
        assert file.date_order_question is False
        assert file.rows[0].is_good
        assert file.rows[0].fields["birth_date"] == expected

    @pytest.mark.parametrize(
        ("proof", "expected"),
        [
            ("14/03/1988", date(1987, 4, 3)),
            ("03/14/1988", date(1987, 3, 4)),
            ("31/02/1990", date(1987, 4, 3)),
        ],
    )
    def test_one_row_proves_the_order(self, proof: str, expected: date) -> None:
        file = self.dates("03/04/1987", proof)
        assert file.date_order_question is False
        assert file.rows[0].fields["birth_date"] == expected

    def test_rows_that_contradict_each_other(self) -> None:
        texts = ("14/03/1988", "03/14/1988", "03/04/1987", "05/05/1990")
        file = self.dates(*texts)
        ambiguous = [("birth_date", "ambiguous_date")]
        assert file.date_order_question is True
        assert [codes(row) for row in file.rows] == [ambiguous, ambiguous, ambiguous, []]
        answered = self.dates(*texts, day_first=True)
        assert answered.date_order_question is False
        assert [codes(row) for row in answered.rows] == [[], [("birth_date", "date_order")], [], []]

    def test_no_question_without_such_dates(self) -> None:
        assert self.dates("05/05/1990", "1988-03-14", "99/99/1999", "").date_order_question is False


class TestDuplicates:
    @pytest.mark.parametrize(
        ("first", "second", "column"),
        [
            ({"email": "a@example.org"}, {"email": "A@EXAMPLE.ORG "}, "email"),
            ({"identifier": "CA-0001"}, {"identifier": "ca-0001"}, "identifier"),
        ],
    )
    def test_the_second_names_the_first(
        self,
        first: dict[str, str],
        second: dict[str, str],
        column: str,
    ) -> None:
        file = reading(sheet({}, first, {}, second, second))
        assert [codes(row) for row in file.rows] == [[], [], [], *[[(column, "duplicate")]] * 2]
        assert [str(row.problems[0].remedy)[:6] for row in file.rows[3:]] == ["Row 3 "] * 2

    def test_one_problem_for_a_row_that_repeats_both(self) -> None:
        same = {"email": "a@example.org", "identifier": "1"}
        assert codes(reading(sheet(same, same)).rows[1]) == [("email", "duplicate")]

    @pytest.mark.parametrize(
        ("first", "second", "is_duplicate"),
        [
            (
                {"identifier": "77", "country": "GH"},
                {"identifier": "77", "country": "ML"},
                False,
            ),  # two countries' numbers
            (
                {"identifier": "77", "country": "GH"},
                {"identifier": "7 7", "country": "Ghana"},
                True,
            ),
            (
                {"email": "u@example.org"},
                {"email": "u@example.org", "given_name": "Aya"},
                False,
            ),  # two people, one mailbox
            (
                {"email": "u@example.org", "given_name": "Zoë", "family_name": "Diop"},
                {"email": "u@example.org", "given_name": "DIOP", "family_name": "Zoe"},
                True,
            ),
        ],
    )
    def test_one_person_twice_is_a_duplicate_and_two_people_are_none(
        self, first: Any, second: Any, is_duplicate: bool
    ) -> None:
        rows = reading(sheet(first, second)).rows
        assert [problem.code for problem in rows[1].problems] == ["duplicate"] * is_duplicate, rows[
            1
        ].problems

    def test_blank_identifiers_are_no_duplicates(self) -> None:
        assert all(
            row.is_good for row in reading(sheet({"identifier": ""}, {"identifier": ""})).rows
        )

    def test_namesakes_are_no_duplicates(self) -> None:
        assert all(row.is_good for row in reading(sheet({}, {})).rows)


class TestTemplate:
    @pytest.mark.parametrize(
        ("locale", "delimiter"), [("en", ","), ("fr", ";"), ("fr-CA", ";"), ("ar", ",")]
    )
    def test_it_reads_without_a_problem(self, locale: str, delimiter: str) -> None:
        data = template(locale)
        assert data.startswith(b"\xef\xbb\xbf")
        file = reading(data)
        assert file.delimiter == delimiter
        assert file.columns == COLUMNS
        assert len(file.rows) == 1
        assert file.rows[0].is_good
        assert all(file.rows[0].fields.values())

    def test_it_speaks_the_language(self) -> None:
        assert "Prénom" in template("fr").decode("utf-8-sig")
        assert "Given name" in template("en").decode("utf-8-sig")


TEXTS = st.text(st.characters(exclude_categories=()), max_size=60)
ENCODINGS = st.sampled_from(
    [
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "windows-1252",
        "latin-1",
        "utf-32",
        "cp437",
    ],
)


@pytest.mark.usefixtures("without_mail_server")
class TestAnything:
    """Whatever comes in, the answer is a file with problems or an UnreadableFile."""

    @staticmethod
    def check(data: bytes, day_first: bool | None = None) -> None:
        try:
            file = reading(data, day_first=day_first)
        except UnreadableFile as error:
            assert error.code
            assert str(error.message)
            return
        assert file.rows
        for row in file.rows:
            assert set(row.fields) == set(COLUMNS)
            for problem in row.problems:
                assert problem.row == row.row
                assert str(problem.remedy)
            if row.is_good:
                needed = ("email", "country", "category", "gender")
                assert all(row.fields[column] for column in needed)
                assert row.fields["given_name"] or row.fields["family_name"]

    @given(st.binary(max_size=2000))
    def test_bytes(self, data: bytes) -> None:
        self.check(data)

    @given(
        st.sampled_from([",", ";", "\t", "|"]),
        st.permutations(COLUMNS),
        st.lists(
            st.lists(
                TEXTS | st.sampled_from([*GOOD.values(), "03/04/1987", '"', "=1"]), max_size=16
            ),
            max_size=6,
        ),
        ENCODINGS,
        st.sampled_from([None, True, False]),
    )
    def test_cells(
        self,
        delimiter: str,
        columns: list[str],
        rows: list[list[str]],
        encoding: str,
        day_first: bool | None,
    ) -> None:
        text = "\n".join(delimiter.join(cells) for cells in [columns, *rows])
        self.check(text.encode(encoding, "replace"), day_first)

    @given(st.data())
    def test_real_files_with_broken_bytes(self, data: st.DataObject) -> None:
        original = (
            FILES / data.draw(st.sampled_from(sorted(p.name for p in FILES.iterdir())))
        ).read_bytes()
        start = data.draw(st.integers(0, len(original)))
        end = data.draw(st.integers(start, len(original)))
        self.check(original[:start] + data.draw(st.binary(max_size=20)) + original[end:])

    @given(st.dictionaries(st.sampled_from(COLUMNS), TEXTS), st.sampled_from([None, True, False]))
    def test_one_row(self, values: dict[str, str], day_first: bool | None) -> None:
        row = check_row(2, values, day_first=day_first, today=TODAY)
        assert set(row.fields) == set(COLUMNS)
        for text in [*row.values.values(), *(p.value for p in row.problems)]:
            text.encode()

    @given(st.dictionaries(st.sampled_from(COLUMNS), TEXTS))
    def test_what_was_understood_means_the_same_when_read_again(
        self, values: dict[str, str]
    ) -> None:
        row = row_with(**values)
        again = {column: str(value or "") for column, value in row.fields.items()}
        if row.is_good:
            assert check_row(2, again, today=TODAY).fields == row.fields

    @pytest.mark.long
    @pytest.mark.parametrize(
        "data",
        [
            b"\xff" * MAX_BYTES,
            b"\xc3" * MAX_BYTES,
            b"\xc3\xa9" * (MAX_BYTES // 2),
            b'"' * MAX_BYTES,
            b"," * MAX_BYTES,
            b"\n" * (MAX_BYTES - 1) + b"x",
            b"a,\n" * (MAX_BYTES // 3),
            HEADER.encode() + b"\n" + b"," * (MAX_BYTES - 50),
            (HEADER + ",needs\n").encode() + b",,,,,\n" * 340_000,
            (HEADER + ",needs\nA,B,a@example.org,SN,police," + "\u0316\u0301" * 500_000).encode(),
            (HEADER + ",needs\n" + (",,,,," + "\u0316\u0301" * 1000 + "\n") * 500).encode(),
            (HEADER + ",needs\n" + (",,,,,a" + "\u200d" * 690 + "b\n") * 990).encode(),
            (HEADER + "\n" + ("x," * 1040 + "\n") * 990).encode(),
            (
                HEADER + "\n" + (",," + "a." * 120 + "@" + "b." * 5 + "org,SN,police\n") * 990
            ).encode(),
        ],
        ids=lambda data: repr(data[-12:]),
    )
    def test_two_megabytes_of_garbage_take_no_quadratic_time(self, data: bytes) -> None:
        """Which would be minutes: then the suite's own limit ends the test."""
        with few_marks_sorted():
            self.check(data[:MAX_BYTES])

    def test_a_full_file_is_read(self) -> None:
        rows = [
            {"birth_date": "14/03/1988", "country": "Sénégal", "language": "français"}
        ] * MAX_ROWS
        data = sheet(*rows).encode()
        assert all(row.is_good for row in reading(data).rows)
