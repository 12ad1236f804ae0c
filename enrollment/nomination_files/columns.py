"""The columns of a nomination file, and the headings that people give them."""

from __future__ import annotations

import re

from enrollment.nomination_files.text import without_accents

COLUMNS = (
    "identifier",
    "identifier_issuer",
    "given_name",
    "family_name",
    "name_on_certificate",
    "email",
    "country",
    "nationalities",
    "gender",
    "birth_date",
    "category",
    "subcategory",
    "rank",
    "rank_code",
    "organization",
    "language",
    "needs",
)
#: Columns that hold given and family name together → whether the family name comes first; None if
#: the heading does not tell.
FULL_NAMES: dict[str, bool | None] = {
    "full_name": None,
    "family_given_name": True,
    "given_family_name": False,
}
#: The columns that a row of a file may have, those for both names included.
SOURCES = (*COLUMNS, *FULL_NAMES)
#: The columns without which no row can be good. The family name is not among them, because some
#: people have only one name.
REQUIRED = ("given_name", "email", "country", "category")

# These are not in the translation catalogues, because the reader must understand exactly the
# headings that the template and the messages use.
HEADINGS = {
    "en": {
        "identifier": "Service or staff number",
        "identifier_issuer": "Issuer of the number",
        "given_name": "Given name",
        "family_name": "Family name",
        "name_on_certificate": "Name on certificate",
        "email": "Email",
        "country": "Country",
        "nationalities": "Nationality",
        "gender": "Gender",
        "birth_date": "Date of birth",
        "category": "Category",
        "subcategory": "Sub-category",
        "rank": "Rank",
        "rank_code": "Rank code",
        "organization": "Organization",
        "language": "Language",
        "needs": "Needs",
    },
    "fr": {
        "identifier": "Matricule",
        "identifier_issuer": "Émetteur du matricule",
        "given_name": "Prénom",
        "family_name": "Nom de famille",
        "name_on_certificate": "Nom sur le certificat",
        "email": "Courriel",
        "country": "Pays",
        "nationalities": "Nationalité",
        "gender": "Genre",
        "birth_date": "Date de naissance",
        "category": "Catégorie",
        "subcategory": "Sous-catégorie",
        "rank": "Grade",
        "rank_code": "Code de grade",
        "organization": "Organisation",
        "language": "Langue",
        "needs": "Besoins",
    },
}

_FULL_NAME = {"en": "Full name", "fr": "Nom complet"}

_SYNONYMS = {
    "identifier": (
        "id, personal id, person id, service number, service no, personnel number, personnel no, "
        "staff number, staff no, staff id, employee number, employee no, employee id, id number, "
        "id no, identification number, identifiant, matricule ou numéro de personnel, n "
        "matricule, no matricule, numéro matricule, n de matricule, no de matricule, numéro de "
        "matricule, n de service, no de service, numéro de service, n d'identification, no "
        "d'identification, numéro d'identification, n d'identité, numéro d'identité, numéro "
        "personnel"
    ),
    "identifier_issuer": (
        "issuer, issued by, issuing body, issuing organization, issuing organisation, issuing "
        "country, issuer of the identifier, identifier issuer, émetteur, émis par, organisme "
        "émetteur, pays émetteur, émetteur de l'identifiant"
    ),
    "given_name": (
        "first name, given names, first names, forename, forenames, prénoms, prénom usuel"
    ),
    "family_name": "surname, last name, family names, nom, noms, nom de naissance, nom d'usage",
    "name_on_certificate": (
        "certificate name, name for certificate, name on the certificate, nom du certificat, nom "
        "pour le certificat, nom complet sur le certificat"
    ),
    "email": (
        "email, e mail, mail, email address, e mail address, adresse électronique, adresse "
        "courriel, adresse e mail, adresse mail, adresse de courriel, mél, courrier électronique, "
        "adresse de messagerie"
    ),
    "country": "nation, country code, code pays, sending country, contributing country, country of "
    "origin, pays d'origine, "
    "pays d'envoi, pays contributeur, pays d'affectation d'origine, nominating country",
    "nationalities": (
        "nationality, nationalities, nationalités, country of nationality, pays de nationalité, "
        "citizenship, citizenships, citoyenneté, citoyennetés, country of citizenship"
    ),
    "gender": "sex, sexe",
    "birth_date": (
        "birth date, birthdate, birthday, date of birth, dob, born, born on, née le, né le, ddn"
    ),
    "category": (
        "personnel category, category of personnel, component, catégorie de personnel, catégorie "
        "du personnel, composante"
    ),
    "subcategory": (
        "sous-catégorie de personnel, sub-category of personnel, sous-catégorie du personnel"
    ),
    "rank": "grade ou titre, rank or title",
    "rank_code": (
        "nato rank code, nato code, nato rank, nato grade, stanag code, code otan, grade otan, "
        "code du grade, code grade"
    ),
    "organization": "organisation, organization name, organisme, institution, employer, employeur",
    "language": (
        "preferred language, language preference, course language, langue préférée, langue de "
        "préférence, langue de formation"
    ),
    "needs": (
        "special needs, particular needs, besoins particuliers, besoins spéciaux, requirements"
    ),
    "full_name": "name, names, full name, full names, complete name, nom complet, noms complets, "
    "participant, nominee, "
    "name of participant, name of nominee, nom du participant, nom de la personne",
    "family_given_name": (
        "nom et prénom, nom et prénoms, noms et prénoms, nom prénom, nom prénoms, noms prénoms, "
        "nom de famille et prénom, nom de famille et prénoms, surname and given name, surname and "
        "given names, surname given name, surname and first name, surname first name, family name "
        "and given name, family name given name, last name and first name, last name first name, "
        "family and given name, family and given names"
    ),
    "given_family_name": (
        "prénom et nom, prénoms et nom, prénoms et noms, prénom nom, prénoms nom, prénom et nom "
        "de famille, given name and family name, given name family name, given and family name, "
        "given and family names, first and last name, first and last names, first name and last "
        "name, first name last name, first name and surname, first name surname, given name and "
        "surname, given names and surname, name and surname"
    ),
}

# Columns of our own exports that mean nothing in a nomination. In exports "Rang" is the position in
# the waiting list; elsewhere people mean a rank by it.
_OURS = (
    "reference, référence, nominated by, désignation par, status, statut, position, place, why, "
    "pourquoi, course, formation, cours, delivery, session, begins, début, commence, commence le, "
    "prerequisites, prérequis, order of nomination, order of the nominator, ordre de désignation, "
    "ordre de l'organisme"
)
RANK_OR_POSITION = "rang"


def _key(text: str) -> str:
    """The heading as a key for lookups: letters and digits only, without accents and case."""
    return "".join(c for c in without_accents(text) if c.isalnum())


def _known() -> dict[str, str]:
    known = {_key(column): column for column in COLUMNS}
    for headings in HEADINGS.values():
        known.update({_key(text): column for column, text in headings.items()})
    for column, words in _SYNONYMS.items():
        known.update({_key(word): column for word in words.split(",")})
    return known


_KNOWN = _known()
_EXPORTED = frozenset(_key(word) for word in _OURS.split(","))


def is_exported(text: str) -> bool:
    """Whether the heading belongs to our own exports and means nothing in a nomination."""
    return _key(text[:100]) in _EXPORTED


def is_name_alone(text: str) -> bool:
    """Whether the heading means the full name if no other column holds a name."""
    return _key(text[:100]) in ("nom", "noms")


def is_rank_or_position(text: str) -> bool:
    return _key(text[:100]) == RANK_OR_POSITION


def column_of(text: str) -> str | None:
    """The canonical column that a heading means, or None.

    A hint in brackets is ignored ("Date de naissance (jj/mm/aaaa)"), and a heading may be in two
    languages ("Prénom / Given name") if both mean the same.
    """
    text = text[:100]
    if column := _KNOWN.get(_key(text)) or _KNOWN.get(_key(re.sub(r"[(\[].*", "", text))):
        return column
    meanings = {_KNOWN.get(_key(part)) for part in re.split(r"[/|(\[]", text) if _key(part)}
    return meanings.pop() if len(meanings) == 1 else None


def heading(column: str, locale: str) -> str:
    """The heading of a canonical column in a language."""
    if column in FULL_NAMES:
        return _FULL_NAME.get(locale, _FULL_NAME["en"])
    return HEADINGS.get(locale, HEADINGS["en"]).get(column, column)
