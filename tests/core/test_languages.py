"""Languages by code or by name: ISO 639-1 where it exists, else ISO 639-3."""

from __future__ import annotations

import pycountry
import pytest

from core import languages
from core.languages import choices, is_language, kept_code, name, parse

UNDERSTOOD = {
    "fr": [
        "fr",
        "FR",
        "fra",
        "fre",
        "fr-CA",
        "fr_CA",
        "French",
        "Français",
        "francais",
        "LE FRANÇAIS",
    ],
    "en": ["Anglais", "English", "eng", "English (UK)"],
    "ar": ["arabe", "Arabic"],
    "sw": ["Swahili", "Kiswahili"],
    "fa": ["Farsi", "persan"],
    "zh": ["Mandarin", "chinois", "zh-Hans"],
    "din": ["din", "Dinka", "Dinka (Jieng)"],
    "pga": ["Juba Arabic", "Arabe juba", "arabe de Djouba"],
    "ktu": ["Kituba"],
    "mkw": ["Munukutuba"],
    "dik": ["dik", "Southwestern Dinka", "Dinka, Southwestern"],
    "nus": ["nus", "Nuer", "nuer"],
    "tet": ["tet", "Tetum", "Tetun", "tétoum"],
    "kri": ["kri", "Krio"],
    "taq": ["taq", "Tamasheq"],
    "prs": ["prs", "Dari", "fa-AF", "persan afghan"],
    "fvr": ["fvr", "Fur"],
    "fur": ["Friulian"],
    "gaa": ["Ga", "gaa"],
    "ga": ["ga", "Irish"],
    "apd": ["Sudanese Arabic", "arabe soudanais"],
    "ff": ["Fulani", "Peul", "Pulaar"],
    "lg": ["Luganda"],
    "rn": ["Kirundi"],
    "ht": ["Haitian Creole", "créole haïtien"],
    "mos": ["mooré", "Mossi"],
    "ro": ["moldave", "mo"],
}


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in UNDERSTOOD.items() for text in texts]
)
def test_what_people_write_is_understood(code: str, text: str) -> None:
    assert parse(text) == code


@pytest.mark.parametrize(
    "text", ["", "?", "Atlantean", "FR/EN", "xx-CA", "und", "mul", "zxx", "x" * 5000]
)
def test_what_is_no_language_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_word_that_is_one_language_and_the_code_of_another_is_neither() -> None:
    assert parse("fur") is None  # Fur of Darfur, or Friulian
    assert kept_code("fur") == "fur"  # a program sends codes only


def test_a_code_is_the_shortest_there_is() -> None:
    assert is_language("fr") and is_language("din") and is_language("dik")
    assert not any(map(is_language, ("fra", "FR", "fre", "xx", "und", "", "fr-CA")))
    assert [kept_code(tag) for tag in ("fra", "iw", "dik", "fr-CA", "no such")] == [
        "fr",
        "he",
        "dik",
        "fr",
        None,
    ]


def test_every_code_of_iso_639_is_kept_as_one() -> None:
    for record in pycountry.languages:
        code = kept_code(record.alpha_3)
        assert code == (None if record.scope == "S" else getattr(record, "alpha_2", record.alpha_3))


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_what_is_offered_has_a_name_that_is_understood_again(locale: str) -> None:
    offered = choices(locale)
    assert [code for code, _ in offered[:6]] == ["en", "fr", "es", "ar", "ru", "zh"]
    assert {"din", "dik", "nus", "tet", "kri", "taq", "prs"} <= {code for code, _ in offered}
    for code, label in offered:
        assert is_language(code) and label
        assert parse(label) == code or label in ("fur", "ga"), label


def test_names() -> None:
    assert (name("prs", "en"), name("prs", "fr")) == ("Dari", "dari")
    assert (name("tet", "en"), name("tet", "fr")) == ("Tetum", "tétoum")
    assert name("shk", "fr") == "shilluk"
    assert (
        name("aae", "fr") == "Arbëreshë Albanian"
    )  # where no one has a French name, the English one
    assert name("zzzz", "en") == "zzzz" and name(None, "en") == ""


def test_every_other_name_in_the_data_means_its_language() -> None:
    for code, row in languages._rows().items():
        assert is_language(code)
        for text in languages.several(row["other"]):
            assert parse(text) == code, text
