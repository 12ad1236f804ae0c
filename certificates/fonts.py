"""The fonts embedded in certificates, and the characters they can print.

System fonts are never used: the result depends only on the files in ``static/fonts``. Their
coverage is read from ``coverage.json`` beside them, which avoids parsing fonts; run ``python -m
certificates.fonts`` after adding or replacing one.
"""

import json
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from core.text import normalized

FONTS_DIR = Path(__file__).resolve().parent.parent / "static" / "fonts"
COVERAGE_FILE = FONTS_DIR / "coverage.json"


@dataclass(frozen=True, slots=True)
class Font:
    """One font file. Each file is its own family, so that weights and slants are never
    synthesised."""

    family: str
    file: str
    langs: tuple[str, ...] = ()  # languages that prefer this font (Japanese kanji forms)

    @property
    def path(self) -> Path:
        return FONTS_DIR / self.file


DISPLAY = Font("Atlas Display", "SourceSerif4Display-Semibold.ttf")
SERIF = Font("Atlas Serif", "SourceSerif4-Regular.ttf")
ITALIC = Font("Atlas Italic", "SourceSerif4-It.ttf")
SANS = Font("Atlas Sans", "NotoSans-Regular.ttf")
WIDE_SERIF = Font("Atlas Wide Serif", "NotoSerif-Bold.ttf")

_SERIF_SCRIPTS = (
    "Ethiopic",
    "Armenian",
    "Georgian",
    "Hebrew",
    "Devanagari",
    "Bengali",
    "Gurmukhi",
    "Gujarati",
    "Tamil",
    "Telugu",
    "Kannada",
    "Malayalam",
    "Sinhala",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
    "Tibetan",
)
_SANS_SCRIPTS = (
    ("Thaana", "Bold"),
    ("Adlam", "Bold"),
    ("CanadianAboriginal", "Bold"),
    ("NKo", "Regular"),
    ("Tifinagh", "Regular"),
    ("Mongolian", "Regular"),
    ("Syriac", "Regular"),
)
SCRIPT_FONTS = (
    Font("Atlas Arabic", "NotoNaskhArabic-Bold.ttf"),
    *(Font(f"Atlas {script}", f"NotoSerif{script}-Bold.ttf") for script in _SERIF_SCRIPTS),
    *(
        Font(f"Atlas {script}", f"NotoSans{script}-{weight}.ttf")
        for script, weight in _SANS_SCRIPTS
    ),
    Font("Atlas Hangul", "RostrumMyeongjo-Bold.ttf", langs=("ko",)),
    Font("Atlas Han", "NotoSerifSC-SemiBold.ttf", langs=("zh",)),
    Font("Atlas Kanji", "NotoSerifJP-SemiBold.ttf", langs=("ja",)),
    Font("Atlas Han Traditional", "NotoSerifTC-Supplement-SemiBold.ttf"),
)
FONTS = (DISPLAY, SERIF, ITALIC, SANS, WIDE_SERIF, *SCRIPT_FONTS)
FONT_OF_FAMILY = {font.family: font for font in FONTS}

Role = Literal["display", "serif", "italic", "sans"]
_PREFERRED: dict[str, tuple[Font, ...]] = {
    "display": (DISPLAY, WIDE_SERIF, SANS),
    "serif": (SERIF, SANS, WIDE_SERIF),
    "italic": (ITALIC, SANS, WIDE_SERIF),
    "sans": (SANS, WIDE_SERIF),
}

DEFAULT = {role: preferred[0] for role, preferred in _PREFERRED.items()}

# Invisible characters that control joining and direction; shaping needs no glyph for them.
JOINERS_AND_MARKS = frozenset("\u200c\u200d\u200e\u200f")
_NEVER_PRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PICTOGRAPHS = ((0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x1F000, 0x1FAFF))


def unprintable(text: str) -> list[str]:
    """The distinct characters of a text, in order, that a certificate cannot show."""
    characters: dict[str, None] = {}
    for character in normalized("NFC", text):
        if not _printable(character):
            characters[character] = None
    return list(characters)


def families_for(text: str, role: Role, lang: str = "") -> tuple[str, ...]:
    """The font families that together print a text, preferred first, and only those it needs.

    A text stays in one font if one has all of it: a name whose last letter is missing from the
    display font is set entirely in the wide one.
    """
    return _families_for(normalized("NFC", text), role, lang.partition("-")[0].lower())


@lru_cache(maxsize=1024)
def _families_for(text: str, role: Role, language: str) -> tuple[str, ...]:
    preferred = _PREFERRED[role]
    letters = {character for character in text if _needs_font(character)}
    common = {character for character in letters if _covered_by_any(preferred, character)}
    main = next((font for font in preferred if all(covers(font, c) for c in common)), None)
    chosen = [main] if main else []
    by_language = sorted(SCRIPT_FONTS, key=lambda font: language not in font.langs)
    uncovered = {character for character in letters if not (main and covers(main, character))}
    for font in (*([] if main else preferred), *by_language):
        if any(covers(font, character) for character in uncovered):
            chosen.append(font)
            uncovered = {character for character in uncovered if not covers(font, character)}
    return tuple(font.family for font in chosen)


def covers(font: Font, character: str) -> bool:
    """Whether the font has a glyph for the character."""
    bounds = _coverage()[font.file]
    return bisect_right(bounds, ord(character)) % 2 == 1


def _needs_font(character: str) -> bool:
    return character not in JOINERS_AND_MARKS


def _covered_by_any(fonts: tuple[Font, ...], character: str) -> bool:
    return any(covers(font, character) for font in fonts)


@lru_cache(maxsize=8192)
def _printable(character: str) -> bool:
    if character in JOINERS_AND_MARKS:
        return True
    if unicodedata.category(character) in _NEVER_PRINTED:
        return False
    code = ord(character)
    if any(first <= code <= last for first, last in _PICTOGRAPHS):
        return False
    return _covered_by_any(FONTS, character)


@lru_cache(maxsize=1)
def _coverage() -> dict[str, list[int]]:
    """The sorted bounds of each file's ranges: start, end + 1, start, end + 1 … (odd position =
    inside)."""
    steps = json.loads(COVERAGE_FILE.read_text(encoding="ascii"))
    coverage = {}
    for file, deltas in steps.items():
        bounds, position = [], 0
        for delta in deltas:
            position += delta
            bounds.append(position)
        coverage[file] = bounds
    return coverage


def measure_coverage() -> dict[str, list[int]]:
    """The content of ``coverage.json``, from the fonts themselves: distances between successive
    bounds."""
    from fontTools.ttLib import TTFont

    measured = {}
    for font in FONTS:
        with TTFont(font.path, lazy=True) as opened:
            codes = sorted(opened.getBestCmap())
        bounds: list[int] = []
        for code in codes:
            if bounds and bounds[-1] == code:
                bounds[-1] = code + 1
            else:
                bounds += [code, code + 1]
        measured[font.file] = [
            bound - before for before, bound in zip([0, *bounds], bounds, strict=False)
        ]
    return measured


if __name__ == "__main__":
    lines = [
        f"{json.dumps(file)}: {json.dumps(deltas, separators=(',', ':'))}"
        for file, deltas in measure_coverage().items()
    ]
    COVERAGE_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")
