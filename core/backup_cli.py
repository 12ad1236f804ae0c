"""`flask backup TO` and `flask restore FROM`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from core import numbering
from core.audit_cli import FILE, read_key
from core.backups import BackupError, told_in_a_sentence
from core.commands import on_migrated

if TYPE_CHECKING:
    from core.backups.knowledge import Known, Skip
    from core.backups.restoring import Restored

FOLDER = click.Path(path_type=Path)


@click.command(
    "backup", help="Makes a whole copy of everything in the new folder TO, while Rostrum is in use."
)
@click.argument("target", metavar="TO", type=FOLDER)
@click.option(
    "--with-keys", is_flag=True, help="Also the keys that sign: keep such a copy like a password."
)
@with_appcontext
@on_migrated
def backup_command(target: Path, with_keys: bool) -> None:
    from core.backups import making  # here, so that other commands start faster

    try:
        with told_in_a_sentence():
            facts = making.make(target, with_keys=with_keys)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    for sentence in facts["trail_faults"]:
        click.echo(f"note: {sentence}", err=True)
    for key in facts["lacking"]:
        click.echo(
            f"note: the file {key} is missing here; flask certificates verify makes it again",
            err=True,
        )
    for name in facts["left_out"]:
        click.echo(
            f"note: the copy leaves out {name}: Rostrum did not store it, or cannot read it",
            err=True,
        )
    click.echo(f"{target}: {_summary(facts)}")


@click.command(
    "restore",
    help="Puts the copy in the folder FROM in the place of this machine's data, or only proves it.",
)
@click.argument(
    "source", metavar="FROM", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--check",
    is_flag=True,
    help="Proves that the copy is whole, and changes nothing. Needs nothing but the copy.",
)
@click.option(
    "--next",
    "following",
    multiple=True,
    metavar="NUMBER",
    help="The next number of a series, such as RST-2026-000102.",
)
@click.option(
    "--checkpoint",
    type=FILE,
    help="A signed checkpoint kept elsewhere: it knows how far numbering went.",
)
@click.option(
    "--key", help="The public key that signed it, when it is neither this machine's nor the copy's."
)
@with_appcontext
def restore_command(
    source: Path, check: bool, following: tuple[str, ...], checkpoint: Path | None, key: str | None
) -> None:
    from core.backups import knowledge, restoring  # see above

    try:
        with told_in_a_sentence():
            copy, local = restoring.open_proven(source)
            if check:
                click.echo(f"{source} is whole: {_summary(copy.manifest)}")
                return
            keys = restoring.keys_for(copy, read_key(key) if key else None)
            elsewhere = knowledge.read_elsewhere(checkpoint, keys) if checkpoint else []
            done = restoring.restore(
                copy,
                local,
                next_numbers=_parse_next_numbers(following),
                elsewhere=elsewhere,
                decide=_ask,
            )
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    _tell(done)


def _summary(facts: Mapping) -> str:
    rows = sum(facts["tables"].values())
    numbers = ", ".join(
        numbering.series_of_app().show(name, value)
        for name, value in sorted(facts["numbers"].items())
    )
    return (
        f"made {facts['made_at']}, {rows} rows in {len(facts['tables'])} tables, {facts['files']} "
        f"files, audit trail to entry {facts['audit']['number']}, highest numbers: "
        f"{numbers or 'none'}"
    )


def _parse_next_numbers(following: tuple[str, ...]) -> dict[str, int]:
    next_numbers = {}
    for text in following:
        if (parsed := numbering.series_of_app().parse(text)) is None:
            raise BackupError(f"{text} is no number: write it like RST-2026-000102")
        next_numbers[parsed[0]] = parsed[1]
    return next_numbers


def _ask(known: Known, skips: list[Skip]) -> Mapping[str, int]:
    """On a terminal: asks for the next numbers where nothing newer than the copy is known.
    Elsewhere a block is skipped."""
    if not sys.stdin.isatty():
        return {}
    show = numbering.series_of_app().show
    next_numbers: dict[str, int] = {}
    for skip in skips:
        if skip.is_guess:
            last = known.last_number(skip.name)
            after = f" after {show(skip.name, last)}" if last else f" of {skip.name}"
            question = f"Nothing tells how far the numbers{after} went. The next number"
            text = click.prompt(question, default=show(skip.name, skip.value + 1))
            next_numbers |= _parse_next_numbers((text,))
    return next_numbers


def _tell(done: Restored) -> None:
    show, last_entry = numbering.series_of_app().show, done.copy.head[0]
    before = f"entry {done.known.head[0]}" if done.known.head else "an unknown entry"
    click.echo(f"restored from {before} to entry {last_entry}")
    for skip in done.skips:
        first, last = show(skip.name, skip.since + 1), show(skip.name, skip.value)
        why = (
            "nothing says whether they were issued"
            if skip.is_guess
            else "they may have been issued"
        )
        click.echo(
            f"void: {first} to {last} ({why}); the next number is {show(skip.name, skip.value + 1)}"
        )
    if done.former:
        click.echo(f"what was here is kept as {done.former}; remove it when you need it no more")
    for note in done.notes:
        click.echo(f"note: {note}")
    click.echo("Now run flask check and flask audit verify.")
