"""A name says what it holds: a person, a row, a page of rows. A word like *found* says only how it
was obtained, and a newcomer has to read on to know what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from core.settings import ROOT
from tests.guards import source

#: Participles and pronouns that stood for a noun, and private words for what has a usual name.
EMPTY = frozenset(
    [
        "found",
        "one",
        "kept",
        "said",
        "made",
        "given",
        "wanted",
        "asked",
        "told",
        "heard",
        "carried",
        "meant",
        "left",
        "rest",
        "whole",
        "those",
        "turn",
        "house",
    ]
)

#: Columns, keys of the API and fields of forms keep the name that others rely on.
CONTRACT = {
    "enrollment/queries/places.py": {"left"},
    "people/models.py": {"given"},
    "people/queries/consents.py": {"given"},
    "people/schemas.py": {"given"},
    "tests/factories.py": {"given"},  # as short as a call of a test needs it
}


def named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of every variable, parameter, function and class."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name


def empty_names(path: str, tree: ast.Module) -> list[str]:
    return [
        f"{path}:{line} calls something `{name}`; name what it is"
        for line, name in named(tree)
        if not name.isupper()  # members of enums are called as they are stored
        and name.lower().lstrip("_") in EMPTY - CONTRACT.get(path, set())
    ]


def test_names_say_what_they_hold() -> None:
    files = [*source.files(), *sorted((ROOT / "tests").rglob("*.py"))]
    assert [
        fault for path in files for fault in empty_names(source.name(path), source.tree(path))
    ] == []


@pytest.mark.parametrize(
    "planted",
    [
        "found = get_person(1)",
        "for one in people: show(one)",
        "emails = [one.email for one in people]",
        "def check(given: dict) -> None: ...",
        "def _said(person: Person) -> str: ...",
        "class Kept: ...",
        "if (made := create()): ...",
        "self.left = 3",
    ],
)
def test_an_empty_name_is_caught(planted: str) -> None:
    assert empty_names("people/queries/people.py", ast.parse(planted))


def test_a_name_of_the_contract_is_free_where_it_belongs() -> None:
    planted = ast.parse("class Consent:\n    given: bool\n    kept: bool")
    assert len(empty_names("people/models.py", planted)) == 1
    assert len(empty_names("people/api.py", planted)) == 2
