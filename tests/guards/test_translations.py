"""English and French are complete: every text a person reads is in the catalogue, translated,
with its placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import jinja2
import jinja2.nodes
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import core.errors
from core import texts
from core.errors import DomainError
from core.settings import ROOT
from tests.guards import source

KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "_n": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "lazy_pgettext": ((1, "c"), 2),
    "_p": ((1, "c"), 2),
}
METHODS = [
    (".venv/**", "ignore"),
    ("tests/**", "ignore"),
    ("build/**", "ignore"),
    ("**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
COMPLETE = [code for code in texts.offered() if code != texts.SOURCE]


def extracted() -> Catalog:
    catalogue = Catalog()
    for _, _, message, _, context in extract_from_dir(
        str(ROOT),
        method_map=METHODS,
        options_map={},
        keywords=KEYWORDS,  # type: ignore[arg-type]  # Babel's own type of keywords has no name
    ):
        catalogue.add(message, context=context)
    return catalogue


def catalogue(code: str) -> Catalog:
    with open(ROOT / "translations" / code / "LC_MESSAGES" / "messages.po", "rb") as file:
        return read_po(file, locale=code)


def faults(source: Catalog, translated: Catalog) -> list[str]:
    """What is missing, fuzzy or has other placeholders than the English."""
    strings = []
    for message in source:
        if not message.id:
            continue
        entry = translated.get(message.id, message.context)
        if entry is None or not all(_strings(entry)):
            strings.append(f"missing: {message.id}")
        elif entry.fuzzy:
            strings.append(f"fuzzy: {message.id}")
        elif any(_placeholders(text) - _placeholders(message.id) for text in _strings(entry)):
            strings.append(f"placeholders: {message.id}")
    return strings


def _strings(entry: Message) -> list[str]:
    return list(entry.string) if isinstance(entry.string, list | tuple) else [entry.string or ""]


def _placeholders(text: str | tuple[str, ...] | list[str]) -> set[str]:
    joined = " ".join(text) if isinstance(text, list | tuple) else text
    return set(re.findall(r"%\((\w+)\)", joined))


@pytest.mark.parametrize("code", COMPLETE)
def test_every_text_is_translated(code: str) -> None:
    assert faults(extracted(), catalogue(code)) == [], (
        "run: make translations, then fill in what is new"
    )


def test_a_missing_fuzzy_or_mismatched_text_would_be_found() -> None:
    source, translated = Catalog(), Catalog(locale="fr")
    for text in ("Apply", "Sign in", "%(count)s places"):
        source.add(text)
    translated.add("Sign in", "Se connecter", flags=["fuzzy"])
    translated.add("%(count)s places", "%(nombre)s places")
    assert [fault.split(":")[0] for fault in faults(source, translated)] == [
        "missing",
        "fuzzy",
        "placeholders",
    ]


def test_templates_hold_no_bare_sentences() -> None:
    """A sentence outside gettext would never be translated."""
    pages = [
        path
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if not {"pdf", "layouts"} & set(path.parts)
    ]
    texts = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in pages
        for line, words in bare(path.read_text(encoding="utf-8"))
    ]
    assert pages and texts == []


#: What a template does not say as it stands.
HIDDEN = (r"\{#.*?#\}", r"\{%-?\s*trans.*?endtrans\s*-?%\}", r"\{[{%].*?[}%]\}")


def shown_of(text: str, *hidden: str) -> str:
    """The template without its expressions, line for line."""
    for pattern in (*HIDDEN, *hidden):
        text = re.sub(pattern, lambda match: "\n" * match.group().count("\n"), text, flags=re.S)
    return text


def test_messages_hold_no_bare_words() -> None:
    messages = sorted((ROOT / "templates").rglob("*.txt"))
    texts = [
        f"{path.relative_to(ROOT)}: {words}"
        for path in messages
        for words in bare_in_message(path.read_text(encoding="utf-8"))
    ]
    assert messages and texts == []


def bare_in_message(text: str) -> list[str]:
    """What a message says without gettext, in its lines and in its expressions."""
    words_of_line = [
        words for _line, words in _strings_of(text) if re.search(r"[A-Za-zÀ-ÿ]{2,} \w", words)
    ]
    return words_of_line + [
        line for line in shown_of(text).splitlines() if re.search(r"[A-Za-zÀ-ÿ]{3,}", line)
    ]


@pytest.mark.parametrize("text", ["Welcome, {{ person.full_name }}", '{{ "Your place is kept" }}'])
def test_bare_words_in_a_message_would_be_found(text: str) -> None:
    assert bare_in_message(text) != []
    assert bare_in_message("{{ _('Your place is kept.') }}\n-- \n{{ link }}") == []


#: What people read or hear besides the text between tags.
SPOKEN = r"\s(?:aria-(?:label|description|roledescription|valuetext)|title|alt|placeholder)=([\"'])(.*?)\1"


def bare(text: str) -> list[tuple[int, str]]:
    """(line, words) of what a template says without gettext: between tags, in spoken attributes,
    in its expressions."""
    matches = [
        (line, words)
        for line, words in _strings_of(text)
        if re.search(r"[A-Za-zÀ-ÿ]{2,} [A-Za-zÀ-ÿ]", words)
    ]
    text = shown_of(text, r"<(script|style|svg)\b.*?</\1>")
    strings = [(match.start(), match[1]) for match in re.finditer(r">([^<>]+)<", text)]
    strings += [(match.start(), match[2]) for match in re.finditer(SPOKEN, text)]
    for start, words in strings:
        if re.search(r"[A-Za-zÀ-ÿ]{3,}", words) and words.strip("– \n") != "Rostrum":
            matches.append((text[:start].count("\n") + 1, words.strip()[:60]))
    return matches


def _strings_of(text: str) -> Iterator[tuple[int, str]]:
    """The strings in a template's expressions, without those given to gettext."""
    nodes: list[jinja2.nodes.Node] = [
        jinja2.Environment(extensions=["jinja2.ext.i18n"]).parse(text)
    ]
    while nodes:
        node = nodes.pop()
        if isinstance(node, jinja2.nodes.Call) and getattr(node.node, "name", None) in KEYWORDS:
            continue
        if isinstance(node, jinja2.nodes.Const) and isinstance(node.value, str):
            yield node.lineno, node.value
        nodes.extend(node.iter_child_nodes())


def bare_in_mail(text: str) -> list[str]:
    """Words of a message outside gettext: all that no expression says."""
    for expression in (r"\{#.*?#\}", r"\{%-?\s*trans.*?endtrans\s*-?%\}", r"\{[{%].*?[}%]\}"):
        text = re.sub(expression, "", text, flags=re.S)
    return re.findall(r"[A-Za-zÀ-ÿ]{2,}", text)


def test_messages_hold_no_bare_sentences() -> None:
    texts = {path: path.read_text("utf-8") for path in (ROOT / "templates").rglob("*.txt")}
    bare_texts = {path.name: bare_in_mail(text) for path, text in texts.items()}
    assert bare_texts and {name: words for name, words in bare_texts.items() if words} == {}
    spoken = {path.name: _sentences(text) for path, text in texts.items()}
    assert {name: words for name, words in spoken.items() if words} == {}


def _sentences(text: str) -> list[str]:
    return [
        string for _, string in _strings_of(text) if re.search(r"[A-Za-zÀ-ÿ]{2,} [a-zà-ÿ]", string)
    ]


def bare_in_script(text: str) -> list[str]:
    """Strings of a script that people would read; its words come from the page, in its language.
    Selectors and the like have no two words that begin with a capital."""
    strings = re.findall(r"""(?:"([^"\n]*)"|'([^'\n]*)'|`([^`]*)`)""", text)
    return [
        string
        for strings_of_file in strings
        for string in strings_of_file
        if re.match(r"\s*[A-Z][a-z]+\b[^=;]*\s", string)
    ]


def test_scripts_say_nothing_of_their_own() -> None:
    for path in (ROOT / "static").glob("*.js"):
        assert bare_in_script(path.read_text(encoding="utf-8")) == []


def test_bare_words_in_a_message_or_a_script_would_be_found() -> None:
    assert bare_in_mail("{{ _('Hello') }}\nPlease answer.\n")
    assert _sentences('{{ "Please answer soon" }}') and not _sentences('{{ _("Please answer") }}')
    assert bare_in_script('say("Saved on this phone");') and bare_in_script(
        "alert('Not saved yet');"
    )
    assert not bare_in_script('all(".marks input"); "use strict";')


@pytest.mark.parametrize(
    "template",
    [
        "<p>Apply now</p>",
        '<nav aria-label="Pages">',
        '<input placeholder="Your name">',
        "<img alt='The emblem'>",
        '{{ button("Apply now") }}',
        '{% set title = "Apply now" %}',
        '{{ _("Apply") ~ " to the course" }}',
    ],
)
def test_bare_words_in_a_template_would_be_found(template: str) -> None:
    assert bare(template) != []
    assert (
        bare(
            '<p class="wide" title="{{ _("Apply now") }}">{{ _("Apply") }} {% trans %}Apply now{% '
            "endtrans %}</p>"
        )
        == []
    )


#: What people read, by what is called: the position of the sentence among its arguments.
SAYS = {"flash": 0, "error_page": 1, "Link": 0} | {
    name: 1
    for name, kind in vars(core.errors).items()
    if isinstance(kind, type) and issubclass(kind, DomainError)
}


def bare_in_code(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, words) of notices, refusals and labels of fields that are said without gettext."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        called = ast.unparse(call.func).rpartition(".")[2]
        place = (
            0 if re.fullmatch(r"[A-Z]\w+Field", called) else SAYS.get(called)
        )  # pydantic's Field describes the API, in English
        values = [
            keyword.value
            for keyword in call.keywords
            if keyword.arg in ("message", "label", "description")
        ]
        if place is not None:
            yield from (
                (call.lineno, words)
                for value in [*call.args[place : place + 1], *values]
                for words in _plain_words(value)
            )


def _plain_words(node: ast.AST) -> Iterator[str]:
    """Strings in an expression, without those in a call: gettext, or what is told elsewhere."""
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"[A-Za-z]{2}", node.value)
    ):
        yield node.value
    elif not isinstance(node, ast.Call):
        for child in ast.iter_child_nodes(node):
            yield from _plain_words(child)


def test_code_says_no_bare_sentences() -> None:
    texts = [
        f"{source.name(path)}:{line}: “{words}”"
        for path in source.files()
        for line, words in bare_in_code(source.tree(path))
    ]
    assert texts == []


@pytest.mark.parametrize(
    "code",
    [
        'flash("The job starts again.")',
        'flask.flash(f"{count} saved", "ok")',
        'flash(_("Saved") if ok else "Not saved.")',
        'raise Conflict("full", "It is full.")',
        'raise NotFound("unknown", message="Unknown.")',
        'name = StringField("Given name")',
    ],
)
def test_a_bare_sentence_in_code_would_be_found(code: str) -> None:
    assert list(bare_in_code(ast.parse(code))) != []
    assert list(bare_in_code(ast.parse('flash(_("The job starts again."), "ok")'))) == []


def test_french_signs_stay_with_the_words_that_they_belong_to() -> None:
    """A line never begins with "?" or ends with "«": French has a non-breaking space there."""
    plain = re.compile("[ ](?=[?!;:»])|« ")
    texts = [text for message in catalogue("fr") if message.id for text in _strings(message)]
    assert [text for text in texts if plain.search(text)] == []


def test_texts_say_one_word_for_one_thing() -> None:
    """Someone, anyone, everyone, no one, email: each is written one way, and people are named
    instead of "whoever"."""
    others = re.compile(r"\b(somebody|anybody|everybody|nobody|whoever|e-mail)\b", re.IGNORECASE)
    ids = [
        " ".join(message.id) if isinstance(message.id, list | tuple) else message.id
        for message in extracted()
    ]
    assert [text for text in ids if others.search(text)] == []


def test_printed_languages_have_every_word_of_certificates() -> None:
    printed = [message for message in extracted() if message.context == "certificate"]
    assert len(printed) > 30
    for code in texts.printed():
        if code != texts.SOURCE:
            source = Catalog()
            for message in printed:
                source.add(message.id, context=message.context)
            assert faults(source, catalogue(code)) == [], code


#: Languages are data: nothing is called by one of them.
OF_A_LANGUAGE = re.compile(rf"\b\w+_(?:{'|'.join(texts.LANGUAGES)})\b")


def names_of_a_language(text: str) -> list[str]:
    return [name for name in OF_A_LANGUAGE.findall(text) if name.islower()]


def test_no_name_in_code_or_templates_ends_in_a_language() -> None:
    files = [*source.files(), *(ROOT / "templates").rglob("*.*")]
    messages = {
        str(path.relative_to(ROOT)): names_of_a_language(path.read_text(encoding="utf-8"))
        for path in files
    }
    assert {path: names for path, names in messages.items() if names} == {}


@pytest.mark.parametrize(
    "code", ["title_fr = 1", "form.summary_en", '{"short_fr": 1}', "{{ field(form.title_es) }}"]
)
def test_a_name_that_ends_in_a_language_would_be_found(code: str) -> None:
    assert names_of_a_language(code) != []
    assert names_of_a_language("LEVELS = in_language(code)") == []
