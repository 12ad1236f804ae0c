"""Columns with a fixed vocabulary: category, gender, rank code. The meaning of an unknown word is
never guessed."""

from __future__ import annotations

from enrollment.nomination_files.text import fold, is_blank
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
