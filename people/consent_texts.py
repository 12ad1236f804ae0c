"""The exact words of each consent, with their version. A consent stores the version and the
language in which it was given.

The words are in `translations/<code>/consents.toml`, by purpose. To change them, set a new version;
the history of that file keeps the earlier ones.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache

from core import i18n
from core.texts import CATALOGUES, choose
from people.models import ConsentPurpose

VERSION = "2026-11"
SINCE = date(2026, 11, 1)
#: The version recorded for answers older than these texts, whose words were not stored.
UNKNOWN_VERSION = "before 2026-11"


@dataclass(frozen=True)
class ConsentText:
    """The words of one purpose in one language."""

    purpose: ConsentPurpose
    version: str
    language: str
    words: str


def consent_text(purpose: ConsentPurpose, language: str | None = None) -> ConsentText:
    """The text in this language (None: the page's own), else in another; `language` of the result
    says which."""
    words, code = choose(_words()[purpose], language or i18n.locale())
    return ConsentText(purpose, VERSION, code, words)


@cache
def _words() -> dict[ConsentPurpose, dict[str, str]]:
    """By purpose and language."""
    read = {
        path.parent.name: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(CATALOGUES.glob("*/consents.toml"))
    }
    return {
        purpose: {code: words[purpose.value] for code, words in read.items() if purpose in words}
        for purpose in ConsentPurpose
    }
