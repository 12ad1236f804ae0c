"""Countries and languages by code or by their English or French name.

The indexes are built at the first look-up, so importing this costs nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from enrollment.nomination_files.text import LONGEST_WORD, clean, fold

# Names in use that neither ISO 3166 nor the Unicode tables have.
_COUNTRY_ALIASES = {
    "AE": "UAE, EAU, Emirates, Émirats",
    "AG": "Antigua",
    "BA": "Bosnia, Bosnie",
    "BY": "Bélarus, Belorussia",
    "CD": "DR Congo, DRC, RDC, RD Congo, Democratic Republic of the Congo, Democratic Republic of Congo, "
    "République démocratique du Congo, Congo RDC, Congo DRC, Zaire",
    "CF": "CAR, RCA",
    "CG": "Republic of Congo, Republic of the Congo, République du Congo, Congo Brazzaville",
    "CI": "Ivory Coast, Cote Ivoire",
    "CZ": "République tchèque",
    "GB": "UK, Great Britain, Grande-Bretagne, England, Scotland, Wales, Northern Ireland, Angleterre, "
    "Écosse, Pays de Galles, Irlande du Nord",
    "KG": "Kirghizistan",
    "KR": "Republic of Korea, République de Corée, ROK",
    "KP": "DPRK, RPDC, République populaire démocratique de Corée",
    "MK": "Macedonia, Macédoine, FYROM",
    "MM": "Burma, Birmanie",
    "NL": "Holland, Hollande",
    "PS": "Palestine, État de Palestine",
    "RU": "Fédération de Russie",
    "SA": "KSA",
    "ST": "Sao Tome, Sao Tomé",
    "SZ": "Swaziland",
    "TL": "East Timor, Timor-Leste",
    "TR": "Turkey",
    "TZ": "République-Unie de Tanzanie",
    "US": "United States of America, États-Unis d’Amérique, U.S., U.S.A.",
    "VA": "Vatican, Vatican City, Cité du Vatican",
    "VN": "Viêt-nam, Viet-nam",
}
#: Words that mean more than one country. ISO 3166 calls Congo (Brazzaville) "Congo", but so do people from
#: Kinshasa.
AMBIGUOUS_COUNTRIES = frozenset({"congo", "korea", "coree", "saintmartin", "virginislands", "ilesvierges"})

_LANGUAGE_ALIASES = {
    "es": "castellano, castilian, castillan, español",
    "fa": "farsi",
    "ht": "Haitian Creole, créole haïtien",
    "nl": "flemish, flamand",
    "pt": "português",
    "ro": "moldovan, moldave",
    "sw": "kiswahili",
    "zh": "mandarin, Mandarin Chinese, chinois mandarin",
}

_COUNTRY_KEYS = ("alpha_2", "alpha_3", "name", "official_name", "common_name")
_LANGUAGE_KEYS = ("alpha_2", "alpha_3", "bibliographic", "name", "common_name")
_ARTICLE = re.compile(r"\A(?:(?:the|la|le|les)\s+|l['’]\s*)", re.IGNORECASE)


def parse_country(text: str) -> str | None:
    """The alpha-2 code of a country given by alpha-2, alpha-3 or name; None when unknown or ambiguous."""
    index = _countries()
    return next((index[key] for key in _with_and_without_article(text) if key in index), None)


def is_ambiguous_country(text: str) -> bool:
    """Whether the text names more than one country."""
    return any(key in AMBIGUOUS_COUNTRIES for key in _with_and_without_article(text))


def parse_language(text: str) -> str | None:
    """The ISO 639-1 code of a language given by code (also "fr-CA") or name; None when unknown."""
    if match := re.fullmatch(r"\s*([A-Za-z]{2})[-_][A-Za-z]{2}\s*", text):
        text = match[1]
    return _languages().get(fold(text))


def _with_and_without_article(text: str) -> tuple[str, str]:
    """The folded text as it is, then without its article ("The Gambia", "La Gambie")."""
    return fold(text), fold(_ARTICLE.sub("", clean(text[:LONGEST_WORD])))


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Folded name or code → alpha-2."""
    import pycountry

    names: dict[str, set[str]] = defaultdict(set)
    territories = _in_both_languages("territories")
    for country in pycountry.countries:
        code = country.alpha_2
        for name in _names(country, _COUNTRY_KEYS, [table.get(code) for table in territories]):
            for variant in _variants(name):
                names[fold(variant)].add(code)
    for code, aliases in _COUNTRY_ALIASES.items():
        for alias in aliases.split(", "):
            names[fold(alias)].add(code)
    for name in AMBIGUOUS_COUNTRIES:
        names.pop(name, None)
    return {name: codes.pop() for name, codes in names.items() if len(codes) == 1}


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    """Folded name or code → ISO 639-1."""
    import pycountry

    names: dict[str, set[str]] = defaultdict(set)
    tables = _in_both_languages("languages")
    for language in pycountry.languages:
        code = getattr(language, "alpha_2", None)
        if code is None:
            continue
        for name in _names(language, _LANGUAGE_KEYS, [table.get(code) for table in tables]):
            names[fold(name)].add(code)
    for code, aliases in _LANGUAGE_ALIASES.items():
        for alias in aliases.split(", "):
            names[fold(alias)].add(code)
    return {name: codes.pop() for name, codes in names.items() if len(codes) == 1}


def _in_both_languages(table: str) -> list[dict[str, str]]:
    """A table of names of the Unicode Consortium in English and French."""
    from babel import Locale

    return [getattr(Locale.parse(code), table) for code in ("en", "fr")]


def _names(record: Any, keys: tuple[str, ...], others: list[str | None]) -> Iterable[str]:
    """The names and codes of a record of pycountry, and the others that exist."""
    return filter(None, [*(getattr(record, key, None) for key in keys), *others])


def _variants(name: str) -> Iterable[str]:
    """The name, also turned round ("Tanzania, Republic of") and without brackets ("Myanmar (Burma)")."""
    yield name
    if ", " in name:
        first, rest = name.split(", ", 1)
        yield f"{rest} {first}"
    if " (" in name:
        yield name.split(" (", 1)[0]
