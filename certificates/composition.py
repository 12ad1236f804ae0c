"""What is printed on a certificate and how large: from a payload to the values of the template.

Dates in words, hours, skills and facts in both languages; the font families each text needs; and sizes chosen so
that a long name keeps to two lines and twelve objectives to one page. Widths come from the fonts themselves.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import segno
from fontTools.ttLib import TTFont
from markupsafe import Markup

from certificates import fonts, wording
from certificates.payload import CertificatePayload
from certificates.wording import Text

TEMPLATES_DIR = Path(__file__).resolve().parent.parent / "templates" / "certificates" / "pdf"

LANGS = ("en", "fr")
MM = 72 / 25.4
LINE_WIDTH = 170 * MM  # between the margins
COLUMN_WIDTH = 79 * MM  # one language
ISSUER_WIDTH, ISSUER_SIZE, ISSUER_LEADING, EMBLEM_HEIGHT = 66 * MM, 10.5, 1.3, 25 * MM
COURSE_LEADING = 1.3
COURSE_SIZES = {1: 14.0, 2: 14.0, 3: 12.5}  # by the lines it takes at the largest size; longer titles:
SMALLEST_COURSE = 11.0
LARGEST_NAME, SMALLEST_ONE_LINE_NAME, LARGEST_TWO_LINE_NAME = 39.0, 25.0, 27.0
BODY_SIZES = (10.0, 9.6, 9.2, 8.8, 8.4, 8.0, 7.6, 7.2, 6.8, 6.4, 6.0, 5.6, 5.2, 4.8)
# Heights in millimetres of what does not depend on the payload, measured on the printed page.
PAGE_HEIGHT, FIXED_HEIGHT, FOOTER_HEIGHT, SIGNATURES_HEIGHT, RESERVE = 297.0, 98.0, 45.0, 19.0, 2.0
LARGEST_AIR = 9.0
LEADING = 1.36


@dataclass(frozen=True, slots=True)
class Composition:
    """A payload with the sizes it is printed in."""

    payload: CertificatePayload
    name_size: float
    name_width: float
    course_size: float
    body_size: float
    air: float  # extra millimetres at each of the five breathing places
    families: set[str] = field(default_factory=set)

    def smaller(self) -> "Composition":
        """The same, one step smaller and without air: the estimate was too generous."""
        return replace(self, body_size=round(self.body_size - 0.4, 2), air=0.0)

    def context(self) -> dict[str, Any]:
        """The values of the template."""
        payload = self.payload
        return {
            "p": payload,
            "name": Text(payload.holder_name, payload.holder_script_lang or "und"),
            "name_size": f"{self.name_size:.2f}pt",
            "name_width": f"{self.name_width:.1f}pt",
            "body_size": f"{self.body_size:.2f}pt",
            "air": f"{self.air:.2f}mm",
            "foot": f"{_foot_height(payload):.1f}mm",
            "langs": LANGS,
            "words": wording.WORDS,
            "issuer": _both(payload.issuer),
            "issuer_style": self._issuer_style,
            "course": _both(payload.course_title),
            "course_style": self._course_style,
            "facts": {lang: wording.facts(payload, lang) for lang in LANGS},
            "objectives": {lang: [Text(*item.text(lang)) for item in payload.objectives] for lang in LANGS},
            "skills": {lang: wording.skills(payload, lang) for lang in LANGS},
            "signatories": [(Text(s.name, "und"), _both(s.role)) for s in payload.signatories],
            "reference": wording.reference(payload),
            "address": wording.printed_address(payload),
            "code": wording.printed_code(payload),
            "qr": qr_code(payload.verify_url),
            "face": self._face,
            "direction": wording.direction,
        }

    def _face(self, text: Text, role: fonts.Role) -> Markup:
        """The style that sets a text in the fonts it needs, noted so that the press loads them."""
        families = fonts.families_for(text.value, role, text.lang)
        self.families.update(families)
        names = ",".join(f"'{family}'" for family in families)
        return Markup(f' style="font-family:{names}"') if families else Markup("")


    def _issuer_style(self, text: Text, side: str) -> str:
        """Lines of even length beside the emblem, centred on its height."""
        lines, width = balance(text, ISSUER_SIZE, ISSUER_WIDTH)
        above = max(0.0, EMBLEM_HEIGHT - lines * ISSUER_SIZE * ISSUER_LEADING) / 2
        edge = "left" if side == "en" else "right"
        return f"padding-top:{above:.1f}pt;padding-{edge}:{ISSUER_WIDTH - width:.1f}pt"

    def _course_style(self, text: Text) -> str:
        """Lines of even length in the middle of the column."""
        _, width = balance(text, self.course_size, COLUMN_WIDTH)
        aside = (COLUMN_WIDTH - width) / 2
        return f"font-size:{self.course_size}pt;padding-left:{aside:.1f}pt;padding-right:{aside:.1f}pt"


def compose(payload: CertificatePayload) -> Composition:
    """Choose the sizes: the largest in which everything should fit, with what is left over as air."""
    name_size, name_width, name_lines = fit_name(payload.holder_name, payload.holder_script_lang)
    room = PAGE_HEIGHT - FIXED_HEIGHT - _foot_height(payload) - RESERVE - name_lines * name_size * 1.3 / MM
    course_size, course_height = fit_course(payload)
    room -= course_height
    for size in BODY_SIZES:
        left = room - _body_height(payload, size)
        if left >= 0:
            break
    return Composition(payload, name_size, name_width, course_size, size, max(0.0, min(LARGEST_AIR, left / 6)))


def fit_course(payload: CertificatePayload) -> tuple[float, float]:
    """Size in points, and height in millimetres, of the course's title in the longer language."""
    titles = _both(payload.course_title).values()
    lines = max(_lines(title, "display", COURSE_SIZES[1]) for title in titles)
    size = COURSE_SIZES.get(lines, SMALLEST_COURSE)
    lines = max(_lines(title, "display", size) for title in titles)
    return size, lines * size * COURSE_LEADING / MM


def balance(text: Text, size: float, width: float) -> tuple[int, float]:
    """Lines of a text, and the narrowest width (within 2 %) in which it still takes no more of them."""
    lines = _lines(text, "display", size, width)
    for percent in range(98, 50, -2):
        if lines == 1 or _lines(text, "display", size, width * percent / 100) > lines:
            return lines, width * min(percent + 4, 100) / 100
    return lines, width * 0.54


def fit_name(name: str, lang: str) -> tuple[float, float, int]:
    """Size in points, width of the box, and lines: one large line if possible, else two balanced ones."""
    width = text_width(name, "display", lang) * 1.02
    one_line = LINE_WIDTH / width
    if one_line >= SMALLEST_ONE_LINE_NAME:
        return min(LARGEST_NAME, one_line), LINE_WIDTH, 1
    words = name.split(" ")
    splits = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    halves = splits or [(name[: len(name) // 2], name[len(name) // 2 :])]
    longer = min(max(text_width(half, "display", lang) for half in pair) for pair in halves) * 1.04
    if not words or longer > width * 0.8:
        longer = width * 0.6  # one very long word: it is broken wherever the line ends
    size = min(LARGEST_TWO_LINE_NAME, LINE_WIDTH / longer)
    return size, min(LINE_WIDTH, longer * size * 1.02), 2


def text_width(text: str, role: fonts.Role, lang: str = "") -> float:
    """The width of a text in ems, without kerning and ligatures (so rather too much than too little)."""
    metrics = [_advances(fonts.FONT_OF_FAMILY[family].file) for family in fonts.families_for(text, role, lang)]
    return max(sum(_advance(character, metrics) for character in text), 0.1)


def qr_code(url: str) -> Markup:
    """The QR code as an SVG drawing. The mask is fixed: choosing one costs more than the whole code."""
    code = segno.make(url, error="m", micro=False, mask=2, boost_error=False)
    side = code.symbol_size(border=0)[0]
    runs = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < side:
            end = x
            while end < side and row[end]:
                end += 1
            if end > x:
                runs.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = end + 1
    path = "".join(runs)
    return Markup(
        f'<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<path fill="#0b2a33" d="{path}"/></svg>'
    )


def _both(text: Any) -> dict[str, Text]:
    return {lang: Text(*text.text(lang)) for lang in LANGS}


def _foot_height(payload: CertificatePayload) -> float:
    return FOOTER_HEIGHT + (SIGNATURES_HEIGHT if payload.signatories else 0)


def _body_height(payload: CertificatePayload, size: float) -> float:
    """Millimetres of facts, objectives and skills in the taller of the two languages."""
    return max(_column_height(payload, size, lang) for lang in LANGS)


def _column_height(payload: CertificatePayload, size: float, lang: str) -> float:
    line = size * LEADING / MM
    facts = sum(
        _lines(Text(value.value, lang), "sans", size, COLUMN_WIDTH - 9.2 * size)
        for _, value in wording.facts(payload, lang)
    )
    objectives = [Text(*item.text(lang)) for item in payload.objectives]
    lists = sum(_lines(text, "serif", size, COLUMN_WIDTH - 2.2 * size) for text in objectives)
    gaps = 0.16 * len(objectives) + 0.16 * len(wording.facts(payload, lang))
    for title, detail in wording.skills(payload, lang):
        lists += _lines(Text(f"{title.value} · {detail}", lang), "serif", size, COLUMN_WIDTH - 2.2 * size)
        gaps += 0.16
    headings = 3.0 * (bool(payload.objectives) + bool(payload.skills))
    return line * (facts + lists + gaps + headings)


def _lines(text: Text, role: fonts.Role, size: float, width: float = COLUMN_WIDTH) -> int:
    """Lines a text takes in a column, filling each with whole words."""
    lines, used = 1, 0.0
    space = text_width(" ", role) * size
    for word in text.value.split():
        length = text_width(word, role, text.lang) * size
        if used and used + space + length > width:
            lines, used = lines + 1, 0.0
        used += length + (space if used else 0)
        while used > width:
            lines, used = lines + 1, used - width
    return lines


def _advance(character: str, metrics: list[dict[int, float]]) -> float:
    return next((table[ord(character)] for table in metrics if ord(character) in table), 0.0)


@lru_cache(maxsize=len(fonts.FONTS))
def _advances(file: str) -> dict[int, float]:
    """The advance width, in ems, of each character of a font file."""
    with TTFont(fonts.FONTS_DIR / file, lazy=True) as font:
        units, widths = font["head"].unitsPerEm, font["hmtx"].metrics
        return {code: widths[glyph][0] / units for code, glyph in font.getBestCmap().items()}


def all_texts(payload: CertificatePayload) -> list[str]:
    """Every text of a payload that people wrote, for checking it before printing."""
    bilingual = (payload.course_title, payload.issuer, *payload.objectives)
    roles = [s.role for s in payload.signatories]
    titles = [s.title for s in payload.skills]
    pairs = chain.from_iterable((item.en, item.fr) for item in (*bilingual, *roles, *titles))
    plain = (payload.holder_name, payload.venue, payload.course_code, payload.delivery_code, payload.number)
    return [*plain, *(s.name for s in payload.signatories), *pairs]
