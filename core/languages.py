"""Languages that people speak: their codes, their names, and the words people use for them.

Codes are those of BCP 47: ISO 639-1 where it exists ("fr"), else ISO 639-3 ("din"). Names come from
the Unicode CLDR, data/languages.csv and ISO 639-3. The languages of pages and messages are another
matter (core.i18n).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from core.lookup import Names, rows_of, several, words_of
from core.text import one_line

#: The languages for which the file has names.
OWN = ("en", "fr")
#: The six of the United Nations come first where a language is chosen.
FIRST = ("en", "fr", "es", "ar", "ru", "zh")
#: Tags that BCP 47 has replaced, and one variety with a code of its own.
_NOW = {
    "iw": "he",
    "in": "id",
    "ji": "yi",
    "jw": "jv",
    "mo": "ro",
    "fa-af": "prs",
    "no-bok": "nb",
    "no-nyn": "nn",
}
_TAG = re.compile("([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")


@lru_cache(maxsize=1)
def _rows() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in rows_of("languages.csv")}


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """Every code of ISO 639 in lower case → the code we store."""
    codes: dict[str, str] = {}
    for record in _records():
        iso_code = getattr(record, "alpha_2", None) or record.alpha_3
        for key in ("alpha_2", "alpha_3", "bibliographic"):
            if code := getattr(record, key, None):
                codes[code] = iso_code
    return codes


def _records() -> Iterator[Any]:
    """The languages of ISO 639-3, without its codes for "undetermined", "several" and the like."""
    import pycountry

    return (record for record in pycountry.languages if record.scope != "S")


def is_language(code: str) -> bool:
    """Whether this is a code as stored."""
    return _codes().get(code) == code


def kept_code(tag: str) -> str | None:
    """The code we store for a BCP 47 tag or an ISO 639 code: "fr" for "fr-CA" and "fra", "prs" for
    "fa-AF"."""
    tag = tag.strip().lower().replace("_", "-")
    if tag in _NOW:
        return _NOW[tag]
    match = _TAG.fullmatch(tag)
    return _codes().get(_NOW.get(match[1], match[1])) if match else None


@lru_cache(maxsize=4096)
def parse(text: str) -> str | None:
    """The code of a language given by code or by name in English or French; None if unknown or
    ambiguous."""
    text = one_line(text)
    code, usual = kept_code(text), _usual().find(text)
    if (
        code and usual and code != usual
    ):  # Fur is spoken in Darfur, but "fur" is the code of Friulian
        word = text.strip()
        return usual if word.istitle() else code if len(word) == 2 else None
    return code or usual or (None if _usual().is_ambiguous(text) else _of_iso().find(text))


@lru_cache(maxsize=4096)
def name(code: str | None, language: str) -> str:
    """The name of the language, in English if the other language has none; the code itself if there
    is none."""
    from babel import Locale, UnknownLocaleError

    row = _rows().get(code or "", {})
    try:
        of_cldr = Locale(language).languages.get(code or "")
    except UnknownLocaleError:
        of_cldr = None
    return str(row.get(language) or of_cldr or row.get("en") or _name_of_iso(code) or code or "")


def _name_of_iso(code: str | None) -> str | None:
    import pycountry

    record = pycountry.languages.get(alpha_3=code) if code and len(code) == 3 else None
    return record.name if record else None


@lru_cache(maxsize=8)
def choices(language: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of the languages offered in lists: the six of the United Nations first, then by
    name those of ISO 639-1 and those spoken where peace operations are."""
    first = tuple((code, name(code, language)) for code in FIRST)
    offered = {code for code in _codes().values() if len(code) == 2} | set(_rows())
    others = ((code, name(code, language)) for code in offered - set(FIRST))
    return first + tuple(sorted(others, key=lambda pair: words_of(pair[1])))


@lru_cache(maxsize=1)
def _usual() -> Names:
    return Names(_usual_names())


@lru_cache(maxsize=1)
def _of_iso() -> Names:
    """Used last, so that ISO 639-3's name of a small language hides nothing that people usually
    mean by it."""
    return Names(_iso_names())


def _usual_names() -> Iterator[tuple[str, str]]:
    """(name, code) from our file and the CLDR."""
    from babel import Locale

    ours = {
        code: (*(row[language] for language in OWN), *several(row["other"]))
        for code, row in _rows().items()
    }
    yield from ((name, code) for code, names in ours.items() for name in names if name)
    for language in OWN:
        for code, language_name in Locale.parse(language).languages.items():
            if is_language(code):
                yield str(language_name), code


def _iso_names() -> Iterator[tuple[str, str]]:
    for record in _records():
        iso_code = getattr(record, "alpha_2", None) or record.alpha_3
        yield record.name, iso_code
        if " (" in record.name:
            yield record.name.split(" (", 1)[0], iso_code
