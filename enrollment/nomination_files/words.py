"""Columns with a fixed vocabulary: category, gender, rank code. The meaning of an unknown word is
never guessed."""

from __future__ import annotations

import re

from enrollment.nomination_files.text import LONGEST_WORD, clean, fold, is_blank
from people.personnel import WRITTEN_SUBCATEGORIES, PersonnelCategory


def _index(words: dict[str, str]) -> dict[str, str]:
    return {fold(word): meaning for meaning, listed in words.items() for word in listed.split(",")}


_CATEGORIES = _index({category.value: category.traits.written for category in PersonnelCategory})
_SUBCATEGORIES = _index({code.value: words for code, words in WRITTEN_SUBCATEGORIES.items()})
_GENDERS = _index(
    {
        "female": "female, f, woman, femme, féminin, feminine",
        "male": "male, m, man, h, homme, masculin, masculine",
        "another": "another, other, another gender, autre, autre genre, non-binary, non binaire",
        "undisclosed": "undisclosed, not disclosed, unspecified, not specified, prefer not to say, "
        "non précisé, non précisée, non spécifié, non spécifiée, non divulgué, non divulguée, "
        "non communiqué, préfère ne pas répondre",
    }
)
_RANK_CODE = re.compile(r"(OF|OR)[\s\-\u2010-\u2015]*(?:(10|0?[1-9])|\(?(D)\)?)", re.IGNORECASE)


def parse_category(text: str) -> str | None:
    """The value of a personnel category, from the English or French word; None for anything
    else."""
    return _CATEGORIES.get(fold(text))


def parse_subcategory(text: str) -> str | None:
    """The value of a subcategory, from its code or the English or French word; None for anything
    else."""
    return _SUBCATEGORIES.get(fold(text)) or _SUBCATEGORIES.get(fold(text.replace("_", " ")))


def parse_gender(text: str) -> str | None:
    """female, male, another or undisclosed, from the English or French word; blank text is
    undisclosed.

    None for anything else: "X?" is a doubt, and "X" means different things in different passports.
    """
    return _GENDERS.get(fold(text)) if not is_blank(text) else "undisclosed"


def parse_rank_code(text: str) -> str | None:
    """The code of STANAG 2116 in its printed form (OF-1 to OF-10, OR-1 to OR-9, OF(D)), or None.

    >>> parse_rank_code("of2")
    'OF-2'
    """
    match = _RANK_CODE.fullmatch(clean(text[:LONGEST_WORD]))
    if match is None:
        return None
    kind, number, designate = match[1].upper(), match[2], match[3]
    if designate:
        return "OF(D)" if kind == "OF" else None
    if kind == "OR" and int(number) == 10:
        return None
    return f"{kind}-{int(number)}"
