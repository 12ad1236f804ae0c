"""Passwords: argon2id, equal work whether or not a password exists, and none that is widely
known."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import re
import threading
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l

from core.errors import Invalid
from core.waiting import MOMENT, waits

SHORTEST, LONGEST = 12, 256
#: 46 MiB, one pass: OWASP's first choice for argon2id. Tests lower it.
HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
#: Hashing takes memory, so only this many run at once in a process; others wait.
_TURNS = threading.BoundedSemaphore(2)

#: For demonstrations only: accepted only on a loopback address with DEMO=1.
DEMONSTRATION_PASSWORD = "classroom-to-mission"  # noqa: S105 -- public: the sign-in page shows it

#: The words that leaked passwords consist of; digits, signs and repetitions around them do not
#: help.
_WORDS = """
    password passwort passwd motdepasse contrasena senha parola haslo wachtwoord lozinka sifre
    salasana losenord letmein welcome bienvenue willkommen bienvenido changeme changeit admin
    administrator administrateur root user guest login default secret access master qwerty
    qwertyuiop qwertzuiop azerty azertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm qwertyasdfgh
    qwertyuiopasdfghjkl qazwsx qazwsxedc qweasdzxc iloveyou jetaime teamo princess princesse
    sunshine shadow monkey dragon football baseball basketball superman batman pokemon starwars
    trustno charlie michael jennifer jordan ashley daniel thomas jessica hunter buster soccer hockey
    killer george andrew summer winter spring autumn freedom liberty whatever computer internet
    samsung google facebook linkedin microsoft windows android flower cheese chocolate butterfly
    liverpool chelsea arsenal barcelona mercedes ferrari corvette yankees cowboys steelers lovely
    blink forever friends family jesus christ blessed angel angels hello bonjour salut abcdef
    abcdefgh abcdefghij abcdefghijkl nothing please correcthorsebatterystaple thisisapassword
    mypassword newpassword adminadmin testtest test peacekeeping peacekeeper bluehelmet casquebleu
    unitednations nationsunies military police civilian soldier army navy rostrum training mission
    roster certificate instructor
"""
COMMON = frozenset(_WORDS.split())
_LEET = str.maketrans("013457@$!", "oieastasi")


def hash_password(password: str) -> str:
    with waits(MOMENT), _TURNS:
        return HASHER.hash(password)


def verify(hashed: str | None, password: str) -> bool:
    """Whether `password` matches the stored hash. Without one the work is the same and the answer
    no."""
    with waits(MOMENT), _TURNS:  # hashing needs no interpreter, and takes as long as a dozen pages
        try:
            HASHER.verify(hashed or _nobodys_hash(), password)
        except (VerificationError, InvalidHashError):
            return False
    return hashed is not None


def needs_rehash(hashed: str) -> bool:
    return HASHER.check_needs_rehash(hashed)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return HASHER.hash("no one has this password")


def check_strength(
    password: str, *, personal: tuple[str | None, ...] = (), field: str = "password"
) -> None:
    """Raises Invalid if the password is too short, too long, or among the first that anyone would
    try.

    `personal`: the person's names and address; the password must not consist of them.
    """
    if len(password) < SHORTEST:
        sentence = _l(
            "Use at least %(count)s characters; several words make a good password.", count=SHORTEST
        )
        raise Invalid("password_short", sentence, field)
    if len(password) > LONGEST:
        raise Invalid(
            "password_long", _l("Use at most %(count)s characters.", count=LONGEST), field
        )
    if is_common(password, personal):
        sentence = _l(
            "This password is easy to guess. Use several words that do not belong together."
        )
        raise Invalid("password_common", sentence, field)


#: One digest per line, sorted, for 43,940 leaked passwords that are long enough (written by
#: scripts/common_passwords.py).
LISTED = Path(__file__).with_name("common_passwords.txt")
ENTRY = 10  # hexadecimal digits: one password in 25 million is mistaken for a listed one


def list_entry(password: str) -> bytes:
    """The line for this password, without the line break."""
    return (
        hashlib.sha256(password.casefold().encode("utf-8", "surrogatepass"))
        .hexdigest()[:ENTRY]
        .encode()
    )


def is_listed(password: str) -> bool:
    """Whether it is among the most common leaked passwords. The file is read only when someone sets
    a password."""
    entry, length = list_entry(password), ENTRY + 1
    listed = LISTED.read_bytes()
    at = bisect.bisect_left(
        range(len(listed) // length),
        entry,
        key=lambda line: listed[line * length : line * length + ENTRY],
    )
    return listed[at * length : at * length + ENTRY] == entry


def is_common(password: str, personal: tuple[str | None, ...] = ()) -> bool:
    """Whether it is a common leaked password, or consists of one common or personal word, a
    sequence or a repetition, with digits and signs around it."""
    plain = password.casefold()
    own = {
        part
        for value in personal
        if value
        for part in re.split(r"[^\w]+", value.casefold())
        if len(part) > 2
    }
    own |= {value.casefold() for value in personal if value}
    candidates = {plain, _bare(plain), _bare(plain).translate(_LEET)}
    return (
        any(is_listed(form) for form in candidates if len(form) >= SHORTEST)
        or any(
            len(set(form)) <= 3
            or _is_run(form)
            or _repeated(form) in COMMON | own
            or form in own
            or _is_run(_repeated(form))
            for form in candidates
        )
        or not re.search(r"[^\W\d_]", plain)
        and (len(set(plain)) <= 4 or _is_run(plain) or _is_run(_repeated(plain)))
    )


def _bare(text: str) -> str:
    """Without the digits, signs and spaces that people put around a word."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)


def _repeated(text: str) -> str:
    """The repeated piece, or the whole text."""
    match = re.fullmatch(r"(.+?)\1+", text)
    return match.group(1) if match else text


def _is_run(text: str) -> bool:
    """Whether it is a sequence such as abcdef, 123456789012, 987654321 (0 follows 9)."""
    if len(text) < 4:
        return False
    wraps = 10 if text.isdigit() else 0x110000
    steps = {(ord(b) - ord(a)) % wraps for a, b in itertools.pairwise(text)}
    return steps in ({1}, {wraps - 1})
