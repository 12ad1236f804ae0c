"""The words of a printed certificate in each language: labels, dates in words, hours, skills.

Read from the catalogues directly, because certificates are printed outside of requests.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import format_percent

from certificates.numbers import group_token
from certificates.payload import CertificatePayload, GrantedSkill
from core import texts
from core.texts import Text, date_words, pgettext
from people.personnel import PersonnelCategory


def _say(lang: str, message: str) -> str:
    return str(texts.catalogue(lang).pgettext("certificate", message))


_WORDS = {
    "title": pgettext("certificate", "Certificate of Completion"),
    "certifies": pgettext("certificate", "This certifies that"),
    "completed": pgettext("certificate", "has successfully completed the course"),
    "objectives": pgettext("certificate", "Objectives of the course"),
    "skills": pgettext("certificate", "Skills granted"),
    "scan": pgettext("certificate", "Scan to check this certificate"),
    "type": pgettext("certificate", "or enter this code at"),
    "number": pgettext("certificate", "Certificate number"),
}
_LABELS = {
    "dates": pgettext("certificate", "Held"),
    "place": pgettext("certificate", "Place"),
    "language": pgettext("certificate", "Taught in"),
    "category": pgettext("certificate", "Personnel"),
    "score": pgettext("certificate", "Result"),
    "issued": pgettext("certificate", "Issued"),
    "valid": pgettext("certificate", "Valid until"),
}
_LEVELS = {
    "awareness": pgettext("certificate", "awareness level"),
    "basic": pgettext("certificate", "basic level"),
    "foundation": pgettext("certificate", "foundation level"),
    "intermediate": pgettext("certificate", "intermediate level"),
    "practitioner": pgettext("certificate", "practitioner level"),
    "advanced": pgettext("certificate", "advanced level"),
    "specialist": pgettext("certificate", "specialist level"),
    "expert": pgettext("certificate", "expert level"),
    "trainer": pgettext("certificate", "trainer level"),
    "instructor": pgettext("certificate", "instructor level"),
}


@lru_cache(maxsize=16)
def words(lang: str) -> Mapping[str, str]:
    return {key: _say(lang, message) for key, message in _WORDS.items()}


@lru_cache(maxsize=16)
def labels(lang: str) -> Mapping[str, str]:
    return {key: _say(lang, message) for key, message in _LABELS.items()}


def period_in_words(first: date, last: date, lang: str) -> str:
    """One day, or from the first to the last; month and year appear once."""
    if first == last:
        return date_words(first, lang)
    if first.year != last.year:
        begin = date_words(first, lang)
    else:
        begin = date_words(first, lang, "day" if first.month == last.month else "day and month")
    sentence = _say(lang, pgettext("certificate", "%(begin)s to %(end)s"))
    return sentence % {"begin": begin, "end": date_words(last, lang)}


def duration(minutes: int, lang: str) -> str:
    """18 hours, 1 heure, 1 h 30, 45 minutes."""
    hours, remaining_minutes = divmod(minutes, 60)
    catalogue = texts.catalogue(lang)
    if not hours:
        return _counted(
            catalogue.npgettext(
                "certificate", "%(num)s minute", "%(num)s minutes", remaining_minutes
            ),
            remaining_minutes,
        )
    if remaining_minutes:
        return _say(lang, pgettext("certificate", "%(hours)s h %(minutes)s")) % {
            "hours": hours,
            "minutes": f"{remaining_minutes:02d}",
        }
    return _counted(
        catalogue.npgettext("certificate", "%(num)s hour", "%(num)s hours", hours), hours
    )


def validity(months: int | None, lang: str) -> str:
    """valid for 3 years, valable 18 mois, no expiry."""
    if months is None:
        return _say(lang, pgettext("certificate", "no expiry"))
    years, remaining_months = divmod(months, 12)
    catalogue = texts.catalogue(lang)
    if remaining_months or not years:
        return _counted(
            catalogue.npgettext(
                "certificate", "valid for %(num)s month", "valid for %(num)s months", months
            ),
            months,
        )
    return _counted(
        catalogue.npgettext(
            "certificate", "valid for %(num)s year", "valid for %(num)s years", years
        ),
        years,
    )


def _counted(sentence: object, number: int) -> str:
    return str(sentence) % {"num": number}


def facts(payload: CertificatePayload, lang: str) -> dict[str, Text]:
    """The secondary facts by label, in reading order."""
    locale = Locale.parse(texts.of(lang).locale)
    first, last = date.fromisoformat(payload.starts_on), date.fromisoformat(payload.ends_on)
    score = payload.score_percent
    values = {
        "dates": f"{period_in_words(first, last, lang)}, {duration(payload.minutes, lang)}",
        "place": ", ".join(
            filter(None, (payload.venue, locale.territories.get(payload.country, payload.country)))
        ),
        "language": _language(payload.teaching_language, locale),
        "category": _say(lang, PersonnelCategory(payload.category).traits.printed),
        "score": "" if score is None else format_percent(Decimal(score) / 100, locale=locale),
        "issued": date_words(date.fromisoformat(payload.issued_on), lang),
        "valid": date_words(date.fromisoformat(payload.valid_until), lang)
        if payload.valid_until
        else "",
    }
    return {key: Text(value, lang) for key, value in values.items() if value}


def skills(payload: CertificatePayload, lang: str) -> list[tuple[Text, str]]:
    """Title, and level with validity, of each skill granted."""
    return [
        (skill.title.text(lang), f"{_level(skill, lang)}, {validity(skill.valid_months, lang)}")
        for skill in payload.skills
    ]


def reference(payload: CertificatePayload) -> str:
    """Course, version and delivery: the same in both languages."""
    return f"{payload.course_code} v{payload.course_version} · {payload.delivery_code}"


def printed_address(payload: CertificatePayload) -> str:
    """The address to type: without the scheme and the token, which is printed below it in
    groups."""
    address = payload.verify_url.partition("://")[2]
    if payload.token and address.upper().endswith(payload.token.upper()):
        address = address[: -len(payload.token)]
    return address.rstrip("/")


def printed_code(payload: CertificatePayload) -> str:
    """The token in groups, for typing."""
    return group_token(payload.token)


def direction(text: str) -> str:
    """rtl if the first letter of a text is of a right-to-left script."""
    strong = (unicodedata.bidirectional(character) for character in text)
    first = next((kind for kind in strong if kind in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def _language(code: str, locale: Locale) -> str:
    name = locale.languages.get(code.replace("-", "_"), "") or locale.languages.get(code[:2], code)
    return name[:1].upper() + name[1:]


def _level(skill: GrantedSkill, lang: str) -> str:
    level = str(skill.level)
    if level in _LEVELS:
        return _say(lang, _LEVELS[level])
    sentence = (
        pgettext("certificate", "level %(level)s")
        if level.isdigit()
        else pgettext("certificate", "%(level)s level")
    )
    return _say(lang, sentence) % {"level": level}
