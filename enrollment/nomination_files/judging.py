"""Judges how likely a text was read in the right encoding: by the shape of its words and by the
letters that a country uses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from enrollment.nomination_files.letters import Alphabet, script
from enrollment.nomination_files.text import without_accents

# Punctuation beyond ASCII round words, and between two parts of one.
_AROUND = "«»“”„‘’‚\"'()[]{}<>-–—,.;:…!?¿¡ªº*\u200e\u200f\u200b\ufeff&+/\\|_@#%=~`´"
_BETWEEN = re.compile(r"[’‘´ʼʻ'`·\-–—./,;:()\[\]&+\"“”«»@_\\|\u200c\u200d\u00ad]+")
# Signs of a wrong reading: a quotation mark or dash inside a word, a sign at its beginning that
# cannot open a word, or an opening sign at its end.
_QUOTED = re.compile(r"\w[“”«»„‚‹›…—–]\w|^[ªº‚„…—–]\w+|^“\w+$|\w[‚„“‘†‡ˆ˜‹—–]$")
# An opening quotation mark inside small letters: people use the other one as an apostrophe.
_TURNED = re.compile(r"\w‘[a-z]")


_SYLLABIC = re.compile("(?<=[bcdfghjkmnpqstvwxz])[rl](?=[bcdfghjkmnpqstvwxz])")
_CLUSTER = re.compile("[bcdfghjklmnpqrstvwxz]{4,}")


@dataclass
class Score:
    """Counts of the words with letters beyond a to z: all of them, those that no language writes
    so, and those with letters that the person's country does not use."""

    words: int = 0
    malformed: int = 0
    foreign: int = 0
    latin: int = 0  # words with special Latin letters where names are written in another script

    @property
    def rank(self) -> tuple[int, int, int]:
        """Sorts the likelier readings first."""
        return self.malformed, self.foreign, self.latin

    @property
    def is_clean(self) -> bool:
        return not self.malformed and not self.foreign


def judge(text: str, letters: Alphabet, score: Score, *, is_name: bool) -> None:
    """Adds the words of a text to the score. `is_name`: the text must begin with a capital, as the
    other names of the file do."""
    for number, chunk in enumerate(text.split()):
        if chunk.isascii():
            continue
        core = chunk.strip(_AROUND)
        if _QUOTED.search(chunk):
            score.words += 1
            score.malformed += 1
            continue
        if core.isascii():
            continue
        if _TURNED.search(core):
            score.words += 1
            score.malformed += 1
        for word in _BETWEEN.split(core):
            if not word.isascii():
                _judge_word(
                    word, letters, score, begins=is_name and number == 0 and core.startswith(word)
                )


def _judge_word(word: str, letters: Alphabet, score: Score, *, begins: bool) -> None:
    score.words += 1
    special = [c for c in word if not c.isascii() and c.isalpha()]
    score.latin += letters.is_mixed and any(script(c) == "LATIN" for c in special)
    if _is_malformed(word):
        score.malformed += 1
    elif (begins and word[0].islower() and not word[0].isascii()) or not all(
        map(letters.has, special)
    ):
        score.foreign += 1


def _is_malformed(word: str) -> bool:
    """Whether no one writes such a word: it has signs, two scripts, or a capital in the middle of
    small letters."""
    if not all(c.isalnum() or _is_mark(c) for c in word) or any(
        unicodedata.category(c) == "No" for c in word
    ):
        return True
    if any(
        _is_mark(c) and (i == 0 or script(word[i - 1]) != script(c)) for i, c in enumerate(word)
    ):
        return True  # a mark without the letter it belongs to
    if len({_writing(c) for c in word if c.isalpha()}) > 1:
        return True
    return any(_is_odd_case(word, i) for i in range(1, len(word)))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc")


def _writing(letter: str) -> str:
    name = "LATIN" if letter.isascii() else script(letter)
    return "JAPANESE" if name in ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else name


def _is_odd_case(word: str, i: int) -> bool:
    """Whether a capital follows a small letter, or a small letter follows two capitals. Only pairs
    with a letter beyond a to z count."""
    here, before = word[i], word[i - 1]
    if "ß" in (here, before):
        return False
    if before.islower() and here.isupper():
        return not (here.isascii() and before.isascii())
    if i > 1 and here.islower() and before.isupper() and word[i - 2].isupper():
        return not word[i - 2 : i + 1].isascii()
    return False


def is_pronounceable(text: str) -> bool:
    """Whether no four consonants in a row include one beyond a to z. Between two consonants r and l
    count as vowels: Smrčka can be pronounced, Lefčvre cannot."""
    plain = _SYLLABIC.sub("e", without_accents(text))
    runs = (match.span() for match in _CLUSTER.finditer(plain))
    return len(plain) != len(text) or all(text[begin:end].isascii() for begin, end in runs)


def mostly_capitalized(texts: Iterable[str]) -> bool:
    """Whether most names of a file begin with a capital, judged by names that begin with a letter
    from a to z."""
    first = [text[0] for text in texts if text and text[0].isascii() and text[0].isalpha()]
    return not first or sum(c.isupper() for c in first) * 4 > len(first) * 3
