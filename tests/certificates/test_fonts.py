"""What the embedded fonts can print, and that asking costs little."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from certificates import fonts

ROOT = Path(__file__).resolve().parents[2]

PRINTABLE = [
    "Zoë Lefèvre-Nguyễn",
    "Łukasz Żółciński",
    "Đặng Thị Hồng",
    "Ọ̀ṣun Adébáyọ̀",
    "Ɓaƙo Ŋutsi",
    "ʻAlapaki O’Brien ʼĀ",
    "محمد بن عبد الرحمن",
    "پرویز گل ٹھیکیدار",
    "Оксана Шевченко",
    "Әлия Қасымова",
    "Ελένη Παπαδοπούλου",
    "ሰላማዊት ተስፋዬ",
    "李文娟",
    "欧阳喆堃",
    "陳美玲 龍",
    "髙橋 さくら タケシ 﨑",
    "박경희 똠",
    "अनीता क्षेत्री",
    "রহমান ক্ষ",
    "ਗੁਰਪ੍ਰੀਤ",
    "પટેલ",
    "தமிழ்ச்செல்வி",
    "వెంకట",
    "ಲಕ್ಷ್ಮಿ",
    "ശ്രീജ",
    "සුනිල් පෙරේරා",
    "สมชาย ใจดี",
    "ສົມສັກ",
    "សុខា ស្រី",
    "အောင်ဆန်း",
    "ཚེ་རིང་",
    "გიორგი",
    "Արամ",
    "יוסף כהן",
    "އަހުމަދު",
    "ߡߎߛߊ߫",
    "ⵎⵓⵃⴰ",
    "𞤀𞤥𞤢𞤣𞤵",
    "ᐃᓄᒃ",
    "ܝܘܚܢܢ",
    "a\u00a0b\u202fc\u2009d",
    "x‑y–z—w…",
    "می\u200cخواهم",
    "श्री\u200dराम",
    "№ 7 · § 3 «é»",
]


@pytest.mark.parametrize("text", PRINTABLE)
def test_names_of_the_world_are_printable(text: str) -> None:
    assert fonts.unprintable(text) == []
    roles: Any = fonts.DEFAULT
    for role in roles:
        families = fonts.families_for(text, role)
        chosen = [fonts.FONT_OF_FAMILY[family] for family in families]
        assert all(
            any(fonts.covers(f, c) for f in chosen)
            for c in text
            if c not in fonts.JOINERS_AND_MARKS
        )


@pytest.mark.parametrize(
    "character",
    [
        "😀",
        "🇨🇦",
        "☎",
        "❤️",
        "\ue000",
        "\x07",
        "\n",
        "\t",
        "\x7f",
        "\u0378",
        "\ufffe",
        "\ufeff",
        "\u202e",
        "\u2066",
        "\u00ad",
        "\ud800",
        "\U000e0041",
        "𒀀",
    ],
)
def test_what_no_certificate_shows(character: str) -> None:
    assert fonts.unprintable(f"Ann {character} Lee")[0] == character[0]


def test_each_unprintable_character_is_named_once_and_in_order() -> None:
    assert fonts.unprintable("a😀b\x07c😀") == ["😀", "\x07"]


def test_a_decomposed_name_is_judged_as_composed() -> None:
    assert fonts.unprintable("Nguye\u0302\u0303n") == []


def test_a_name_keeps_to_one_font_where_one_has_it_all() -> None:
    assert fonts.families_for("Zoë Lefèvre-Nguyễn", "display") == ("Atlas Display",)
    assert fonts.families_for("Ɓaƙo Ŋutsi", "display") == ("Atlas Wide Serif",)
    assert fonts.families_for("李文娟 (Li Wenjuan)", "display", "zh") == (
        "Atlas Display",
        "Atlas Han",
    )
    assert fonts.families_for("山田 直子", "display", "ja") == ("Atlas Display", "Atlas Kanji")


def test_every_font_has_a_space() -> None:
    assert [
        font.file
        for font in fonts.FONTS
        if not (fonts.covers(font, " ") and fonts.covers(font, "\u00a0"))
    ] == []


def test_the_coverage_file_equals_the_fonts() -> None:
    fonts._coverage.cache_clear()
    measured = fonts.measure_coverage()
    assert fonts.json.loads(fonts.COVERAGE_FILE.read_text()) == measured


def test_the_folder_holds_the_fonts_their_licences_and_stays_small() -> None:
    files = {path.name: path.stat().st_size for path in fonts.FONTS_DIR.iterdir()}
    assert {name for name in files if name.endswith(".ttf")} == {font.file for font in fonts.FONTS}
    assert sum(files.values()) < 25_000_000
    assert sum(name.startswith("OFL-") for name in files) == 3
    readme = (fonts.FONTS_DIR / "README.md").read_text()
    assert all(font.file in readme for font in fonts.FONTS)


def test_asking_imports_no_layout_engine_and_no_font_library() -> None:
    code = (
        "import sys, certificates.fonts as f; f.unprintable('é'); "
        "print({'weasyprint','fontTools'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
