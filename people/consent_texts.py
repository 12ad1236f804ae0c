"""The exact words that people consent to, with their version: a consent keeps the version and the
language it was given in.

The words are in `translations/<code>/consents.toml`, by purpose. To change one, set a new version;
what an earlier version said stays in the history of that file.
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
#: The version of answers that are older than these texts: their words were not kept.
UNKNOWN_VERSION = "before 2026-11"


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
