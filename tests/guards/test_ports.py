"""Questions between packages are ports, each with a docstring and an answer in app.py; a key of
`app.extensions` is its module's own."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

import app
from core.backups import application_on
from core.ports import Port
from tests.guards import source


def ports(name: str, tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """(module.function, function) of each declared question."""
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(
            ast.unparse(mark) == "port" for mark in node.decorator_list
        ):
            yield f"{module}.{node.name}", node


def has_only_a_docstring(function: ast.FunctionDef) -> bool:
    return len(function.body) == 1 and bool(ast.get_docstring(function))


@cache
def declared() -> dict[str, ast.FunctionDef]:
    return dict(
        port for path in source.files() for port in ports(source.name(path), source.tree(path))
    )


def test_a_port_says_what_is_asked_and_does_nothing_itself() -> None:
    assert [name for name, port in declared().items() if not has_only_a_docstring(port)] == []


def test_every_port_is_answered_in_app() -> None:
    answered: set[Port] = {
        *app.ANSWERS,
        application_on,
    }  # the last is answered by each application with its own settings
    assert {f"{port.__module__}.{port.__name__}" for port in answered} == set(declared())


@pytest.mark.parametrize(
    "code",
    ["@port\ndef asked() -> int: ...", "@port\ndef asked() -> int:\n    'How many.'\n    return 1"],
)
def test_a_port_without_a_docstring_or_with_a_body_is_caught(code: str) -> None:
    (_, function), *_ = ports("core/x.py", ast.parse(code))
    assert not has_only_a_docstring(function)


def keys(tree: ast.Module) -> Iterator[str]:
    """The literal keys by which a file reads or writes `app.extensions`, in whatever way."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _is_extensions(node.value):
            yield from _literal(node.slice)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and _is_extensions(node.func.value)
        ):
            yield from (key for argument in node.args[:1] for key in _literal(argument))
        elif isinstance(node, ast.Compare) and any(
            _is_extensions(comparator) for comparator in node.comparators
        ):
            yield from _literal(node.left)


def _is_extensions(node: ast.AST) -> bool:
    return "extensions" in (getattr(node, "attr", None), getattr(node, "id", None))


def _literal(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_a_key_of_the_extensions_stays_in_its_module() -> None:
    used = defaultdict(set)
    for path in source.files():
        for key in keys(source.tree(path)):
            used[key].add(source.name(path))
    assert {key: names for key, names in used.items() if len(names) > 1} == {}
    assert "app.py" not in set().union(*used.values())


@pytest.mark.parametrize(
    "code",
    [
        "current_app.extensions['lanes']",
        "app.extensions['lanes'] = ()",
        "extensions['lanes']",
        "'lanes' in app.extensions",
        "current_app.extensions.get('lanes')",
        "current_app.extensions.setdefault('lanes', {})",
    ],
)
def test_a_key_is_seen_however_it_is_used(code: str) -> None:
    assert list(keys(ast.parse(code))) == ["lanes"]
