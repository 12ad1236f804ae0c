"""Values as they are stored, with one rule each for pages, files, the API and sign-in: texts on one
line without invisible marks, valid names, addresses as typed, existing codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from core import clock, countries, languages, mail
from core.errors import Invalid
from core.mail import addresses
from core.names import number_key
from core.text import has_endless_marks, has_forbidden, in_lines, is_blank, is_garbled, one_line
from people.name_rules import check_name, is_filler, is_spreadsheet_error
from people.name_rules import (
    check_names as check_names,
)  # re-exported for other packages, which share these values
from people.name_rules import require_spelling as require_spelling
from people.personnel import PERSONNEL, PersonnelCategory, Subcategory

_PARTICLES = (
    "af al ap ben bin bint da das de degli dei del della den der des di do dos du el ibn la las "
    "le los mac o’ o' san santa st st. te ten ter van vande vander von zu zum zur"
)
PARTICLES = frozenset(_PARTICLES.split())
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_RANK_CODE = re.compile(r"(OF|OR)[\s\-\u2010-\u2015]*(?:(10|0?[1-9])|\(?(D)\)?)", re.IGNORECASE)
#: Longer text is refused before cleaning: no one types that many characters for `one_line` to
#: remove.
_LONGEST_RAW = 1000


def clean_text(value: str, field: str, *, longest: int = 120) -> str:
    """`value` on one line (core.text). Raises Invalid if it has control characters, was damaged in
    transit or is too long."""
    return _checked(value, one_line, field, longest)


def clean_lines(value: str, field: str, *, longest: int) -> str:
    """`value` with its line breaks, without trailing spaces. Raises Invalid as `clean_text`
    does."""
    return _checked(value.replace("\t", " "), in_lines, field, longest)


def _checked(value: str, tidy: Callable[[str], str], field: str, longest: int) -> str:
    text = tidy(value) if len(value) <= max(_LONGEST_RAW, longest + longest // 2) else value
    if len(text) > longest:
        raise Invalid(
            "too_long", _l("This is too long: at most %(count)s characters.", count=longest), field
        )
    if has_endless_marks(value):
        raise Invalid(
            "too_many_marks", _l("One letter here has too many accents. Type it again."), field
        )
    if has_forbidden(text.replace("\n", " ")):
        raise Invalid(
            "forbidden_character",
            _l("This contains an invisible or control character. Type it again."),
            field,
        )
    if is_garbled(text):
        raise Invalid(
            "garbled", _l("Letters of this were lost on the way here. Type it again."), field
        )
    return text


def clean_name(value: str, field: str) -> str:
    """One name of a person, or "". Raises Invalid if it cannot be a name (people.name_rules): mail
    to others begins with it. `check_names` judges several names together."""
    name = clean_text(value, field)
    if name:
        check_name(name, field)
    return name


def whole_name(name: str, field: str) -> str:
    """The full name in one field, used if the person chose no name for certificates. Raises Invalid
    at that field."""
    if len(name) > 120:
        raise Invalid(
            "too_long", _l("The whole name is too long to print. Give a shorter one."), field
        )
    return name


def clean_identifier(value: str, field: str) -> str:
    """A service or staff number as typed, or "". `names.number_key` compares it, ignoring case,
    spaces and hyphens."""
    number = clean_text(value, field, longest=60)
    if len(number_key(number)) > 60:
        raise Invalid(
            "too_long", _l("This is too long: at most %(count)s characters.", count=60), field
        )
    if number and (is_filler(number) or is_spreadsheet_error(number)):
        raise Invalid(
            "not_an_identifier",
            _l("This is no number. Write it as it stands in the papers, or leave it out."),
            field,
        )
    return number


def needed_text(value: str | None, field: str, *, longest: int = 120) -> str:
    """Like `clean_text`, but not empty."""
    text = clean_text(value or "", field, longest=longest)
    if not text:
        raise Invalid("required", _l("Fill in this field."), field)
    return text


def clean_email(value: str, field: str) -> str:
    """The address, stored as typed. Raises Invalid if it is not an address or mail cannot reach it
    from here."""
    try:
        address = addresses.parse(value)
    except addresses.NotAnAddress:
        raise Invalid(
            "bad_email", _l("Enter an email address in this form: name@example.org"), field
        ) from None
    if not mail.can_write_to(address):
        sentence = _l(
            "Messages from here cannot reach this address: our mail server takes only letters a "
            "to z before the @. Enter another address."
        )
        raise Invalid("address_unreachable", sentence, field)
    return address.typed


def find_email(value: str | None) -> str | None:
    """The address as it would be stored, or None if it is not an address."""
    try:
        return addresses.parse(value or "").typed
    except addresses.NotAnAddress:
        return None


def email_key(value: str | None) -> str | None:
    """The form in which addresses are compared, equal for two spellings of one address. None if it
    is not one."""
    try:
        return addresses.parse(value or "").key
    except addresses.NotAnAddress:
        return None


#: What pages send for "no country", for people sent by the UN, the EU or the AU.
NO_COUNTRY = "none"


def clean_country(value: str, field: str) -> str | None:
    """The code of a country given by code or name, as in files. None for someone sent by an
    international organization."""
    if code := countries.parse(value):
        return code
    if countries.means_none(value):
        return None
    if countries.is_ambiguous(value):
        sentence = _l(
            "This can be more than one country. Write its full name or its two-letter code."
        )
        raise Invalid("ambiguous_country", sentence, field)
    raise Invalid(
        "unknown_country",
        _l("Choose a country from the list, or give its two-letter code, such as SN or XK."),
        field,
    )


def require_sender(country: str | None, organization: str | None) -> None:
    """Requires an organization for a person whom no country sends. Raises Invalid."""
    text = country or ""
    if countries.means_none(text) and not countries.parse(text) and is_blank(organization or ""):
        sentence = _l(
            "Write the international organization that the person works for, because no country "
            "sends the person."
        )
        raise Invalid("organization_needed", sentence, "organization")


MOST_NATIONALITIES = 5


def clean_nationalities(value: str | Sequence[str], field: str) -> list[str]:
    """The codes of the countries, each once, from a text ("Senegalese; France") or a list."""
    texts = [value] if isinstance(value, str) else value
    codes = [code for text in texts if text.strip() for code in countries.nationalities(text)]
    if None in codes and any(map(countries.is_ambiguous_nationality, texts)):
        sentence = _l(
            "This can be the nationality of more than one country. Write the country’s full name."
        )
        raise Invalid("ambiguous_nationality", sentence, field)
    if None in codes:
        sentence = _l(
            "Write countries or nationalities, with a semicolon between them, such as: Senegal; "
            "France"
        )
        raise Invalid("unknown_nationality", sentence, field)
    unique_codes = [code for code in dict.fromkeys(codes) if code]
    if len(unique_codes) > MOST_NATIONALITIES:
        raise Invalid(
            "too_many", _l("Give at most %(most)s nationalities.", most=MOST_NATIONALITIES), field
        )
    return unique_codes


def clean_language(value: str, field: str) -> str:
    """The code of a language given by code or name, as in files."""
    if code := languages.parse(value):
        return code
    raise Invalid(
        "unknown_language",
        _l("Choose a language from the list, or give its code, such as fr or din."),
        field,
    )


def clean_code(value: str, field: str) -> str:
    code = value.strip()
    if not CODE.fullmatch(code):
        sentence = _l(
            "Use letters, digits, full stops, hyphens and underscores, at most 60, such as CA-MFA."
        )
        raise Invalid("bad_code", sentence, field)
    return code


MIN_AGE, MAX_AGE = 16, 100


#: Documents and commitments end within a lifetime; a later year is a typing error.
LATEST_YEARS = 50


def clean_day(value: date, field: str) -> date:
    """A day on a document, within a lifetime of today."""
    if abs(value.year - clock.today().year) > LATEST_YEARS:
        raise Invalid(
            "implausible_date",
            _l("“%(value)s” is too far from today. Check the year.", value=value.isoformat()),
            field,
        )
    return value


def clean_birth_date(
    value: date, field: str, *, today: date | None = None, typed: str = ""
) -> date:
    """A date of birth that a participant can have. `today` defaults to the application's day;
    `typed` is the date as the person wrote it, for the refusal."""
    today, typed = today or clock.today(), typed or value.isoformat()
    if value > today:
        raise Invalid(
            "date_in_future",
            _l("“%(value)s” is in the future. Check the year.", value=typed),
            field,
        )
    age = today.year - value.year - ((today.month, today.day) < (value.month, value.day))
    if not MIN_AGE <= age <= MAX_AGE:
        sentence = _l(
            "“%(value)s” gives an age outside %(youngest)s to %(oldest)s years. Check the year.",
            value=typed,
            youngest=MIN_AGE,
            oldest=MAX_AGE,
        )
        raise Invalid("implausible_age", sentence, field)
    return value


def clean_subcategory(
    category: PersonnelCategory | str | None, value: str | None, field: str
) -> Subcategory | None:
    """The sub-category, None for an empty text; Invalid if it does not belong to `category` (None:
    unknown here)."""
    if not value:
        return None
    known = PERSONNEL.get(category) if category else None  # type: ignore[call-overload]  # text equals its StrEnum member
    offered = known.subcategories if known else tuple(Subcategory)
    if value in offered:
        return Subcategory(value)
    if not offered:
        raise Invalid(
            "unknown_subcategory", _l("This category has no sub-categories: leave it empty."), field
        )
    sentence = _l(
        "“%(value)s” is not a sub-category of this category. Use one of %(codes)s, or leave it "
        "empty.",
        value=value[:60],
        codes=", ".join(offered),
    )
    raise Invalid("unknown_subcategory", sentence, field)


def clean_member(kind: type[Any], value: Any, field: str) -> Any:
    """`value` as a member of the enumeration `kind`."""
    try:
        return kind(value)
    except ValueError:
        raise Invalid("unknown_value", _l("Choose one of the values in the list."), field) from None


def split_name(name: str) -> tuple[str, str]:
    """(given, family) of a name in one piece: "Zoë van der Berg", "DIALLO Amina", "Diallo, Amina",
    "Suharto"."""
    text = " ".join(name.split())
    if "," in text:
        family, given_name = (part.strip() for part in text.split(",", 1))
        return given_name, family
    words = text.split(" ")
    if len(words) == 1:
        return text, ""
    shouted = [_is_shouted(word) for word in words]
    if shouted[0] and not all(shouted):
        count = shouted.index(False)
        return " ".join(words[count:]), " ".join(words[:count])
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold() in PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def _is_shouted(word: str) -> bool:
    return len(word) > 2 and word.isupper()


def clean_rank_code(value: str, field: str) -> str:
    """The code of STANAG 2116 as it is printed, or empty text. Raises Invalid for anything else."""
    text = clean_text(value, field)
    code = parse_rank_code(text) if text else ""
    if code is None:
        raise Invalid(
            "bad_rank_code",
            _l(
                "Use a rank code such as OF-2 or OR-7, or leave it empty: only the military has "
                "one."
            ),
            field,
        )
    return code


def parse_rank_code(text: str) -> str | None:
    """The code of STANAG 2116 in its printed form (OF-1 to OF-10, OR-1 to OR-9, OF(D)), or None.

    >>> parse_rank_code("of2")
    'OF-2'
    """
    match = _RANK_CODE.fullmatch(one_line(text[:_LONGEST_RAW]))
    if match is None:
        return None
    kind, number, designate = match[1].upper(), match[2], match[3]
    if designate:
        return "OF(D)" if kind == "OF" else None
    if kind == "OR" and int(number) == 10:
        return None
    return f"{kind}-{int(number)}"
