"""Every stored value that people read has its words beside it, in the package that owns it."""

from __future__ import annotations

import ast
import enum
import importlib
import pickle
import re

import pytest
from flask import Flask
from flask_babel import lazy_pgettext as _p

from certificates.models import PublicStatus
from core.jobs.ledger import JobState
from core.settings import ROOT
from core.words import Worded, word
from courses.models import DeliveryStatus
from roster.models import SkillStatus
from tests.guards import source

#: Enums whose values no one reads as such: codes of programs, and what pages tell in sentences of
#: their own.
NOT_SHOWN = {
    "CertificateStatus",  # read as PublicStatus
    "CourseStatus",
    "IdentifierKind",
    "LanguageFramework",
    "LinkState",
    "ListStage",
    "AdmissionWay",
    "MergeStatus",
    "Permission",
    "ProposalOutcome",
    "QuestionStatus",
    "Reach",
    "ReviewKind",
    "ScoreKind",
    "Verdict",
}


def kinds() -> list[tuple[str, str, str]]:
    """(module, class, base) of every enum of texts."""
    return [
        (
            source.name(path).removesuffix(".py").replace("/", "."),
            node.name,
            ast.unparse(node.bases[0]),
        )
        for path in source.files()
        for node in ast.walk(source.tree(path))
        if isinstance(node, ast.ClassDef) and is_enum(node)
    ]


def is_enum(node: ast.ClassDef) -> bool:
    """Of whatever kind: of texts, of numbers, mixed."""
    bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
    return any(base == "Worded" or base.endswith(("Enum", "Flag")) for base in bases)


def unworded(words_missing: list[tuple[str, str, str]]) -> list[str]:
    return [
        name
        for _, name, base in words_missing
        if base != "Worded" and name not in NOT_SHOWN | {"Worded"}
    ]


def test_every_enum_has_words_or_is_never_shown() -> None:
    assert unworded(kinds()) == []
    assert {name for _, name, base in kinds() if base != "Worded"} - {"Worded"} == NOT_SHOWN


def test_an_enum_without_words_would_be_found() -> None:
    assert unworded([("posts.models", "PostStatus", "enum.StrEnum")]) == ["PostStatus"]


@pytest.mark.parametrize(
    "bases", ["enum.StrEnum", "StrEnum", "str, enum.Enum", "IntEnum", "Worded"]
)
def test_an_enum_is_seen_whatever_its_kind(bases: str) -> None:
    (node,) = ast.parse(f"class Status({bases}): ...").body
    assert isinstance(node, ast.ClassDef) and is_enum(node)


def test_a_missing_word_for_an_enum_value_is_refused() -> None:
    with pytest.raises(TypeError, match="No words for Status 'closed'"):

        class Status(Worded):
            OPEN = "open", _p("post", "Open")
            CLOSED = "closed"


def test_every_word_says_of_what_it_is_said() -> None:
    """Adjectives agree: without a context, *expired* of a skill and of a certificate would be
    one text."""
    for path in source.files():
        for node in ast.walk(source.tree(path)):
            if (
                isinstance(node, ast.ClassDef)
                and node.bases
                and ast.unparse(node.bases[0]) == "Worded"
            ):
                values = [value.value for value in node.body if isinstance(value, ast.Assign)]
                assert values and all("_p(" in ast.unparse(value) for value in values), (
                    f"{source.name(path)}: {node.name}"
                )


def worded() -> list[type[Worded]]:
    return [
        getattr(importlib.import_module(module), name)
        for module, name, base in kinds()
        if base == "Worded"
    ]


def test_a_member_is_its_value() -> None:
    for kind in worded():
        for member in kind:
            assert member == member.value == str(member) and kind(member.value) is member
            assert pickle.loads(pickle.dumps(member)) is member


def test_french_agrees_with_what_is_said(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "fr"}):
        values = SkillStatus.EXPIRED, PublicStatus.EXPIRED, JobState.DONE, DeliveryStatus.CANCELLED
        words = [word(value) for value in values]
    assert words == ["Expirée", "Expiré", "Terminée", "Annulée"]


def test_a_bare_text_has_no_words() -> None:
    class Plain(enum.StrEnum):
        OPEN = "open"

    for value in ("expired", Plain.OPEN, None):
        with pytest.raises(TypeError):
            word(value)


def test_templates_say_no_bare_text() -> None:
    texts = [
        f"{path.relative_to(ROOT)}: {match}"
        for path in (ROOT / "templates").rglob("*.*")
        for match in re.findall(r"\b(?:word|status)\('\w+'\)", path.read_text(encoding="utf-8"))
    ]
    assert texts == []
