"""Names of people in any script: how they are written in full, ordered, compared and searched,
everywhere alike.

Both databases get plain ASCII words made here, so that search results do not depend on a database's
own rules for letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.occurrences import Occurrence, all_of, any_of, occurs
from core.text import normalized

#: The answer to "Same person?" for someone new, instead of a person's id.
NEW = "new"
_ID = re.compile("[1-9][0-9]{0,8}")


def parse_identity(answer: str | None) -> int | str | None:
    """A written answer to "Same person?": a person's id or NEW; None for no answer."""
    return int(answer) if answer and _ID.fullmatch(answer) else NEW if answer == NEW else None


#: Letters without a decomposition, and forms that people interchange (Arabic, Ukrainian, Kazakh,
#: African).
_ALIKE = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ı": "i",
        "ŋ": "n",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ŧ": "t",
        "ə": "a",
        "ɓ": "b",
        "ɗ": "d",
        "ɖ": "d",
        "ƙ": "k",
        "ƴ": "y",
        "ɛ": "e",
        "ɔ": "o",
        "ɲ": "n",
        "ƒ": "f",
        "ɣ": "g",
        "ʋ": "v",
        "ɩ": "i",
        "ʊ": "u",
        "ɨ": "i",
        "ʉ": "u",
        "ƀ": "b",
        "ǥ": "g",
        "ĸ": "k",
        "ґ": "г",
        "є": "е",
        "і": "и",
        "ғ": "г",
        "қ": "к",
        "ң": "н",
        "ө": "о",
        "ү": "у",
        "ұ": "у",
        "ә": "а",
        "һ": "х",
        "җ": "ж",
        "ى": "ي",
        "ة": "ه",
        "ی": "ي",
        "ې": "ي",
        "ے": "ي",
        "ک": "ك",
        "ڪ": "ك",
        "ګ": "گ",
        "ہ": "ه",
        "ھ": "ه",
        "ە": "ه",
        "ۀ": "ه",
        "ٱ": "ا",
        "ء": None,
        "ـ": None,
        "\u200c": None,
        "\u200d": None,
    }
)
#: Signs for a sound or its absence that people write, omit and exchange freely: ' ‘ ’ ‛ ʻ ʼ ʽ ʾ ʿ ˈ
#: ` ´ ′ ʹ ׳.
_APOSTROPHES = (
    "'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb"
    "\u0060\u00b4\u2032\u05f3\uff07\ua78b\ua78c"
)
_NO_APOSTROPHES = str.maketrans("", "", _APOSTROPHES)
#: Spellings in passports (ICAO 9303): Müller is "MUELLER" there, Åse "AASE", Weiß "WEISS". Both are
#: reduced to the shorter form.
_PASSPORT = re.compile("(?<=[aou])e|(?<=a)a|(?<=s)s")
_ARTICLE = "ال"
#: Scripts written without spaces, in which a search may begin at any letter.
_UNSPACED = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_MARK = "n_"
#: Longer words are found only from their beginning.
_LONGEST = 40

#: Countries (ISO 3166-1) and languages in which the family name comes first.
FAMILY_FIRST_COUNTRIES = frozenset(("CN", "HK", "HU", "JP", "KP", "KR", "MO", "TW", "VN"))
FAMILY_FIRST_LANGUAGES = frozenset(("hu", "ja", "ko", "vi", "zh"))


#: A column of `sort_key`, compared byte by byte on both databases, whose own orders differ.
SORTED = sa.String(250).with_variant(sa.String(250, collation="C"), "postgresql")


# Full names


@dataclass(frozen=True)
class Origin:
    """What decides the order of a person's name: the nationality (else the sending country), and
    the language."""

    country: str | None = None
    nationalities: Iterable[str] = ()
    language: str | None = None

    @property
    def is_family_first(self) -> bool:
        country = next(iter(self.nationalities), self.country)
        return country in FAMILY_FIRST_COUNTRIES or self.language in FAMILY_FIRST_LANGUAGES


def full_name(
    given_name: str, family_name: str, origin: Origin, *, family_first: bool | None = None
) -> str:
    """The name as the person writes it: "Zoë Lefèvre", "王小明", "Nagy János". `family_first`: the
    person's choice; None leaves it to the script of the name and its origin."""
    if family_first is None:
        family_first = bool(_UNSPACED.search(family_name + given_name)) or origin.is_family_first
    if not family_first:
        return f"{given_name} {family_name}".strip()
    is_unspaced = bool(_UNSPACED.search(family_name)) and bool(_UNSPACED.search(given_name))
    return family_name + given_name if is_unspaced else f"{family_name} {given_name}".strip()


# Comparing and ordering


def fold(text: str) -> str:
    """`text` without accents and case: "Lefèvre-Nguyễn" equals "lefevre-nguyen", ё equals е, أ
    equals ا, Ґ equals Г."""
    plain = normalized("NFKD", normalized("NFKC", text).casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return normalized("NFC", letters.translate(_ALIKE))


def words_of(text: str) -> list[str]:
    """The folded words of a text, separated by everything that is not a letter, mark or digit."""
    letters = (
        c if unicodedata.category(c)[0] in "LMN" and c not in _APOSTROPHES else " "
        for c in fold(text)
    )
    return "".join(letters).split()


def sort_key(given_name: str, family_name: str) -> str:
    """Orders people by family name, ignoring accents, case and apostrophes."""
    return " ".join(words_of(f"{family_name} {given_name}".translate(_NO_APOSTROPHES)))[:250]


def is_same_name(name: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two names (given, family) can belong to one person: the same words in any order,
    ignoring spaces, where one may omit parts or use initials. At least one whole word must
    agree."""
    if {_run_together(*name), _run_together(*name[::-1])} & {
        _run_together(*other),
        _run_together(*other[::-1]),
    } - {""}:
        return True
    shorter, longer = sorted((_compared(" ".join(name)), _compared(" ".join(other))), key=len)
    unmatched, is_certain = list(longer), False
    for word in sorted(shorter, key=len, reverse=True):
        matching = (
            word
            if word in unmatched
            else next((other for other in unmatched if _is_initial(word, other)), None)
        )
        if matching is None:
            return False
        unmatched.remove(matching)
        is_certain = is_certain or matching == word and (len(word) > 1 or not word.isascii())
    return is_certain


def _run_together(*parts: str) -> str:
    return "".join(_compared(" ".join(parts)))


def _compared(name: str) -> list[str]:
    return [_passport(word) for word in words_of(name.translate(_NO_APOSTROPHES))]


def _is_initial(word: str, other: str) -> bool:
    return min(len(word), len(other)) == 1 and word[0] == other[0] and not _UNSPACED.match(word)


def is_spelling(printed: str, *parts: str) -> bool:
    """Whether a printed name can be a spelling of these names: one of its whole words is one of
    theirs, even if words are joined ("Vanderberg", "van der Berg"). In a script without spaces, one
    may begin or end with the other."""
    printed_words, own = _compared(printed), [word for part in parts for word in _compared(part)]
    if any(
        len(word) > 1 or _UNSPACED.match(word)
        for word in _runs(printed_words) & (_runs(own) | _runs(own[::-1]))
    ):
        return True
    return any(
        _begins_or_ends(either, other)
        for word in printed_words
        for name in own
        for either, other in ((word, name), (name, word))
    )


def is_name_of(printed: str, given_name: str, family_name: str, usual: str) -> bool:
    """Whether a name to print is the person's: a spelling of their name or, in another script, of
    the name `usual` on their certificates."""
    if is_spelling(printed, given_name, family_name):
        return True
    return is_spelling(printed, usual) and not is_comparable(printed, given_name, family_name)


def is_comparable(printed: str, *parts: str) -> bool:
    """Whether both are in the same script, so that one could be a spelling of the other."""
    return bool(_scripts(printed) & _scripts("".join(parts)))


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}


def _runs(words: list[str]) -> set[str]:
    """Each word, and consecutive words joined."""
    return {
        "".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    }


def _begins_or_ends(word: str, text: str) -> bool:
    return bool(_UNSPACED.match(word)) and (text.startswith(word) or text.endswith(word))


def number_key(text: str) -> str:
    """The comparison key of a service number, without case, spaces and hyphens."""
    plain = normalized("NFKC", normalized("NFKC", text).casefold())
    return "".join(
        c for c in plain if unicodedata.category(c) not in ("Pd", "Zs") and c != "\u2212"
    )


# Searching


def indexed(names: Iterable[str | None]) -> str:
    """The words by which a person with these names (and number) is found, on one line."""
    forms: set[str] = set()
    for name in filter(None, names):
        forms.update(_forms(words_of(name)))
    return " ".join(sorted(_MARK + _spelled(word) for word in forms))


def searched(names: Iterable[str | None]) -> str:
    """`indexed` as a column for `finds`."""
    return f" {indexed(names)} "


def finds(column: Any, text: str) -> Occurrence:
    """The condition that a `searched` column has words beginning as in `text`; always false without
    a letter."""
    return any_of(
        all_of(occurs(column.contains(f" {word}", autoescape=True), word) for word in way)
        for way in sought(text)
    )


def spellings(
    given_name: str, family_name: str, printed: str | None = None, number: str | None = None
) -> list[str | None]:
    """Everything by which a person is found: the name in either order, the printed one, the
    number."""
    return [f"{given_name} {family_name}", f"{family_name} {given_name}", printed, number]


def sought(text: str) -> list[list[str]]:
    """A query as alternatives: every word of one of them must begin a word of the index. Spaces do
    not matter: "van der berg" finds Vanderberg, and "vanderberg" Van der Berg."""
    words = words_of(text.translate(_NO_APOSTROPHES))
    ways = (
        [[_stem(word) for word in words], [_joined(words)]]
        if len(words) > 1
        else [[_stem(word) for word in words]]
    )
    return [[_MARK + _spelled(word) for word in way] for way in ways if way]


def _forms(words: list[str]) -> Iterator[str]:
    """The possible beginnings of a name in a search: each word alone and with all that follow; an
    Arabic name without its article; each letter in scripts without spaces."""
    for start, word in enumerate(words):
        yield _passport(word)[:_LONGEST]
        yield _joined(words[start:])
        if (stem := _stem(word)) != _passport(word)[:_LONGEST]:
            yield stem
        if _UNSPACED.search(word):
            yield from (word[begin:][:_LONGEST] for begin in range(1, len(word)))


def _joined(words: list[str]) -> str:
    return _passport("".join(words))[:_LONGEST]


def _stem(word: str) -> str:
    has_article = word.startswith(_ARTICLE) and len(word) > len(_ARTICLE) + 1
    return _passport(word.removeprefix(_ARTICLE) if has_article else word)[:_LONGEST]


def _passport(word: str) -> str:
    return _PASSPORT.sub("", word)


def _spelled(word: str) -> str:
    """`word` in ASCII, letter by letter, so that a beginning stays a beginning."""
    return "".join(c if c.isascii() else f"_{ord(c):05x}" for c in word)
