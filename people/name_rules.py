"""What can be a person's name, for every entry point: no web address, spreadsheet error, damaged
text, or filler such as “N/A”."""

from __future__ import annotations

import re
from functools import lru_cache

from flask_babel import lazy_gettext as _l
from publicsuffixlist import PublicSuffixList

from core.errors import Invalid
from core.names import is_spelling
from core.text import normalized

#: Reserved names, which no registry assigns (RFC 2606, 6761, 6762, 7686, 8375; ICANN's “internal”)
#: but which may still resolve.
RESERVED = frozenset(
    re.findall(r"\w+", "example test invalid localhost local onion alt internal lan home corp")
)
#: Abbreviations written before a name: “Prof.Fox” is no address, although .fox exists.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\w+",
        "prof capt maj col gen sgt adj cdt brig cpl ing arch eng rev hon amb mme mlle mrs dra sra "
        "srta moh muh",
    )
)
_SCHEME = re.compile(
    r"[a-z][a-z0-9+.-]*://|\b(?:https?|ftps?|mailto|javascript|vbscript|data|tel|sms|file|ws|wss|whatsapp|tg):(?=\S)|[/\\]{2}|\w@\w"
)
_HOST = re.compile(r"[^\W_][\w-]*(?:\.[\w-]+)+")
_NUMBERED_HOST = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
#: Browsers treat the first as a full stop in addresses; the second, the hyphenation point, looks
#: like one.
_FULL_STOPS = str.maketrans("。‧", "..")
#: Characters that programs substitute for letters their encoding lacks.
_LOST = ("?", "\uff1f")
_SPREADSHEET_ERROR = re.compile(r"#\S|err:\d+$", re.IGNORECASE)

#: What people and programs enter for an unknown name.
_WRITTEN = """
    n/a, n.a., n.a, n\\a, n-a, #, null, (null), nul, nil, none, (none), nan, lnu, fnu, mnu, unknown,
    unk, undefined, blank, empty, not applicable, not available, not known, not given, not provided,
    no name, noname, no surname, no last name, no family name, no first name, no given name,
    no last, no first, surname unknown, last name unknown, first name unknown, family name unknown,
    given name unknown, name unknown, tbd, tbc, tba, to be confirmed, to be determined, idem, ditto,
    s/o, s.o., sans objet, inconnu, inconnue, néant, neant, aucun, aucune, non applicable,
    non disponible, n/c, n.c., n/d, n.d., sans nom, sans prénom, pas de nom, nom inconnu,
    prénom inconnu, à confirmer, à déterminer, s/n, sin apellido, sin nombre, desconocido,
    desconocida, ninguno, no aplica, sem nome, sem sobrenome, desconhecido, nenhum, нет, неизвестно,
    не указано, لا يوجد, غير معروف, مجهول, 无, 無, 不详, 不詳, 未知, なし, 없음
"""
_FILLERS = frozenset(filter(None, re.split(r"\s*[,\n]\s*", _WRITTEN)))
#: Fillers that are never part of a name.
_NEVER_A_WORD = frozenset(("n/a", "n.a.", "null", "lnu", "fnu"))
#: In this spelling these are names (the actress Nil, Nan from the north).
_NAMES_TOO = frozenset(("Nil", "Nan"))
_CROSSES = re.compile(r"x{2,9}|(\w)\1{2,9}", re.IGNORECASE)


def check_name(name: str, field: str) -> None:
    """Raises Invalid at `field` if `name` (one line, not empty) cannot be a name in any context."""
    if is_spreadsheet_error(name):
        sentence = _l(
            "“%(value)s” is an error of a spreadsheet. Write the name.", value=_shown(name)
        )
        raise Invalid("spreadsheet_error", sentence, field)
    if _as_typed(name).startswith("="):
        sentence = _l(
            "“%(value)s” begins like a formula. Write the name as text, without “=”.",
            value=_shown(name),
        )
        raise Invalid("formula", sentence, field)
    if reads_as_address(name):
        sentence = _l(
            "“%(value)s” reads as a web or email address. Write the name alone, with a space "
            "after a full stop.",
            value=_shown(name),
        )
        raise Invalid("not_a_name", sentence, field)
    if any(c in name for c in _LOST):
        sentence = _l(
            "Letters of “%(value)s” were lost on the way here. Type the name again.",
            value=_shown(name),
        )
        raise Invalid("garbled", sentence, field)
    if not any(c.isalpha() for c in name) and any(c.isalnum() for c in name):
        raise Invalid(
            "not_a_name",
            _l("“%(value)s” has no letter. Write the name in letters.", value=_shown(name)),
            field,
        )


def check_names(names: dict[str, str], *, is_confirmed: bool, prefix: str = "") -> None:
    """Checks the given, family and certificate names together, each clean or empty. Raises Invalid
    at the field: `not_a_name` if there is nothing but a filler; unless someone has confirmed the
    names, `name_in_doubt` if a filler accompanies a name, or if the name on certificates is not a
    spelling of the others."""
    parts = {field: name for field in ("given_name", "family_name") if (name := names.get(field))}
    printed = names.get("name_on_certificate") or ""
    fillers = [field for field, name in parts.items() if is_filler(name)]
    if fillers and len(fillers) == len(parts):
        raise _no_name(parts[fillers[0]], prefix + fillers[0])
    own = {word for name in parts.values() for word in _plain(name).split()}
    if (
        printed
        and is_filler(printed)
        and not (is_confirmed and own >= set(_plain(printed).split()))
    ):
        raise _no_name(printed, prefix + "name_on_certificate")
    if is_confirmed:
        return
    for field, name in [*parts.items(), ("name_on_certificate", printed)]:
        if field in fillers or _NEVER_A_WORD & set(_plain(name).split()):
            raise Invalid(
                "name_in_doubt",
                _l(
                    "“%(value)s” is often written where a name is not known. Leave it out if the "
                    "person has one name only, or confirm that it is the name.",
                    value=_shown(name),
                ),
                prefix + field,
            )
    if printed and parts:
        require_spelling(printed, *parts.values(), field=prefix + "name_on_certificate")


def require_spelling(printed: str, *names: str, field: str) -> None:
    """Invalid("name_in_doubt") at `field` unless the name on certificates is a spelling of these
    names."""
    if not is_spelling(printed, *names):
        sentence = _l(
            "“%(value)s” contains no part of the person’s name. Correct it, or confirm that the "
            "person’s name is written this way.",
            value=_shown(printed),
        )
        raise Invalid("name_in_doubt", sentence, field)


def is_spreadsheet_error(value: str) -> bool:
    """Whether it is an error such as "#N/A", "#REF!", "#BEZUG!", "#######", "Err:502". Independent
    of language: no name begins so."""
    return _SPREADSHEET_ERROR.match(_as_typed(value)) is not None


def _as_typed(value: str) -> str:
    """`value` in plain letters, without the apostrophe by which spreadsheets mark text: “'＃N/A”
    becomes “#N/A”."""
    return normalized("NFKC", value).lstrip("' ")


def _no_name(name: str, field: str) -> Invalid:
    sentence = _l(
        "“%(value)s” is no name. Write the name of the person; one name is enough.",
        value=_shown(name),
    )
    return Invalid("not_a_name", sentence, field)


def is_filler(name: str) -> bool:
    """Whether the whole of `name` is a filler for an unknown name: "N/A", "XXX", "."."""
    if name in _NAMES_TOO:
        return False
    plain = _plain(name)
    return (
        plain in _FILLERS
        or not any(c.isalnum() for c in plain)
        or all(_is_filling(word) for word in plain.split())
    )


def _is_filling(word: str) -> bool:
    return (
        word in _NEVER_A_WORD
        or _CROSSES.fullmatch(word) is not None
        or not any(c.isalnum() for c in word)
    )


def _plain(name: str) -> str:
    return normalized("NFKC", name).casefold()


def _shown(name: str) -> str:
    return name if len(name) <= 80 else name[:79] + "…"


def reads_as_address(name: str) -> bool:
    """Whether a mail program could turn `name` into a link, or people could read it as one: a
    scheme, `www.`, an email address, or a host of at least three letters before a public suffix or
    a reserved name. Initials such as "M.Ba" are not a host."""
    text = normalized("NFKC", name).translate(_FULL_STOPS)
    plain = text.lower()
    if "www." in plain or _SCHEME.search(plain) or _NUMBERED_HOST.search(plain):
        return True
    return "." in plain and any(_is_host(text, match) for match in _HOST.finditer(text))


def _is_host(text: str, match: re.Match[str]) -> bool:
    labels = match[0].split(".")
    plain = [label.lower() for label in labels]
    suffix = _suffix_length(".".join(plain))
    if not suffix:
        return False
    before = plain[:-suffix] or plain[:-1]
    if before and text[match.end() : match.end() + 1] in ("/", ":"):
        return True
    if len(before) == 1 and before[0] in _ABBREVIATIONS and labels[-1][:1].isupper():
        return False
    return any(len(label) >= 3 for label in before)


def _suffix_length(host: str) -> int:
    """The number of labels at the end of `host` that form a public suffix or a reserved name."""
    if host.rpartition(".")[2] in RESERVED:
        return 1
    suffix = _suffixes().publicsuffix(host)
    return suffix.count(".") + 1 if suffix else 0


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    """The registry part of the list that comes with the library; loaded once, when a name with a
    full stop first needs it."""
    return PublicSuffixList(accept_unknown=False, only_icann=True)
