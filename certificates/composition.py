"""The composition of a certificate: from a payload to the values of the template.

Chooses the font families each text needs, and sizes so that a long name fits on two lines and the
objectives on one page. Widths come from the fonts themselves.
"""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import segno
from fontTools.ttLib import TTFont

from certificates import fonts, wording
from certificates.layouts import MM, Layout
from certificates.payload import CertificatePayload, Texts
from core import texts
from core.texts import Text

ISSUER_LEADING, COURSE_LEADING, SIGNATORY_LEADING = 1.3, 1.3, 1.25
LEADING, ITEM_GAP, HEADING_HEIGHT = (
    1.34,
    0.16,
    3.2,
)  # in ems of the body size, as in the style sheet
FACT_INDENT, ITEM_INDENT = 8.4, 1.9
SIDES = ("first", "second")


@dataclass(frozen=True, slots=True)
class Composition:
    """A payload with its sizes in print."""

    payload: CertificatePayload
    layout: Layout
    name_size: float
    name_width: float
    course_size: float
    body_size: float
    air: float  # extra millimetres in each of the five gaps
    families: set[str] = field(default_factory=set)

    def smaller(self) -> "Composition":
        """The same, one step smaller and without extra space, because the estimate was too
        generous."""
        return replace(self, body_size=round(self.body_size - 0.4, 2), air=0.0)

    def context(self) -> dict[str, Any]:
        """The values of the template."""
        payload, langs = self.payload, self.payload.languages
        address = wording.printed_address(payload)
        line = self.layout.page.address * MM / text_width(address, "sans")
        return {
            "p": payload,
            "name": Text(payload.holder_name, payload.holder_script_lang or "und"),
            "name_size": f"{self.name_size:.2f}pt",
            "name_width": f"{self.name_width:.1f}pt",
            "body_size": f"{self.body_size:.2f}pt",
            "air": f"{self.air:.2f}mm",
            "foot": f"{_foot_height(payload, self.layout):.1f}mm",
            "signatures": f"{_signatures_height(payload, self.layout):.1f}mm",
            "langs": langs,
            "sides": dict(zip(langs, SIDES, strict=False)),
            "words": {lang: wording.words(lang) for lang in langs},
            "labels": {lang: wording.labels(lang) for lang in langs},
            "issuer": _each(payload.issuer, langs),
            "issuer_style": self._issuer_style,
            "course": _each(payload.course_title, langs),
            "course_style": self._course_style,
            "facts": {lang: wording.facts(payload, lang) for lang in langs},
            "objectives": {
                lang: [item.text(lang) for item in payload.objectives] for lang in langs
            },
            "skills": {lang: wording.skills(payload, lang) for lang in langs},
            "signatories": [
                (Text(s.name, "und"), _each(s.role, langs)) for s in payload.signatories
            ],
            "reference": wording.reference(payload),
            "address": address,
            "address_size": f"{min(self.layout.sizes.address, line):.2f}pt",
            "code": wording.printed_code(payload),
            "qr": qr_code(payload.verify_url),
            "face": self._face,
            "direction": wording.direction,
            "language_direction": texts.direction,
        }

    def _face(self, text: Text, role: fonts.Role) -> str:
        """The style that sets a text in the fonts it needs; notes them so that the press loads
        them."""
        families = fonts.families_for(text.value, role, text.lang)
        self.families.update(families)
        if families in ((), (fonts.DEFAULT[role].family,)):
            return ""  # as in the style sheet
        names = ",".join(f"'{family}'" for family in families)
        return f"font-family:{names}"

    def _issuer_style(self, text: Text, side: str) -> str:
        """Lines of even length beside the emblem, centred vertically."""
        size, most = self.layout.sizes.issuer, self.layout.page.issuer * MM
        lines, width = balance(text, size, most)
        above = max(0.0, self.layout.page.emblem * MM - lines * size * ISSUER_LEADING) / 2
        edge = "left" if side == self.payload.languages[0] else "right"
        return f"padding-top:{above:.1f}pt;padding-{edge}:{most - width:.1f}pt"

    def _course_style(self, text: Text) -> str:
        """Lines of even length in the middle of the column."""
        column = self.layout.page.column * MM
        _, width = balance(text, self.course_size, column)
        aside = (column - width) / 2
        return (
            f"font-size:{self.course_size}pt;padding-left:{aside:.1f}pt;padding-right:{aside:.1f}pt"
        )


def compose(payload: CertificatePayload, layout: Layout) -> Composition:
    """Chooses the largest sizes at which everything should fit, and spreads the remaining space."""
    page = layout.page
    name_size, name_width, name_lines = fit_name(
        payload.holder_name, payload.holder_script_lang, layout
    )
    room = (
        page.height
        - page.fixed
        - _foot_height(payload, layout)
        - page.reserve
        - name_lines * name_size * 1.3 / MM
    )
    course_size, course_height = fit_course(payload, layout)
    room -= course_height
    for size in layout.sizes.body:
        spare = room - _body_height(payload, layout, size)
        if spare >= 0:
            break
    return Composition(
        payload,
        layout,
        name_size,
        name_width,
        course_size,
        size,
        max(0.0, min(page.air, spare / 6)),
    )


def fit_course(payload: CertificatePayload, layout: Layout) -> tuple[float, float]:
    """Size in points and height in millimetres of the course's title in the longer language."""
    titles, sizes = _each(payload.course_title, payload.languages).values(), layout.sizes.course
    column = layout.page.column * MM
    lines = max(_lines(title, "display", sizes[0], column) for title in titles)
    size = sizes[min(lines, len(sizes)) - 1]
    lines = max(_lines(title, "display", size, column) for title in titles)
    return size, lines * size * COURSE_LEADING / MM


def balance(text: Text, size: float, width: float) -> tuple[int, float]:
    """The lines of a text, and the narrowest width (within 2 %) at which it needs no more."""
    lines = _lines(text, "display", size, width)
    for percent in range(98, 50, -2):
        if lines == 1 or _lines(text, "display", size, width * percent / 100) > lines:
            return lines, width * min(percent + 4, 100) / 100
    return lines, width * 0.54


def fit_name(name: str, lang: str, layout: Layout) -> tuple[float, float, int]:
    """Size in points, width of the box, and lines: one large line if possible, else two balanced
    ones."""
    line, sizes = layout.page.line * MM, layout.sizes
    width = text_width(name, "display", lang) * 1.02
    if line / width >= sizes.name_one_line:
        return min(sizes.name, line / width), line, 1
    words = name.split(" ")
    splits = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    halves = splits or [(name[: len(name) // 2], name[len(name) // 2 :])]
    longer = min(max(text_width(half, "display", lang) for half in pair) for pair in halves) * 1.04
    if not words or longer > width * 0.8:
        longer = width * 0.6  # one very long word, broken wherever the line ends
    size = min(sizes.name_two_lines, line / longer)
    return size, min(line, longer * size * 1.02), 2


def text_width(text: str, role: fonts.Role, lang: str = "") -> float:
    """The width of a text in ems, without kerning and ligatures (so an overestimate)."""
    return max(sum(_word_widths(text.replace(" ", "\u00a0"), role, lang)), 0.1)


class QrCode(NamedTuple):
    """A QR code as one SVG path of horizontal strokes, in a square of modules."""

    side: int
    path: str


def qr_code(url: str) -> QrCode:
    """The QR code of an address. The mask is fixed: choosing one costs more than the rest of the
    code."""
    code = segno.make(url, error="m", micro=False, mask=2, boost_error=False)
    rows = enumerate(code.matrix)
    path = "".join(
        f"M{x} {y}.5h{length}" for y, row in rows for x, length in _dark_runs(bytes(row))
    )
    return QrCode(len(code.matrix), path)


def _dark_runs(row: bytes) -> list[tuple[int, int]]:
    return [(run.start(), run.end() - run.start()) for run in re.finditer(rb"\x01+", row)]


def label_style() -> str:
    """Style rules that indent the value after each label (floats or tables cost a quarter more)."""
    return "".join(
        f".{key}-{lang}{{margin-right:{FACT_INDENT - text_width(label, 'sans'):.3f}em}}\n"
        for lang in texts.printed()
        for key, label in wording.labels(lang).items()
    )


def _each(text: Texts, langs: tuple[str, ...]) -> dict[str, Text]:
    return {lang: text.text(lang) for lang in langs}


def _foot_height(payload: CertificatePayload, layout: Layout) -> float:
    signatures = (
        _signatures_height(payload, layout) + layout.page.signing if payload.signatories else 0
    )
    return layout.page.footer + signatures


def _signatures_height(payload: CertificatePayload, layout: Layout) -> float:
    """Millimetres from the line to the last word of the tallest signature: name, and office in each
    language."""
    sizes, width = layout.sizes, layout.page.signatory * MM
    heights = [0.0]
    for person in payload.signatories:
        roles = {
            text.value: text for text in _each(person.role, payload.languages).values()
        }.values()
        height = sizes.person * _lines(Text(person.name, "und"), "serif", sizes.person, width)
        height += sum(sizes.role * _lines(role, "sans", sizes.role, width) for role in roles)
        heights.append(height * SIGNATORY_LEADING / MM + 2.0)
    return max(heights)


def _body_height(payload: CertificatePayload, layout: Layout, size: float) -> float:
    """Millimetres of facts, objectives and skills; each block counts its taller language."""
    langs, column = payload.languages, layout.page.column * MM
    facts = [list(wording.facts(payload, lang).values()) for lang in langs]
    objectives = [[item.text(lang) for item in payload.objectives] for lang in langs]
    skills = [
        [Text(f"{title.value} {detail}", lang) for title, detail in wording.skills(payload, lang)]
        for lang in langs
    ]
    ems = max(_block_height(block, "sans", size, FACT_INDENT, column) for block in facts)
    for block in (objectives, skills):
        if block[0]:
            ems += HEADING_HEIGHT + max(
                _block_height(side, "serif", size, ITEM_INDENT, column) for side in block
            )
    return ems * size / MM


def _block_height(
    items: list[Text], role: fonts.Role, size: float, indent: float, column: float
) -> float:
    """The height of a list in ems of its size."""
    lines = sum(_lines(text, role, size, column - indent * size) for text in items)
    return LEADING * lines + ITEM_GAP * len(items)


def _lines(text: Text, role: fonts.Role, size: float, width: float) -> int:
    """The number of lines of a text in a column, breaking only words that are longer than a
    line."""
    width /= size
    space = _word_widths("\u00a0", role, "")[0]
    lines, used = 1, 0.0
    for word in _word_widths(text.value, role, text.lang):
        if used and used + space + word > width:
            lines, used = lines + 1, 0.0
        used += word + (space if used else 0)
        while used > width:
            lines, used = lines + 1, used - width
    return lines


@lru_cache(maxsize=1024)
def _word_widths(text: str, role: fonts.Role, lang: str) -> tuple[float, ...]:
    """The width of each word in ems. Only a plain space divides words."""
    metrics = [
        _advances(fonts.FONT_OF_FAMILY[family].file)
        for family in fonts.families_for(text, role, lang)
    ]
    return tuple(
        sum(next((table[ord(c)] for table in metrics if ord(c) in table), 0.0) for c in word)
        for word in text.split(" ")
    )


@lru_cache(maxsize=len(fonts.FONTS))
def _advances(file: str) -> dict[int, float]:
    """The advance width, in ems, of each character of a font file."""
    with TTFont(fonts.FONTS_DIR / file, lazy=True) as font:
        units, widths = font["head"].unitsPerEm, font["hmtx"].metrics
        return {code: widths[glyph][0] / units for code, glyph in font.getBestCmap().items()}
