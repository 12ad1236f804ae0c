"""The words of a printed certificate in English and French: labels, dates in words, hours, skills."""

import unicodedata
from datetime import date
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date

from certificates.numbers import group_token
from certificates.payload import CertificatePayload, GrantedSkill
from people.models import PersonnelCategory

NBSP = "\u00a0"


class Text(NamedTuple):
    """A text and the language it is in (``und`` when not known)."""

    value: str
    lang: str


WORDS = {
    "en": {
        "title": "Certificate of Completion",
        "certifies": "This certifies that",
        "completed": "has successfully completed the course",
        "objectives": "Objectives of the course",
        "skills": "Skills granted",
        "scan": "Scan to check this certificate",
        "type": "or enter this code at",
        "number": "Certificate number",
    },
    "fr": {
        "title": "Certificat de réussite",
        "certifies": "Nous certifions que",
        "completed": "a suivi avec succès la formation",
        "objectives": "Objectifs du cours",
        "skills": "Compétences conférées",
        "scan": "Scannez pour vérifier ce certificat",
        "type": "ou saisissez ce code à l’adresse",
        "number": "Numéro du certificat",
    },
}
LABELS = {
    "en": {
        "dates": "Held",
        "place": "Place",
        "language": "Taught in",
        "category": "Personnel",
        "score": "Result",
        "issued": "Issued",
        "valid": "Valid until",
    },
    "fr": {
        "dates": "Dates",
        "place": "Lieu",
        "language": "Langue",
        "category": "Personnel",
        "score": "Résultat",
        "issued": "Délivré",
        "valid": "Valable jusqu’au",
    },
}
LEVELS_FR = {
    "awareness": "sensibilisation",
    "basic": "élémentaire",
    "foundation": "fondamental",
    "intermediate": "intermédiaire",
    "practitioner": "pratique",
    "advanced": "avancé",
    "specialist": "spécialiste",
    "expert": "expertise",
    "trainer": "formation de formateurs",
    "instructor": "instruction",
}
LOCALES = {"en": Locale("en", "GB"), "fr": Locale("fr")}


def date_in_words(day: date, lang: str) -> str:
    """23 November 2026, 23 novembre 2026, 1er mars 2026: never digits alone, which are read in two orders."""
    words = format_date(day, "d MMMM y", locale=LOCALES[lang])
    return "1er" + words[1:] if lang == "fr" and day.day == 1 else words


def period_in_words(first: date, last: date, lang: str) -> str:
    """One day, or from the first to the last, each month and year written once."""
    if first == last:
        return date_in_words(first, lang)
    begin = date_in_words(first, lang)
    if first.year == last.year:
        begin = begin.rpartition(" ")[0]
        if first.month == last.month:
            begin = begin.rpartition(" ")[0]
    end = date_in_words(last, lang)
    return f"{begin} to {end}" if lang == "en" else f"du {begin} au {end}"


def duration(minutes: int, lang: str) -> str:
    """18 hours, 1 heure, 1 h 30, 45 minutes."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest}{NBSP}{'minute' if rest == 1 else 'minutes'}"
    if rest:
        return f"{hours}{NBSP}h{NBSP}{rest:02d}"
    noun = "hour" if lang == "en" else "heure"
    return f"{hours}{NBSP}{noun}{'s' if hours > 1 else ''}"


def validity(months: int | None, lang: str) -> str:
    """valid for 3 years, valable 18 mois, no expiry."""
    if months is None:
        return "no expiry" if lang == "en" else "sans expiration"
    years, rest = divmod(months, 12)
    if rest or not years:
        text = f"{months} {'month' if months == 1 else 'months'}" if lang == "en" else f"{months} mois"
    elif lang == "en":
        text = f"{years} {'year' if years == 1 else 'years'}"
    else:
        text = f"{years} {'an' if years == 1 else 'ans'}"
    return f"valid for {text}" if lang == "en" else f"valable {text}"


def facts(payload: CertificatePayload, lang: str) -> dict[str, Text]:
    """The quiet facts by the keys of LABELS, in the order they are read."""
    locale = LOCALES[lang]
    first, last = date.fromisoformat(payload.starts_on), date.fromisoformat(payload.ends_on)
    place = ", ".join(filter(None, (payload.venue, locale.territories.get(payload.country, payload.country))))
    percent = "%" if lang == "en" else f"{NBSP}%"
    values = {
        "dates": f"{period_in_words(first, last, lang)}, {duration(payload.minutes, lang)}",
        "place": place,
        "language": _language(payload.teaching_language, lang),
        "category": PersonnelCategory(payload.category).traits.printed[lang],
        "score": "" if payload.score_percent is None else f"{payload.score_percent}{percent}",
        "issued": date_in_words(date.fromisoformat(payload.issued_on), lang),
        "valid": date_in_words(date.fromisoformat(payload.valid_until), lang) if payload.valid_until else "",
    }
    return {key: Text(value, lang) for key, value in values.items() if value}


def skills(payload: CertificatePayload, lang: str) -> list[tuple[Text, str]]:
    """Title, and level with validity, of each skill granted."""
    return [
        (Text(*skill.title.text(lang)), f"{_level(skill, lang)}, {validity(skill.valid_months, lang)}")
        for skill in payload.skills
    ]


def reference(payload: CertificatePayload) -> str:
    """Which course, version and delivery this was: the same in both languages."""
    return f"{payload.course_code} v{payload.course_version} · {payload.delivery_code}"


def printed_address(payload: CertificatePayload) -> str:
    """The address to type: without the scheme, and without the token, which is printed below it in groups."""
    address = payload.verify_url.partition("://")[2]
    if payload.token and address.upper().endswith(payload.token.upper()):
        address = address[: -len(payload.token)]
    return address.rstrip("/")


def printed_code(payload: CertificatePayload) -> str:
    """The token in groups, for typing."""
    return group_token(payload.token)


def direction(text: str) -> str:
    """rtl when the first letter of a text belongs to a script written from right to left."""
    strong = (unicodedata.bidirectional(character) for character in text)
    first = next((kind for kind in strong if kind in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def _language(code: str, lang: str) -> str:
    name = LOCALES[lang].languages.get(code.replace("-", "_"), "") or LOCALES[lang].languages.get(code[:2], code)
    return name[:1].upper() + name[1:]


def _level(skill: GrantedSkill, lang: str) -> str:
    level = str(skill.level)
    if level.isdigit():
        return f"level {level}" if lang == "en" else f"niveau {level}"
    return f"{level} level" if lang == "en" else f"niveau {LEVELS_FR.get(level, level)}"
