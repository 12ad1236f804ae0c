"""A file is read in the encoding it was written in, or asks with the right reading among its
questions. Never silently wrong."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator, Sequence

import pytest

from core import countries
from enrollment.nomination_files import UnreadableFile, encodings, read
from enrollment.nomination_files.choosing import BYTES, TEXT, Choice, choose
from enrollment.nomination_files.text import clean
from tests.enrollment.names_of_many_countries import NAMES

#: Those that the product promises to notice.
LISTED = [
    "Windows-1250",
    "Windows-1251",
    "Windows-1252",
    "Windows-1253",
    "Windows-1254",
    "Windows-1256",
    "Windows-1257",
    "Windows-1258",
    "ISO 8859-2",
    "ISO 8859-5",
    "ISO 8859-7",
    "ISO 8859-9",
    "MacRoman",
]
Row = dict[str, str]
HEADER = "Given name;Family name;E-mail;Country;Category\n"


def encoded(text: str, reading: str) -> bytes | None:
    """As a program writes it in that encoding, None when the encoding lacks a letter.
    Windows-1258 writes marks apart."""
    codec = encodings.ENCODINGS[reading][0]
    written = b""
    for letter in text:
        try:
            written += letter.encode(codec)
        except UnicodeEncodeError:
            base, *marks = list(unicodedata.normalize("NFD", letter))
            if reading != "Windows-1258" or not marks:
                return None
            tries = [
                (unicodedata.normalize("NFC", base + marks[0]), marks[1:]),
                (unicodedata.normalize("NFC", base + marks[-1]), marks[:-1]),
            ]
            for begun, remainder in tries:
                try:
                    written += (begun + "".join(remainder)).encode(codec)
                    break
                except UnicodeEncodeError:
                    continue
            else:
                return None
    return written


def people(country: str) -> list[Row]:
    pairs = (name.split(" ", 1) for name in NAMES[country].split("|"))
    return [
        {"given_name": given_name, "family_name": family, "country": country}
        for given_name, family in pairs
    ]


def written(rows: Sequence[Row], reading: str) -> list[tuple[Row, Row]]:
    """(the row as raw bytes, the row as meant) of those that the encoding can write and that
    need it."""
    pairs = []
    for row in rows:
        cells = {column: encoded(text, reading) for column, text in row.items()}
        if all(cell is not None for cell in cells.values()) and not all(
            cell.isascii() for cell in cells.values()
        ):
            pairs.append(({column: cell.decode("latin-1") for column, cell in cells.items()}, row))
    return pairs


def as_read(raw: Sequence[Row], reading: str) -> list[str]:
    return [
        clean(
            " ".join(
                encodings.read_as(row[n], reading) or "" for n in ("given_name", "family_name")
            )
        )
        for row in raw
    ]


def verdict(choice: Choice, raw: Sequence[Row], expected: Sequence[Row]) -> str:
    names = [
        unicodedata.normalize("NFC", f"{row['given_name']} {row['family_name']}")
        for row in expected
    ]
    if choice.asks:
        return (
            "asked"
            if any(as_read(raw, reading.code) == names for reading in choice.offered)
            else "asked without the right reading"
        )
    return "read" if as_read(raw, choice.reading) == names else "silently wrong"


def samples(rows: list[Row], *, every: int) -> Iterator[list[Row]]:
    """Single names, few and all of them, and in capitals."""
    loud = [
        {**row, "given_name": row["given_name"].upper(), "family_name": row["family_name"].upper()}
        for row in rows
    ]
    yield from ([row] for row in rows[::every])
    yield from ([row] for row in loud[1::every])
    yield rows[:3]
    yield rows
    yield loud


def faults(country: str, reading: str, every: int) -> list[tuple[str, list[Row]]]:
    wrong = []
    for rows in samples(people(country), every=every):
        if not (pairs := written(rows, reading)):
            continue
        raw, expected = [row for row, _ in pairs], [row for _, row in pairs]
        if (result := verdict(choose(raw, BYTES), raw, expected)) not in ("read", "asked"):
            wrong.append((result, expected))
    return wrong


@pytest.mark.parametrize("reading", LISTED)
def test_names_in_every_encoding_are_read_or_asked(reading: str) -> None:
    assert {
        country: wrong for country in NAMES if (wrong := faults(country, reading, every=6))
    } == {}


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("reading", encodings.of_bytes())
def test_every_name_in_every_encoding_alone(reading: str) -> None:
    assert {
        country: wrong for country in NAMES if (wrong := faults(country, reading, every=1))
    } == {}


@pytest.mark.parametrize("reading", [reading for reading in LISTED if reading != "Windows-1252"])
def test_one_name_in_an_unusual_encoding_is_asked(reading: str) -> None:
    """One letter proves nothing: who would know that the reading is right?"""
    for country in NAMES:
        for raw, expected in written(people(country)[:2], reading):
            choice = choose([raw], BYTES)
            same = as_read([raw], reading) == as_read([raw], "Windows-1252")
            assert choice.asks or same, (country, expected)


@pytest.mark.parametrize(
    "country", ["FR", "SN", "DE", "ES", "PE", "PT", "IS", "SE", "NO", "CA", "IE"]
)
def test_what_excel_writes_in_the_west_needs_no_question(country: str) -> None:
    pairs = written(people(country), "Windows-1252")
    choice = choose([raw for raw, _ in pairs], BYTES)
    assert (choice.asks, choice.reading) == (False, "Windows-1252")


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("Jānis Bērziņš", "Windows-1257"),
        ("BOŻENA JĘDRZEJCZYK", "Windows-1250"),
        ("Алексей Горшков", "Windows-1251"),
    ],
)
@pytest.mark.parametrize("country", ["CA", "US", "FR", "DE", "BE", "CH", "IT", ""])
def test_what_is_right_is_offered_whatever_country_sends_the_person(
    name: str, reading: str, country: str
) -> None:
    given_name, family = name.split(" ")
    [(raw, expected)] = written(
        [{"given_name": given_name, "family_name": family, "country": country}], reading
    )
    assert verdict(choose([raw], BYTES), [raw], [expected]) == "asked"


@pytest.mark.parametrize("country", ["AL", "FR", "DE", "CA"])
def test_a_name_that_ends_with_a_turned_comma_is_asked(country: str) -> None:
    for kind, name in ((BYTES, "Fatbardh\x91"), (TEXT, "Fatbardh‘")):
        choice = choose([{"given_name": name, "family_name": "Hoxhaj", "country": country}], kind)
        assert choice.asks
        assert "Fatbardhë Hoxhaj" in {
            sample for reading in choice.offered for sample in reading.samples
        }


def sent_abroad(reading: str, every: int) -> Iterator[tuple[str, list[Row]]]:
    """(what comes of them, the rows) of one and of two names of each country, sent by every
    country."""
    chosen = random.Random(8)
    crossed = [
        (name, sender)
        for name in NAMES
        for sender in (*(code for code, _ in countries.choices("en")), "")
    ]
    for name, sender in chosen.sample(crossed, len(crossed) // every):
        rows = chosen.sample(
            [{**row, "country": sender} for row in people(name)], chosen.choice((1, 1, 2))
        )
        if pairs := written(rows, reading):
            raw, expected = [row for row, _ in pairs], [row for _, row in pairs]
            yield verdict(choose(raw, BYTES), raw, expected), expected


def foreign_letters(rows: Sequence[Row]) -> int:
    return len(
        {
            c.lower()
            for row in rows
            for c in row["given_name"] + row["family_name"]
            if c.isalpha() and not c.isascii()
        }
    )


def wrong_abroad(reading: str, every: int) -> list[tuple[str, list[Row]]]:
    """A letter that is all there is, and usual where the person is sent from, tells nothing:
    Ñusta of Peru, or Ńusta."""
    return [
        (result, rows)
        for result, rows in sent_abroad(reading, every)
        if result not in ("read", "asked")
        and not (result == "silently wrong" and foreign_letters(rows) == 1)
    ]


@pytest.mark.parametrize("reading", LISTED)
def test_few_names_are_not_misread_whatever_country_sends_them(reading: str) -> None:
    assert wrong_abroad(reading, every=40) == []


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("reading", LISTED)
def test_few_names_are_not_misread_whatever_country_sends_them_in_all(reading: str) -> None:
    assert wrong_abroad(reading, every=1) == []


@pytest.mark.parametrize("country", ["FR", "DE", "GB", "US", "CA", "KE", "GH"])
@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("María García", "MacRoman"),
        ("David Ruíz", "MacRoman"),
        ("Jiří Čapek", "Windows-1250"),
        ("Ana Čović", "Windows-1250"),
        ("Agnieszka Śliwińska", "Windows-1250"),
        ("Rūta Jankauskaitė", "Windows-1257"),
    ],
)
def test_a_single_foreign_name_is_asked(name: str, reading: str, country: str) -> None:
    given_name, family = name.split(" ")
    [(raw, expected)] = written(
        [{"given_name": given_name, "family_name": family, "country": country}], reading
    )
    assert verdict(choose([raw], BYTES), [raw], [expected]) == "asked"


def test_enough_words_make_sure() -> None:
    for country, reading in (
        ("UA", "Windows-1251"),
        ("GR", "Windows-1253"),
        ("PL", "Windows-1250"),
        ("TR", "Windows-1254"),
    ):
        raw = [row for row, _ in written(people(country), reading)]
        choice = choose(raw, BYTES)
        assert (choice.asks, choice.reading) == (False, reading)


@pytest.mark.parametrize(
    "name",
    ["Þóra", "Ýmir", "Ñusta", "Ægir", "Óðinn", "Ó’Súilleabháin", "Mª José", "Jean-Noël", "N’Diaye"],
)
@pytest.mark.parametrize("country", ["IS", "PE", "SN", "FR", "CA", "IE", "NO"])
def test_real_names_pass_in_unicode(name: str, country: str) -> None:
    choice = choose([{"given_name": name, "family_name": "Test", "country": country}], TEXT)
    assert (choice.asks, choice.reading) == (False, encodings.UNICODE)


@pytest.mark.parametrize(
    ("name", "country"),
    [("Þóra", "IS"), ("Ýmir", "IS"), ("Ñusta", "PE"), ("Ñusta", "BO"), ("Þór", "IS")],
)
def test_real_names_pass_in_windows_1252(name: str, country: str) -> None:
    data = (HEADER + f"{name};Quispe;a@example.org;{country};police\n").encode("cp1252")
    file = read(data)
    assert (file.checked.choice.asks, file.rows[0].fields["given_name"]) == (False, name)


@pytest.mark.parametrize("country", NAMES)
def test_names_in_unicode_need_no_question(country: str) -> None:
    rows = people(country)
    for people_of_file in [*([row] for row in rows), rows]:
        assert not choose(people_of_file, TEXT).asks, people_of_file


def misread(row: Row, codec: str, wrong: str = "cp1252") -> Row | None:
    """The row after a program took it for another encoding and saved it as Unicode."""
    try:
        cells = {column: text.encode(codec) for column, text in row.items()}
    except UnicodeEncodeError:
        return None
    return {
        column: "".join(
            bytes([byte]).decode(wrong)
            if not 0x80 <= byte <= 0x9F or byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
            else chr(byte)
            for byte in cell
        )
        for column, cell in cells.items()
    }


THERE = {
    "utf-8": list(NAMES),
    "mac_roman": ["CH", "FR", "SN", "DE", "ES", "PT", "SE", "NO", "CA", "AL", "IS"],
    "cp1250": ["PL", "CZ", "SK", "HU", "RO", "HR", "SI"],
    "iso8859_2": ["PL", "CZ", "SK", "HU", "RO", "HR", "SI"],
    "cp1251": ["RS", "UA", "RU", "BG", "BY", "MK"],
    "iso8859_5": ["RS", "RU", "BG", "BY", "MK"],
    "cp1253": ["GR"],
    "iso8859_7": ["GR"],
    "cp1254": ["TR"],
    "cp1256": ["EG", "SD", "MA"],
    "cp1257": ["LV", "LT", "EE"],
}


@pytest.mark.parametrize("codec", THERE)
def test_text_that_was_read_wrongly_and_saved_again_is_asked(codec: str) -> None:
    for country in THERE[codec]:
        pairs = [
            (raw, row) for row in people(country)[:4] if (raw := misread(row, codec)) and raw != row
        ]
        for some in [*([pair] for pair in pairs[:2]), pairs]:
            if some:
                damaged, expected = [row for row, _ in some], [row for _, row in some]
                result = verdict(choose(damaged, TEXT), damaged, expected)
                assert result in ("read", "asked"), (country, damaged)


@pytest.mark.parametrize(
    "text", ["Zoë", "Сергій", "Γιώργος", "محمد", "Nguyễn", "王小明", "O’Neill"]
)
@pytest.mark.parametrize("times", [1, 2])
def test_text_that_was_encoded_twice_is_asked_with_its_repair(text: str, times: int) -> None:
    damaged = {"given_name": text, "family_name": "Test", "country": "CA"}
    for _ in range(times):
        damaged = misread(damaged, "utf-8")
    choice = choose([damaged], TEXT)
    assert choice.asks
    assert f"{text} Test" in {sample for reading in choice.offered for sample in reading.samples}


def test_the_answer_reads_the_file() -> None:
    data = (HEADER + "Łukasz;Wiśniewski;l.w@policja.example.pl;PL;police\n").encode("cp1250")
    choice = read(data).checked.choice
    assert choice.asks
    assert [reading.samples for reading in choice.offered][0] == ("Łukasz Wiśniewski",)
    from enrollment.nomination_files import Answers

    answered = read(data, answers=Answers(reading="Windows-1252"))
    assert not answered.checked.choice.asks
    assert answered.rows[0].fields["given_name"] == "£ukasz"


def test_the_countries_in_the_file_decide_the_order() -> None:
    raw = {"given_name": "\xdeahin", "family_name": "Test"}
    assert choose([{**raw, "country": "TR"}], BYTES).offered[0].samples == ("Şahin Test",)
    assert choose([{**raw, "country": "IS"}], BYTES).offered[0].samples == ("Þahin Test",)
    assert choose([{**raw, "country": "RO"}], BYTES).offered[0].samples == ("Ţahin Test",)


def test_headings_tell_too() -> None:
    heading = "Prénom;Nom;Courriel;Pays;Catégorie\n"
    for reading in ("MacRoman", "Windows-1252"):
        data = (heading + "René;Müller;a@example.org;CH;police\n").encode(
            encodings.ENCODINGS[reading][0]
        )
        file = read(data)
        assert file.columns[0] == "given_name"
        assert file.checked.choice.reading == reading


def test_letters_that_no_encoding_explains_are_refused() -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(HEADER.encode() + b"Am\xb6\xb7ina;Diop;a@example.org;SN;police\n")
    assert caught.value.code == "unknown_encoding"
