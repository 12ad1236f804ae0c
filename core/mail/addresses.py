"""Email addresses: stored as typed, compared by a key, sent with the domain in ASCII.

An address is never rewritten, since another spelling can be another mailbox: "straße" is not
"strasse", and only a domain's server knows whether its local parts differ by case. Domains use IDNA
2008 (ß and ς stay as they are), except for ASCII labels: some of these, such as "r3---sn", predate
IDNA and break its rules.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna
from email_validator import EmailNotValidError, validate_email

from core.ports import port
from core.text import normalized

LONGEST = 254
_JOINERS = "\u200c\u200d"  # part of the spelling of Persian and Indic words only
_DOMAIN = re.compile(r"[^.]\.[^.\d][^.]+$")  # at least two labels, the last not a number
_LABEL = re.compile(r"(?!xn--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # in ASCII
_UPPER_TO_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class NotAnAddress(ValueError):
    """The text is not an email address."""


@dataclass(frozen=True)
class EmailAddress:
    """`typed`: as entered, without invisible marks. `key`: equal for all spellings of one address.
    `wire`: as sent to a mail server; `needs_utf8`: whether that server must offer SMTPUTF8."""

    typed: str
    key: str
    wire: str

    @property
    def needs_utf8(self) -> bool:
        return not self.wire.isascii()


@lru_cache(maxsize=512)  # a request parses it several times: form, service, letter
def parse(text: str) -> EmailAddress:
    """The address that `text` is. Raises NotAnAddress."""
    if len(text) > 4 * LONGEST:  # hostile text takes long to normalise
        raise NotAnAddress
    typed = _without_invisible_marks(text).strip()
    local, at, domain = typed.rpartition("@")
    if not at or len(typed) > LONGEST or _is_ascii_in_disguise(local):
        raise NotAnAddress
    try:
        ascii_domain = _ascii_domain(domain)
        validate_email(f"{local}@example.org", check_deliverability=False, test_environment=True)
    except (idna.IDNAError, UnicodeError, EmailNotValidError):
        raise NotAnAddress from None
    wire = f"{local}@{ascii_domain}"
    key = normalized("NFC", wire).translate(
        _UPPER_TO_LOWER
    )  # with a few letters, longer than `wire`
    if not _DOMAIN.search(ascii_domain) or max(len(wire), len(key)) > LONGEST:
        raise NotAnAddress
    return EmailAddress(typed, key, wire)


def _ascii_domain(domain: str) -> str:
    """The domain as looked up in DNS. Raises IDNAError."""
    labels = idna.uts46_remap(domain, std3_rules=True, transitional=False).split(".")
    return ".".join(
        label if _LABEL.fullmatch(label) else idna.encode(label).decode("ascii") for label in labels
    )


def _is_ascii_in_disguise(local: str) -> bool:
    """Whether some programs would replace a character by an ASCII one, and so write to another
    mailbox: they write the Kelvin sign as K."""
    return any(
        not character.isascii() and normalized("NFC", character).isascii() for character in local
    )


def _without_invisible_marks(text: str) -> str:
    """Without characters that come along when copying from chats and web pages; no mailbox name has
    them."""
    visible = "".join(c for c in text if c in _JOINERS or unicodedata.category(c) != "Cf")
    bare = visible.translate(dict.fromkeys(map(ord, _JOINERS)))
    return bare if bare.isascii() else visible


@port
def is_invented(address: str) -> bool:
    """Whether mail to this address is never sent, because its owner was invented for a
    demonstration."""
