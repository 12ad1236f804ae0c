"""`flask check`: the invariants of the data, verified against the rows themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from core.commands import on_migrated

Check = Callable[[], Iterable[str]]


class Note(str):
    """A sentence that `flask check` prints although it is no breach: it is accounted for."""


def init_app(app: Flask, checks: list[Check]) -> None:
    app.extensions["checks"] = checks


def breaches() -> list[str]:
    """A sentence for every breach of every invariant; empty when the data is sound."""
    return [sentence for sentence in _sentences() if not isinstance(sentence, Note)]


def _sentences() -> Iterator[str]:
    for check in current_app.extensions["checks"]:
        yield from check()


@click.command(
    "check",
    help="Verifies the invariants of the data and prints each breach; exits 1 if there is any.",
)
@with_appcontext
@on_migrated
def check_command() -> None:
    is_sound = True
    for sentence in _sentences():
        is_note = isinstance(sentence, Note)
        click.echo(f"note: {sentence}" if is_note else sentence)
        is_sound = is_sound and is_note
    if not is_sound:
        sys.exit(1)
    click.echo("no breach found")
