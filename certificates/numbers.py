"""Certificate numbers (for people) and verification tokens (for the address in the QR code).

The *number* is printed large, counts up, and is no secret. The *token* opens the verification page:
125 random bits, so that no one finds a certificate by trying. Both use Crockford's base 32, which
omits I, L, O and U, and end in a check character (Luhn modulo 32): a single mistyped character is
always detected, and so is any swap of neighbouring digits in a number.
"""

import re
import secrets

from stdnum import luhn

from core.numbering import Series
from core.text import normalized

PREFIX = "RST"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
TOKEN_RANDOM_CHARACTERS = 25  # 25 × 5 bits = 125 bits
TOKEN_LENGTH = TOKEN_RANDOM_CHARACTERS + 1
TOKEN_GROUP = 5

_LOOKALIKES = str.maketrans("OIL", "011")
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—−_.]+")
_NUMBER = re.compile(rf"{PREFIX}([0-9]{{4}})([0-9]{{6}})([{ALPHABET}])")
_TOKEN = re.compile(rf"[{ALPHABET}]{{{TOKEN_LENGTH}}}")


def format_number(year: int, sequence: int) -> str:
    """The certificate number of the sequence-th certificate of a year: ``RST-2026-000042-K``."""
    if not 1000 <= year <= 9999:
        raise ValueError(f"A year has four digits: {year}")
    if not 1 <= sequence <= 999_999:
        raise ValueError(f"A sequence runs from 1 to 999999: {sequence}")
    digits = f"{year}{sequence:06d}"
    return f"{PREFIX}-{digits[:4]}-{digits[4:]}-{luhn.calc_check_digit(digits, ALPHABET)}"


def normalise_number(text: str) -> str | None:
    """The number as stored, from what a person typed; None if it cannot be one of ours."""
    compact = _compact(text)
    if not compact.startswith(PREFIX):
        return None
    match = _NUMBER.fullmatch(PREFIX + compact.removeprefix(PREFIX).translate(_LOOKALIKES))
    if match is None:
        return None
    year, sequence, check = match.groups()
    if (
        year[0] == "0"
        or sequence == "000000"
        or not luhn.is_valid(year + sequence + check, ALPHABET)
    ):
        return None
    return f"{PREFIX}-{year}-{sequence}-{check}"


def series_of(year: int) -> str:
    """The name of the counter for a year's certificates."""
    return f"certificate:{year}"


def place_of(text: str) -> tuple[str, int] | None:
    """Series and sequence of a number however typed, with or without its check character; None if
    it is not one."""
    digits = re.match(rf"{PREFIX}([0-9]{{4}})([0-9]{{6}})$", _compact(text))
    if digits and digits[2] != "000000":
        return series_of(int(digits[1])), int(digits[2])
    number = normalise_number(text)
    return (series_of(int(number.split("-")[1])), int(number.split("-")[2])) if number else None


def sequence_of(number: str) -> int | None:
    """The sequence of a stored number; None when it is not a number as we write it."""
    place = place_of(number[:-2])
    return place[1] if place and SERIES.show(*place) == number else None


def _place_in_file(key: str) -> tuple[str, int] | None:
    """The same for a stored file: certificates/2026/rst-2026-000042-k-<digest>.pdf."""
    match = re.match(r"certificates/\d{4}/(rst-\d{4}-\d{6}-\w)-", key)
    return place_of(match[1]) if match else None


#: What backups and restores need to know of certificate numbers.
SERIES = Series(
    in_file=_place_in_file,
    parse=place_of,
    show=lambda name, value: format_number(int(name.partition(":")[2]), value),
    running=lambda first, last: [series_of(year) for year in range(first.year, last.year + 1)],
)


def new_token() -> str:
    """A new verification token: 25 random characters and a check character, in capitals."""
    number = secrets.randbits(5 * TOKEN_RANDOM_CHARACTERS)
    body = "".join(
        ALPHABET[number >> 5 * position & 31] for position in range(TOKEN_RANDOM_CHARACTERS)
    )
    return body + luhn.calc_check_digit(body, ALPHABET)


def normalise_token(text: str) -> str | None:
    """The token as stored, from an address or from what a person typed; None if mistyped."""
    compact = _compact(text).translate(_LOOKALIKES)
    if _TOKEN.fullmatch(compact) and luhn.is_valid(compact, ALPHABET):
        return compact
    return None


def group_token(token: str) -> str:
    """The token in groups of five for print (the last has six): ``7KQXM-…-BQ2XTZ``."""
    cuts = [*range(0, TOKEN_RANDOM_CHARACTERS, TOKEN_GROUP), TOKEN_LENGTH]
    return "-".join(token[start:end] for start, end in zip(cuts, cuts[1:], strict=False))


def _compact(text: str) -> str:
    """Capitals without separators; full-width forms (East Asian keyboards) become plain ones."""
    if len(text) > 200:
        return ""
    return _SEPARATORS.sub("", normalized("NFKC", text)).upper()
