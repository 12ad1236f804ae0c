"""The exact words that people consent to, with their version: a consent keeps the version and the
language it was given in.

To change a word, set a new version; what an earlier version said stays in the history of this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core import i18n
from core.texts import choose
from people.models import ConsentPurpose

VERSION = "2026-11"
SINCE = date(2026, 11, 1)
#: The version of answers that are older than these texts: their words were not kept.
UNKNOWN_VERSION = "before 2026-11"

_TEXTS = {
    ConsentPurpose.ROSTER: {
        "en": (
            "Roster staff may find me: my name, service or staff number, email address, country, "
            "nationality, gender, until when my passport is valid, category, sub-category, rank, "
            "organization, languages, fields of expertise, availability, and the training that I "
            "completed with its certificates. They look for people for missions, and they may "
            "admit me to the roster. I can withdraw this at any time; then they can no longer see "
            "me."
        ),
        "fr": (
            "Le personnel du fichier de spécialistes peut me trouver : mon nom, mon matricule, "
            "mon adresse de courriel, mon pays, ma nationalité, mon genre, la date d’expiration "
            "de mon passeport, ma catégorie, ma sous-catégorie, mon grade, mon organisation, mes "
            "langues, mes domaines de spécialité, ma disponibilité et les formations que j’ai "
            "achevées, avec leurs certificats. Il cherche des personnes pour des missions et peut "
            "m’inscrire au fichier. Je peux retirer ce consentement à tout moment ; il ne peut "
            "alors plus me voir."
        ),
    },
    ConsentPurpose.CONTACT: {
        "en": (
            "You may write to me about missions and training that fit my profile. I can withdraw "
            "this at any time; then you write only about courses that I take part in."
        ),
        "fr": (
            "Vous pouvez m’écrire au sujet de missions et de formations qui correspondent à mon "
            "profil. Je peux retirer ce consentement à tout moment ; vous ne m’écrivez alors "
            "qu’au sujet des cours auxquels je participe."
        ),
    },
}


@dataclass(frozen=True)
class ConsentText:
    """The words of one purpose in one language."""

    purpose: ConsentPurpose
    version: str
    language: str
    words: str


def consent_text(purpose: ConsentPurpose, language: str | None = None) -> ConsentText:
    """The text in this language (None: the page's own); where there is none, in another, whose
    code says so."""
    words, code = choose(_TEXTS[purpose], language or i18n.locale())
    return ConsentText(purpose, VERSION, code, words)
