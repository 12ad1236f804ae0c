"""When one of these fails, a library has a new version: read what changed in it, see whether our
change still fits and is still needed, and name the new version here."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.formparser import FormDataParser
from wtforms import Form, SelectField, StringField
from wtforms.widgets import Input, Select
from wtforms.widgets.core import html_params

from core.forms import attributes
from tests.guards import source

#: library → the version that core/patches.py, and classes that override its inner names, were
#: written for.
FITS = {"wtforms": "3.3.2", "werkzeug": "3.1.9", "waitress": "3.0.2"}


@pytest.mark.parametrize("library", FITS)
def test_the_library_is_the_one_we_change(library: str) -> None:
    assert importlib.metadata.version(library) == FITS[library]


def test_the_inner_names_are_there() -> None:
    assert list(inspect.signature(Select.render_option).parameters)[0] == "choice"
    assert callable(Input.html_params)
    assert list(inspect.signature(FormDataParser._parse_urlencoded).parameters) == [
        "self",
        "stream",
        "mimetype",
        "content_length",
        "options",
    ]


class Asking(Form):
    name = StringField(
        render_kw={
            "maxlength": 3,
            "autofocus": True,
            "disabled": False,
            "aria_label": 'a "name" & more',
        }
    )
    kind = SelectField(validate_choice=False)

    def __init__(self, **data: str) -> None:
        super().__init__(data=data)
        self.kind.choices = [("", ""), ("a", "A & B")]


def test_attributes_are_those_of_the_library(app: Flask) -> None:
    versions = {
        "id": "name",
        "maxlength": 3,
        "autofocus": True,
        "disabled": False,
        "aria_label": 'a "name" & more',
        "class_": "x",
    }
    assert attributes(**versions) == html_params(**versions)
    assert "maxlength" in str(Asking().name)


def test_an_option_without_words_is_a_dash(app: Flask) -> None:
    assert '<option selected value="">–</option>' in str(Asking(kind="").kind)


def patches(name: str, tree: ast.Module) -> Iterator[str]:
    """Assignments to an attribute of something that was imported from a library."""
    ours = {*source.PACKAGES, "app"}
    libraries = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.split(".")[0] not in ours
        for alias in node.names
    } | {
        (alias.asname or alias.name).split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.split(".")[0] not in ours
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node).split(".")[0] in libraries
        ):
            yield f"{name}:{node.lineno} changes {ast.unparse(node)}; do so in core/patches.py"


#: What Flask keeps for the one request.
OF_THE_REQUEST = (" g.", " request.", " session.")


def test_libraries_are_changed_in_one_place() -> None:
    breaches = [
        breach
        for path in source.files()
        if source.name(path) != "core/patches.py"
        for breach in patches(source.name(path), source.tree(path))
    ]
    assert [
        breach for breach in breaches if not any(owner in breach for owner in OF_THE_REQUEST)
    ] == []


def test_a_change_elsewhere_is_caught() -> None:
    code = "from wtforms.widgets import Input\nInput.html_params = str"
    assert list(patches("core/x.py", ast.parse(code)))
