"""Names as a search reads them: without accents, marks and case, in any script, cut into words.

Both databases are given plain ASCII words made here, so that neither's own idea of letters decides who is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

#: Letters that no decomposition makes plain, and Arabic forms that people write for one another.
_ALIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŋ": "n", "æ": "ae", "œ": "oe", "þ": "th", "ى": "ي", "ة": "ه",
     "ی": "ي", "ک": "ك", "ـ": None}
)  # fmt: skip
_ARTICLE = "ال"
_JOINERS = "'’ʼ`´-‐‑‒–·."
#: Scripts written without spaces: any part of a name is a beginning.
_UNSPACED = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_MARK = "n_"


def fold(text: str) -> str:
    """`text` without accents and case: "Lefèvre-Nguyễn" and "lefevre-nguyen" are one, and so are ё and е, أ and ا."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", kept.translate(_ALIKE))


def words_of(text: str) -> list[str]:
    """The folded words of a text; everything that is no letter, mark or digit parts them."""
    letters = (c if unicodedata.category(c)[0] in "LMN" else " " for c in fold(text))
    return "".join(letters).split()


def indexed(names: Iterable[str | None]) -> str:
    """The words under which a person with these names (and number) is found, in one line."""
    found: set[str] = set()
    for name in filter(None, names):
        for part in name.split():
            found.update(_forms(part))
    return " ".join(sorted(_MARK + _spelled(word) for word in found))


def unspaced(given_name: str, family_name: str) -> str | None:
    """The name written in one, family name first, in scripts that part no words: 王 + 小明 is searched as 王小明."""
    return family_name + given_name if _UNSPACED.search(family_name + given_name) else None


def sought(text: str) -> list[str]:
    """What a query asks for: each of its words must begin a word of the name (or, without spaces, stand in it)."""
    return [_MARK + _spelled(word) for word in words_of(text)]


def sort_key(given_name: str, family_name: str) -> str:
    """Orders people by family name, accents and case aside."""
    return " ".join(words_of(f"{family_name} {given_name}"))[:250]


def _forms(part: str) -> Iterator[str]:
    """One part of a name as people may type it: its words, the whole without its joiners, an Arabic name without article."""
    whole = "".join(c for c in part if c not in _JOINERS)
    for word in {*words_of(part), *words_of(whole)}:
        yield word
        if word.startswith(_ARTICLE) and len(word) > len(_ARTICLE) + 1:
            yield word.removeprefix(_ARTICLE)
        if _UNSPACED.search(word):
            yield from (word[start:] for start in range(1, len(word)))


def _spelled(word: str) -> str:
    """`word` in ASCII, sign by sign, so that a beginning stays a beginning."""
    return "".join(c if c.isascii() else f"_{ord(c):05x}" for c in word)
