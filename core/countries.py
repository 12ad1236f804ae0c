"""Countries: their codes, their United Nations names, and the words people use for them.

Codes are ISO 3166-1 alpha-2, and XK for Kosovo. data/countries.csv has the names and their source.
One rule for all entry points: pages choose from `choices`, programs send codes (`is_country`),
files contain whatever `parse` understands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from core.lookup import Names, keys, rows_of, several, words_of
from core.text import one_line

#: Alpha-3 codes for a country without an ISO 3166-1 code.
_ALPHA_3 = {"XKX": "XK", "XKK": "XK", "UNK": "XK"}
#: The United Nations calls Congo (Brazzaville) "Congo", as people from Kinshasa call their country.
_AMBIGUOUS = ("Congo", "Korea", "Corée", "Saint Martin", "Virgin Islands", "Îles Vierges")
_AMBIGUOUS_PEOPLE = (
    "Congolese",
    "congolais",
    "congolaise",
    "Korean",
    "coréen",
    "coréenne",
    "Dominican",
    "Virgin Islander",
)
#: Exceptions to the above: only the United Nations writes it so.
_EXACT = {"congo (the)": "CG", "congo (le)": "CG"}


#: The languages for which the file has names.
OWN = ("en", "fr")


@lru_cache(maxsize=1)
def _rows() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in rows_of("countries.csv")}


@lru_cache(maxsize=8)
def choices(language: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of all countries, by name in the language."""
    named = ((code, name(code, language)) for code in _rows())
    return tuple(sorted(named, key=lambda pair: words_of(pair[1])))


def name(code: str | None, language: str) -> str:
    """The United Nations name of the country; the code itself if there is none, an empty text for
    None."""
    row = _rows().get(code or "")
    if row is None:
        return code or ""
    return row.get(language) or _name_of_cldr(row["code"], language) or row["en"]


def _name_of_cldr(code: str, language: str) -> str | None:
    """The Unicode CLDR name of the country, for languages that the file lacks."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language).territories.get(code)
    except UnknownLocaleError:
        return None


def is_country(code: str) -> bool:
    """Whether this is a code as stored: two capital letters."""
    return code in _rows()


@lru_cache(maxsize=4096)
def parse(text: str) -> str | None:
    """The code of a country given by code or by name in English or French; None if unknown or
    ambiguous."""
    text = one_line(text)
    return _by_code(text) or _EXACT.get(" ".join(text.casefold().split())) or _names().find(text)


def parse_nationality(text: str) -> str | None:
    """The same, also from a demonym ("Senegalese", "sénégalaise")."""
    if is_ambiguous(text):
        return None
    return parse(text) or _people().find(text)


def nationalities(text: str) -> list[str | None]:
    """The codes of the nationalities in a text ("Senegal; France", "Senegalese and French"), each
    once; None for one that is unknown or ambiguous."""
    if not text.strip():
        return []
    if code := parse_nationality(text):
        return [code]
    codes: list[str | None] = []
    for part in re.split(r"[;|/\n]", text):
        country = parse_nationality(part)
        parts = [part] if country else re.split(r",|&|\band\b|\bet\b", part)
        codes += [parse_nationality(piece) for piece in parts if piece.strip()]
    return list(dict.fromkeys(codes))


def written(codes: Iterable[str], language: str) -> str:
    """Nationalities in a form that `nationalities` parses back to the same codes."""
    return "; ".join(_written(code, language) for code in codes)


def _written(code: str, language: str) -> str:
    """The name; if that is ambiguous, the unambiguous United Nations form."""
    country_name = name(code, language)
    if not is_ambiguous(country_name):
        return country_name
    row = _rows()[code]
    return row.get(f"{language}.short") or row["en.short"]


def means_none(text: str) -> bool:
    """Whether the text means that no country sends the person: "none", or an international
    organization."""
    return bool(set(keys(text)) & _no_country())


@lru_cache(maxsize=1)
def _no_country() -> frozenset[str]:
    return frozenset(key for row in rows_of("no_country.csv") for key in keys(row["name"]))


def is_ambiguous(text: str) -> bool:
    """Whether the text names more than one country."""
    return parse(text) is None and _names().is_ambiguous(text)


def is_ambiguous_nationality(text: str) -> bool:
    """Whether the text is a nationality of more than one country."""
    return is_ambiguous(text) or (parse_nationality(text) is None and _people().is_ambiguous(text))


def _by_code(text: str) -> str | None:
    code = text.strip().upper() if text.isascii() else ""  # "ß" in capitals would be "SS"
    if re.fullmatch("[A-Z]{2}", code) and is_country(code):
        return code
    if not re.fullmatch("[A-Z]{3}", code):
        return None
    return _ALPHA_3.get(code) or _alpha_3().get(code)


@lru_cache(maxsize=1)
def _alpha_3() -> dict[str, str]:
    import pycountry

    return {country.alpha_3: country.alpha_2 for country in pycountry.countries}


@lru_cache(maxsize=1)
def _names() -> Names:
    return Names(_all_names(), _AMBIGUOUS)


def _all_names() -> Iterator[tuple[str, str]]:
    """(name, code): first ours, then those of ISO 3166-1 and the CLDR."""
    import pycountry
    from babel import Locale

    for code, row in _rows().items():
        for column in (
            f"{language}{kind}" for kind in ("", ".short", ".formal") for language in OWN
        ):
            yield from ((spelling, code) for spelling in _with_and_without_brackets(row[column]))
        yield from ((spelling, code) for spelling in several(row["other"]))
    for country in pycountry.countries:
        for field in ("name", "official_name", "common_name"):
            yield from (
                (spelling, country.alpha_2)
                for spelling in _with_and_without_brackets(getattr(country, field, ""))
            )
    for language in OWN:
        territories = Locale.parse(language).territories
        yield from ((str(territories[code]), code) for code in _rows() if code in territories)


def _with_and_without_brackets(text: str) -> Iterator[str]:
    """ "Iran (Islamic Republic of)" is also called Iran."""
    yield text
    if " (" in text:
        yield text.split(" (", 1)[0]


@lru_cache(maxsize=1)
def _people() -> Names:
    called = (
        (demonym, code)
        for code, row in _rows().items()
        for language in OWN
        for demonym in several(row[f"{language}.people"])
    )
    return Names(called, _AMBIGUOUS_PEOPLE)
