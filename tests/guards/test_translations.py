"""English and French are complete: every text a person reads is in the catalogue, translated, with its placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from core.i18n import LANGUAGES
from core.settings import ROOT

KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "_n": (1, 2),
    "lazy_ngettext": (1, 2),
}
METHODS = [
    (".venv/**", "ignore"),
    ("tests/**", "ignore"),
    ("build/**", "ignore"),
    ("**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
OTHER_LANGUAGES = [code for code in LANGUAGES if code != "en"]


def extracted() -> Catalog:
    catalogue = Catalog()
    for _, _, message, _, context in extract_from_dir(str(ROOT), method_map=METHODS, options_map={}, keywords=KEYWORDS):
        catalogue.add(message, context=context)
    return catalogue


def catalogue(code: str) -> Catalog:
    with open(ROOT / "translations" / code / "LC_MESSAGES" / "messages.po", "rb") as file:
        return read_po(file, locale=code)


def faults(source: Catalog, translated: Catalog) -> list[str]:
    """What is missing, fuzzy or has other placeholders than the English."""
    found = []
    for message in source:
        if not message.id:
            continue
        entry = translated.get(message.id, message.context)
        if entry is None or not all(_strings(entry)):
            found.append(f"missing: {message.id}")
        elif entry.fuzzy:
            found.append(f"fuzzy: {message.id}")
        elif any(_placeholders(text) - _placeholders(message.id) for text in _strings(entry)):
            found.append(f"placeholders: {message.id}")
    return found


def _strings(entry: Message) -> list[str]:
    return list(entry.string) if isinstance(entry.string, list | tuple) else [entry.string or ""]


def _placeholders(text: str | tuple[str, ...] | list[str]) -> set[str]:
    joined = " ".join(text) if isinstance(text, list | tuple) else text
    return set(re.findall(r"%\((\w+)\)", joined))


@pytest.mark.parametrize("code", OTHER_LANGUAGES)
def test_every_text_is_translated(code: str) -> None:
    assert faults(extracted(), catalogue(code)) == [], "run: make translations, then fill in what is new"


def test_a_missing_fuzzy_or_mismatched_text_would_be_found() -> None:
    source, translated = Catalog(), Catalog(locale="fr")
    for text in ("Apply", "Sign in", "%(count)s places"):
        source.add(text)
    translated.add("Sign in", "Se connecter", flags=["fuzzy"])
    translated.add("%(count)s places", "%(nombre)s places")
    assert [fault.split(":")[0] for fault in faults(source, translated)] == ["missing", "fuzzy", "placeholders"]


def test_templates_hold_no_bare_sentences() -> None:
    """A sentence outside gettext would never be translated."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if "pdf" in path.parts:
            continue
        for line, words in bare(path):
            raise AssertionError(f"{path.relative_to(ROOT)}:{line}: “{words}” is not in gettext")


def bare(path: Path) -> list[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r"\{%-?\s*trans.*?endtrans\s*-?%\}", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r"\{[{%].*?[}%]\}", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    found = []
    for match in re.finditer(r">([^<>]+)<", text):
        words = match.group(1).strip()
        if re.search(r"[A-Za-zÀ-ÿ]{3,}", words) and words.strip("– ") not in ("Rostrum",):
            found.append((text[: match.start()].count("\n") + 1, words[:60]))
    return found
