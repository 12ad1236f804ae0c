"""The letters beyond a to z that people of a country use in their names.

The languages of a country come from the Unicode tables in Babel; the letters of each language are
listed here, because Babel does not include those. A word in capitals stands for a whole script: it
is the first word of the Unicode names of its letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

_VIETNAMESE = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_SERBIAN = "абвгдђежзијклљмнњопрстћуфхцчџш"
_SCANDINAVIAN = "æøåéèêóòôöäü"

# French has æ in a few words, but hardly in names: there it is usually a damaged ć.
_LETTERS = {
    "en": "áàâäåæçéèêëíïîñóòôöøœúü",
    "fr": "àâçéèêëîïôœùûüÿ",
    "es": "áéíñóúüªº",
    "ca": "àçéèíïòóúü·",
    "gl": "áéíñóúü",
    "eu": "ñçü",
    "ay": "ñä",
    "qu": "ñ",
    "gn": "ãáéẽíĩñóõúũýỹ",
    "pt": "àáâãçéêíóôõúüªº",
    "it": "àèéìíîòóùú",
    "rm": "àéèìòùöü",
    "de": "äöüßé",
    "gsw": "äöü",
    "lb": "äéëâêîôûèü",
    "nl": "áàâäçéèêëíïóôöúü",
    "da": _SCANDINAVIAN,
    "nb": _SCANDINAVIAN,
    "nn": _SCANDINAVIAN,
    "no": _SCANDINAVIAN,
    "kl": _SCANDINAVIAN,
    "sv": "åäöéàüæø",
    "fi": "åäöéšž",
    "is": "áðéíóúýþæö",
    "fo": "áðíóúýæø",
    "et": "äõöüšž",
    "lv": "āčēģīķļņōŗšūž",
    "lt": "ąčęėįšųūž",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "hr": "čćđšž",
    "bs": "čćđšž",
    "sr_Latn": "čćđšž",
    "sl": "čćđšž",
    "sq": "çë",
    "mt": "ċġħżàèìòù",
    "tr": "çğıöşüâîûİ",
    "az": "çəğıöşüİ",
    "tk": "äçňöşüýž",
    "ku": "çêîşû",
    "ga": "áéíóú",
    "gd": "àèìòù",
    "cy": "âêîôûŵŷáéëïöẅ",
    "vi": _VIETNAMESE,
    "yo": "áàéèẹíìóòọṣúùńǹ",
    "ha": "ɓɗƙƴ",
    "ig": "ịọụṅ",
    "wo": "àãéëñŋó",
    "ff": "ɓɗŋñƴ",
    "fuv": "ɓɗŋñƴ",
    "ht": "àèò",
    "mg": "àôñ",
    "fil": "áéíñóúü",
    "ceb": "áéíñóúü",
    "to": "āēīōū",
    "sm": "āēīōū",
    "mi": "āēīōū",
    "tet": "áéíñóú",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "ru": _RUSSIAN,
    "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "sr": _SERBIAN,
    "bs_Cyrl": _SERBIAN,
    "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
    "kk": _RUSSIAN + "әғқңөұүһі",
    "ky": _RUSSIAN + "ңөү",
    "tg": _RUSSIAN + "ғӣқӯҳҷ",
    "uz": _RUSSIAN + "ўқғҳ",
    "mn": _RUSSIAN + "өү",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "ar": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي",
    "fa": "ARABIC",
    "ps": "ARABIC",
    "ur": "ARABIC",
    "sd": "ARABIC",
    "ug": "ARABIC",
    "ckb": "ARABIC",
    "dv": "THAANA",
    "he": "HEBREW",
    "th": "THAI",
    "lo": "LAO",
    "km": "KHMER",
    "my": "MYANMAR",
    "ka": "GEORGIAN",
    "hy": "ARMENIAN",
    "am": "ETHIOPIC",
    "ti": "ETHIOPIC",
    "hi": "DEVANAGARI",
    "ne": "DEVANAGARI",
    "mr": "DEVANAGARI",
    "bn": "BENGALI",
    "ta": "TAMIL",
    "te": "TELUGU",
    "si": "SINHALA",
    "dz": "TIBETAN",
    "zh": "CJK",
    "zh_Hant": "CJK",
    "yue": "CJK",
    "ja": "CJK HIRAGANA KATAKANA",
    "ko": "HANGUL CJK",
}
#: Letters that are accepted if the letters of the country are not known.
COMMON = frozenset("".join(_LETTERS[language] for language in ("en", "fr", "es", "pt")))


ENGLISH = frozenset(_LETTERS["en"])


class Alphabet:
    """Letters beyond a to z, and whole scripts."""

    def __init__(self, languages: Iterable[str]):
        known = [_LETTERS[language] for language in languages if language in _LETTERS]
        self.scripts = frozenset(
            name for letters in known if letters[0].isascii() for name in letters.split()
        )
        self.letters = frozenset(
            "".join(letters for letters in known if not letters[0].isascii())
        ) or (frozenset() if self.scripts else COMMON)
        self.is_mixed = bool(self.scripts) or any(
            script(letter) != "LATIN" for letter in self.letters
        )
        self.languages = tuple(frozenset(letters) for letters in known if not letters[0].isascii())

    def __or__(self, letters: frozenset[str]) -> Alphabet:
        """This alphabet with more letters."""
        wider = Alphabet(())
        wider.letters = self.letters | letters
        wider.scripts = self.scripts
        wider.is_mixed = self.is_mixed
        return wider

    def has(self, letter: str) -> bool:
        """Whether the alphabet has the letter, in either case. İ is listed by itself, because it is
        not the capital of i."""
        return (
            letter in self.letters
            or letter.lower() in self.letters
            or bool(self.scripts)
            and script(letter) in self.scripts
        )


@cache
def alphabet(country: str | None) -> Alphabet:
    """The alphabet of the official languages of a country; of all languages without a country."""
    from babel.languages import get_territory_language_info

    if country is None:
        return Alphabet(_LETTERS)
    return Alphabet(
        language
        for language, facts in get_territory_language_info(country).items()
        if facts["official_status"]
        and (
            facts["official_status"] != "official_regional"
            or float(facts["population_percent"] or 0) >= 1
        )
    )


@cache
def script(letter: str) -> str:
    """The script of a letter: LATIN, GREEK, ARABIC and so on; empty for unnamed characters."""
    return unicodedata.name(letter, "").split(" ")[0]
