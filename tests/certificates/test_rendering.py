"""Printed certificates: one page, every script, nothing fetched, nothing executed, the same
bytes every time."""

from __future__ import annotations

import io
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from fontTools.ttLib import TTFont
from PIL import Image
from pypdf.generic import ContentStream

from certificates import composition, layouts, wording
from certificates.rendering import Renderer
from core import texts
from demonstration.cultures import CULTURES
from demonstration.people import PARTICIPANTS
from tests.certificates.samples import ADDRESS, longest, sample, text_of

SHEET = layouts.get("sheet")

ROOT = Path(__file__).resolve().parents[2]
needs_poppler = pytest.mark.skipif(
    not shutil.which("pdftoppm"), reason="poppler-utils is not installed"
)

SIX_SCRIPTS = [
    ("Zoë Lefèvre-Nguyễn", "fr"),
    ("محمد بن عبد الرحمن", "ar"),
    ("Оксана Шевченко", "uk"),
    ("Ελένη Παπαδοπούλου", "el"),
    ("ሰላማዊት ተስፋዬ", "am"),
    ("李文娟", "zh-Hans"),
]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as shared:
        yield shared


def letters(text: str) -> list[str]:
    """The letters without order: Arabic is written to the page in visual order."""
    return sorted(c for c in unicodedata.normalize("NFKC", text) if not c.isspace())


# What is on the page


@pytest.mark.parametrize(("name", "lang"), SIX_SCRIPTS)
def test_a_name_in_every_script_is_text_in_an_embedded_font(
    renderer: Renderer, name: str, lang: str
) -> None:
    pdf = renderer.render(sample(holder_name=name, holder_script_lang=lang))
    text = text_of(pdf)
    if lang == "ar":
        assert all(letters(text).count(c) >= letters(name).count(c) for c in set(letters(name)))
    else:
        assert name in text
    assert "\ufffd" not in text
    assert_fonts_are_embedded_subsets(pdf)


def assert_fonts_are_embedded_subsets(pdf: bytes) -> None:
    fonts = pypdf.PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]  # pypdf types every entry as PdfObject
    assert fonts
    for reference in fonts.values():
        font = reference.get_object()
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "+" in font["/BaseFont"], "not a subset"
        assert "/FontFile2" in descriptor, "not embedded as TrueType"
        assert "/ToUnicode" in font


SPACED_NAMES = [
    ("李 文娟", "zh"),
    ("陳 美玲 龍", "zh-Hant"),
    ("김 민수", "ko"),
    ("山田 太郎", "ja"),
    ("李\u00a0文娟\u3000王", ""),
    ("김\u2009민\u202f수", ""),
    ("李文娟 (Li Wenjuan)", "zh"),
    ("नेपाल थापा", "ne"),
    ("אבי (Avi)", "he"),
]


@pytest.mark.parametrize(("name", "lang"), [*SIX_SCRIPTS, *SPACED_NAMES])
def test_no_glyph_is_missing(renderer: Renderer, name: str, lang: str) -> None:
    """Nor is a space: layout takes it from the font of the letter before it, where a missing one
    is printed as a box."""
    assert boxes(renderer.render(sample(holder_name=name, holder_script_lang=lang))) == []


def test_no_glyph_is_missing_in_the_names_of_the_demonstration(renderer: Renderer) -> None:
    words = [f"{culture.women} {culture.men} {culture.families}" for culture in CULTURES]
    words += [f"{given_name} {family}" for given_name, family, *_ in PARTICIPANTS]
    for first in range(0, len(words), SHEET.limits.objectives):
        printed = [{"en": text} for text in words[first : first + SHEET.limits.objectives]]
        assert boxes(renderer.render(sample(objectives=printed))) == []


def boxes(pdf: bytes) -> list[tuple[str, int]]:
    """The font and number of each glyph drawn that its embedded font does not have: the reader
    sees a box."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    page: Any = reader.pages[0]
    fonts, counts, texts, name = page["/Resources"]["/Font"], dict[str, Any](), [], ""
    for operands, operator in ContentStream(reader.pages[0].get_contents(), reader).operations:
        if operator == b"Tf":
            name = operands[0]
            counts.setdefault(name, glyph_count(fonts[name]))
        elif operator == b"TJ":
            drawn = b"".join(
                piece.original_bytes for piece in operands[0] if hasattr(piece, "original_bytes")
            )
            numbers = [int.from_bytes(drawn[i : i + 2], "big") for i in range(0, len(drawn), 2)]
            texts += [(name, number) for number in numbers if not 0 < number < counts[name]]
    assert counts, "no text on the page"
    return texts


def glyph_count(font: pypdf.generic.DictionaryObject) -> int:
    descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]  # type: ignore[index]  # pypdf types every entry as PdfObject
    return TTFont(io.BytesIO(descriptor["/FontFile2"].get_data()))["maxp"].numGlyphs


def test_both_languages_say_everything(renderer: Renderer) -> None:
    text = text_of(renderer.render(sample()))
    for words in (
        "Certificate of Completion",
        "Certificat de réussite",
        "Gender in peace operations",
        "Le genre dans les opérations de paix",
        "1 to 3 December 2026, 18 hours",
        "du 1er au 3 décembre 2026, 18 heures",
        "4 décembre 2026",
        "3 December 2029",
        "practitioner level, valid for 3 years",
        "niveau pratique, valable 3 ans",
        "Centre Pearson, Ottawa, Canada",
        "87%",
        "87 %",
        "Scan to check this certificate",
        "Scannez pour vérifier ce certificat",
        "rostrum.example.org/verify",
        "RST-2026-000042-8",
        "Amina Diallo",
        "Director of Training",
        "Directrice de la formation",
        "GTI v3 · GTI-2026-04",
    ):
        assert unicodedata.normalize("NFKC", words) in text
    assert "7KQXM-0ZR9W-4MHTC-2BQAF-3DNPEJ" in text


def test_a_missing_french_title_falls_back_to_english(renderer: Renderer) -> None:
    text = text_of(
        renderer.render(sample(course_title={"en": "Protection of Civilians", "fr": ""}))
    )
    assert text.count("Protection of Civilians") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {
            "objectives": sample()["objectives"][:1],
            "signatories": [],
            "skills": [],
            "score_percent": None,
            "valid_until": None,
        },
        {"objectives": []},
        {"objectives": sample()["objectives"] * 4},
        {"holder_name": "M" * 100},
        {
            "holder_name": (
                "María del Carmen Fernández-Villaverde y Sánchez de la Fuente Rodríguez-Montoya"
            )
        },
        {"holder_name": "阿" * 100, "holder_script_lang": "zh"},
        {"holder_name": "عبد الرحمن بن محمد " * 5},
        {"course_title": {"en": "W" * 160, "fr": "W " * 80}},
        {"venue": "W" * 120, "objectives": [{"en": "W" * 200}] * 14},
    ],
)
def test_always_exactly_one_page(renderer: Renderer, changes: dict[str, Any]) -> None:
    assert text_of(renderer.render(sample(**changes)))


def test_the_fullest_certificate_fits_on_one_page(renderer: Renderer) -> None:
    pdf = renderer.render(longest())
    text = text_of(pdf)
    assert text.count("practitioner level") == 6
    assert text.count("niveau pratique") == 6
    assert "RST-2026-000042-8" in text


@needs_poppler
@pytest.mark.parametrize(
    "payload",
    [sample(), longest(), sample(holder_name="阿" * 100)],
    ids=["usual", "longest", "wide"],
)
def test_nothing_runs_into_the_frame(
    renderer: Renderer, payload: dict[str, Any], tmp_path: Path
) -> None:
    image = pixels(renderer.render(payload), tmp_path, dpi=50)
    width, height = image.size
    paper = image.getpixel((width // 2, 3))
    first, right = int(width * 12 / 210), int(width * 17 / 210)
    for x in (*range(first, right), *range(width - right, width - first)):
        for y in range(int(height * 0.06), int(height * 0.94)):
            assert (
                max(abs(a - b) for a, b in zip(image.getpixel((x, y)), paper, strict=True)) < 40  # type: ignore[arg-type]  # an RGB image: pixels are tuples
            ), (x, y)


def pixels(pdf: bytes, folder: Path, dpi: int) -> Image.Image:
    from PIL import Image

    (folder / "c.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-png", "-singlefile", folder / "c.pdf", folder / "c"],
        check=True,
    )
    return Image.open(folder / "c.png").convert("RGB")


@needs_poppler
@pytest.mark.parametrize("address", [ADDRESS, "https://r.org/" + "v" * 105])
def test_the_qr_code_leads_to_the_verification_page(
    renderer: Renderer, tmp_path: Path, address: str
) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    image = pixels(renderer.render(sample(verify_url=address)), tmp_path, dpi=150)
    assert [code.text for code in zxingcpp.read_barcodes(image)] == [address]


def test_the_file_says_what_it_is(renderer: Renderer) -> None:
    reader = pypdf.PdfReader(io.BytesIO(renderer.render(sample())))
    assert "RST-2026-000042-8" in reader.metadata.title
    assert reader.metadata.author == "Peace Operations Training Centre"
    assert reader.metadata.creation_date.date().isoformat() == "2026-12-04"
    assert reader.trailer["/Root"]["/Lang"] == "en"  # type: ignore[index]  # pypdf types every entry as PdfObject


def test_equal_payloads_give_equal_bytes_in_every_process(renderer: Renderer) -> None:
    first = renderer.render(sample())
    renderer.render(sample(holder_name="李文娟", holder_script_lang="zh"))
    assert renderer.render(sample()) == first
    with Renderer() as other:
        assert other.render(dict(reversed(sample().items()))) == first


# The words


def test_dates_in_words() -> None:
    from datetime import date

    assert texts.date_words(date(2026, 3, 1), "fr") == "1er mars 2026"
    assert texts.date_words(date(2026, 3, 11), "fr") == "11 mars 2026"
    assert (
        wording.period_in_words(date(2026, 3, 31), date(2026, 4, 1), "fr")
        == "du 31 mars au 1er avril 2026"
    )
    assert (
        wording.period_in_words(date(2026, 12, 31), date(2027, 1, 1), "en")
        == "31 December 2026 to 1 January 2027"
    )
    assert wording.period_in_words(date(2026, 3, 1), date(2026, 3, 1), "en") == "1 March 2026"


@pytest.mark.parametrize(
    ("minutes", "english", "french"),
    [
        (1080, "18 hours", "18 heures"),
        (60, "1 hour", "1 heure"),
        (90, "1 h 30", "1 h 30"),
        (65, "1 h 05", "1 h 05"),
        (45, "45 minutes", "45 minutes"),
    ],
)
def test_hours_in_words(minutes: int, english: str, french: str) -> None:
    assert wording.duration(minutes, "en").replace("\u00a0", " ") == english
    assert wording.duration(minutes, "fr").replace("\u00a0", " ") == french


def test_two_languages_share_the_layout_of_a_long_name() -> None:
    for name in ("Ann Lee", "M" * 100, "a b " * 25, "阿" * 100):
        size, width, lines = composition.fit_name(name.strip(), "", SHEET)
        assert 4 < size <= SHEET.sizes.name and lines in (1, 2)
        assert width <= SHEET.page.line * layouts.MM + 0.01
