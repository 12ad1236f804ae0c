"""Countries by whatever people call them, with the codes and the names that the United Nations
uses."""

from __future__ import annotations

import pycountry
import pytest
from babel import Locale

from core import countries
from core.countries import (
    is_ambiguous,
    is_ambiguous_nationality,
    is_country,
    means_none,
    name,
    parse,
    parse_nationality,
)

UNDERSTOOD = {
    "SN": [
        "SN",
        "sn",
        "SEN",
        "Sénégal",
        "senegal",
        " le Sénégal",
        "SÉNÉGAL",
        "Se\u0301ne\u0301gal",
        "the Republic of Senegal",
    ],
    "XK": [
        "XK",
        "xk",
        "Kosovo",
        "KOSOVO*",
        "le Kosovo",
        "Kosovo (UNSCR 1244)",
        "Kosovo (S/RES/1244 (1999))",
        "Kosova",
        "XKX",
    ],
    "GM": [
        "The Gambia",
        "La Gambie",
        "Gambia (the)",
        "Gambia, The",
        "Gambie (la)",
        "gambia",
        "Republic of the Gambia",
    ],
    "IR": [
        "L’Iran",
        "Iran",
        "Iran (Islamic Republic of)",
        "Iran, Islamic Rep.",
        "Iran (République islamique d')",
        "Islamic Republic of Iran",
    ],
    "CI": [
        "Ivory Coast",
        "Côte d’Ivoire",
        "Cote d'Ivoire",
        "COTE D`IVOIRE",
        "Côte dʼIvoire",
        "Cote dIvoire",
        "Côte-d´Ivoire",
        "Côte d‘Ivoire",
    ],
    "CD": [
        "DR Congo",
        "D.R. Congo",
        "RDC",
        "Congo (RDC)",
        "Congo-Kinshasa",
        "Congo, Dem. Rep.",
        "Rép. dém. du Congo",
        "Democratic Republic of the Congo",
    ],
    "CG": [
        "Congo-Brazzaville",
        "Congo (Brazzaville)",
        "République du Congo",
        "Congo, Rep.",
        "Congo (the)",
        "Congo (le)",
        "Republic of the Congo",
    ],
    "KR": [
        "South Korea",
        "Corée du Sud",
        "Republic of Korea",
        "Korea, Rep.",
        "Korea (Republic of)",
        "République de Corée",
    ],
    "KP": [
        "DPRK",
        "North Korea",
        "Democratic People's Republic of Korea",
        "Korea, Dem. People’s Rep.",
        "Corée du Nord",
    ],
    "TZ": [
        "Tanzania",
        "United Republic of Tanzania",
        "Tanzania, United Republic of",
        "République-Unie de Tanzanie",
    ],
    "TR": [
        "Turkey",
        "Türkiye",
        "TURKIYE",
        "Turquie",
        "Republic of Turkey",
        "République de Türkiye",
    ],
    "US": [
        "USA",
        "U.S.A.",
        "US",
        "United States",
        "États-Unis d'Amérique",
        "Etats-Unis",
        "United States of America (the)",
    ],
    "GB": [
        "UK",
        "U.K.",
        "Royaume-Uni",
        "Great Britain",
        "United Kingdom of Great Britain and Northern Ireland",
    ],
    "BO": ["Bolivia", "Bolivie (État plurinational de)", "Plurinational State of Bolivia"],
    "SZ": ["Swaziland", "Eswatini", "eSwatini"],
    "CV": ["Cape Verde", "Cabo Verde", "Cap-Vert"],
    "KN": ["St. Kitts & Nevis", "Saint Kitts and Nevis"],
    "NL": ["Netherlands", "The Netherlands", "Netherlands (Kingdom of the)", "Pays-Bas"],
    "SD": ["Sudan", "Sudan (the)", "Soudan"],
    "SS": ["South Sudan", "S. Sudan", "Soudan du Sud"],
    "LA": ["LA", "Laos", "Lao PDR", "Lao People's Democratic Republic (the)"],
    "DE": ["DE", "Germany", "Allemagne (l')", "Federal Republic of Germany"],
    "GN": ["Guinea", "Guinée", "Guinea-Conakry"],
    "GQ": ["Equatorial Guinea", "Guinée équatoriale"],
    "NE": ["Niger", "Niger (the)"],
    "NG": ["Nigeria", "Nigéria"],
    "BA": ["Bosnia-Herzegovina", "Bosnia and Herzegovina", "Bosnie-Herzégovine"],
    "HK": ["Hong Kong SAR, China", "Hong Kong"],
}


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in UNDERSTOOD.items() for text in texts]
)
def test_what_people_write_is_understood(code: str, text: str) -> None:
    assert parse(text) == code
    assert parse_nationality(text) == code  # a country named under "nationality" is meant as well


@pytest.mark.parametrize(
    "text",
    ["", "?", "The", "ZZ", "ZZZ", "Atlantis", "Sénégal?", "C?te d'Ivoire", "x" * 5000, "Republic"],
)
def test_what_is_no_country_is_none(text: str) -> None:
    assert parse(text) is None
    assert parse_nationality(text) is None
    assert not is_ambiguous(text)


@pytest.mark.parametrize(
    "text", ["none", "UN", "Union européenne", "UNMISS", "EEAS", "SEAE", "Minusca"]
)
def test_who_comes_from_an_organization_has_no_country(text: str) -> None:
    assert means_none(text)
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Congo",
        "Le Congo",
        "the congo",
        "Korea",
        "Corée",
        "Saint-Martin",
        "Îles Vierges",
        "Virgin Islands",
    ],
)
def test_what_can_be_two_countries_is_neither(text: str) -> None:
    assert parse(text) is None
    assert parse_nationality(text) is None
    assert is_ambiguous(text)
    assert is_ambiguous_nationality(text)


def test_every_name_in_the_data_means_its_country() -> None:
    """Whatever pages show or the United Nations writes is understood again, Congo aside, which
    is asked."""
    for code, row in countries._rows().items():
        names = [
            row[column]
            for column in ("en", "fr", "en.short", "fr.short", "en.formal", "fr.formal")
            if row[column]
        ]
        for text in [*names, *countries.several(row["other"])]:
            assert parse(text) == (None if text == "Congo" else code), text
        for text in countries.several(f"{row['en.people']};{row['fr.people']}"):
            assert parse_nationality(text) == code, text


def test_every_name_of_iso_and_of_the_unicode_consortium_means_its_country() -> None:
    for country in pycountry.countries:
        of_cldr = [Locale.parse(code).territories[country.alpha_2] for code in ("en", "fr")]
        for text in [country.alpha_2, country.alpha_3, country.name, *of_cldr]:
            assert parse(text) == country.alpha_2 or is_ambiguous(text), text


def test_every_country_of_iso_is_there_and_kosovo() -> None:
    codes = {code for code, _ in countries.choices("en")}
    assert codes == {country.alpha_2 for country in pycountry.countries} | {"XK"}
    assert all(is_country(code) for code in codes)
    assert not is_country("xk") and not is_country("ZZ") and not is_country("")


@pytest.mark.parametrize(
    ("code", "english", "french"),
    [
        ("TR", "Türkiye", "Türkiye"),
        ("CD", "Democratic Republic of the Congo", "République démocratique du Congo"),
        ("PS", "State of Palestine", "État de Palestine"),
        ("XK", "Kosovo", "Kosovo"),
        ("IR", "Iran (Islamic Republic of)", "Iran (République islamique d’)"),
        ("TZ", "United Republic of Tanzania", "République-Unie de Tanzanie"),
        ("CI", "Côte d’Ivoire", "Côte d’Ivoire"),
        ("KR", "Republic of Korea", "République de Corée"),
        ("GM", "Gambia", "Gambie"),
        ("ZZ", "ZZ", "ZZ"),
        (None, "", ""),
    ],
)
def test_pages_call_countries_what_the_united_nations_calls_them(
    code: str | None, english: str, french: str
) -> None:
    assert (name(code, "en"), name(code, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Senegalese", "SN"),
        ("sénégalaise", "SN"),
        ("SENEGALAIS", "SN"),
        ("Kosovar", "XK"),
        ("kosovare", "XK"),
        ("Burkinabè", "BF"),
        ("burkinabe", "BF"),
        ("Nigerian", "NG"),
        ("nigériane", "NG"),
        ("Nigérien", "NE"),
        ("Nigerien", "NE"),
        ("South Sudanese", "SS"),
        ("soudanaise", "SD"),
        ("sud-coréenne", "KR"),
        ("Bissau-Guinean", "GW"),
        ("équato-guinéenne", "GQ"),
        ("dominicaine", "DO"),
        ("dominiquaise", "DM"),
        ("British", "GB"),
        ("grecque", "GR"),
        ("turque", "TR"),
        ("Suisse", "CH"),
        ("Ivorian", "CI"),
        ("ivoirienne", "CI"),
        ("Central African", "CF"),
        ("Basotho", "LS"),
        ("Motswana", "BW"),
    ],
)
def test_people_are_called_by_their_nationality(text: str, code: str) -> None:
    assert parse_nationality(text) == code
    assert parse(text) in (None, code)


@pytest.mark.parametrize("text", ["Congolese", "congolaise", "Korean", "coréen", "Dominican"])
def test_a_nationality_that_can_be_two_is_neither(text: str) -> None:
    assert parse_nationality(text) is None
    assert is_ambiguous_nationality(text)
    assert not is_ambiguous(text)  # it names no country at all


def test_a_letter_that_becomes_two_in_capitals_is_no_code() -> None:
    assert [parse(text) for text in ("ß", "ﬀ", "ŉ")] == [None, None, None]
