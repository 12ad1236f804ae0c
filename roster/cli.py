"""`flask roster …`"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from core.commands import Commands
from core.database import transaction
from roster import services

roster_cli = Commands("roster", help="The roster of experts.")


@roster_cli.command("rebuild")
@click.option("--check", "only_check", is_flag=True, help="Only compare; exit 1 on a difference.")
def rebuild(only_check: bool) -> None:
    """Recomputes every skill and every search document from its evidence."""
    if only_check:
        _check()
    else:
        _put_right()


def _check() -> None:
    """Only the index is asked by writing, so others write meanwhile."""
    is_sound = not _print(services.differences())
    with transaction():
        is_sound = not _print(services.index_differences()) and is_sound
    if not is_sound:
        sys.exit(1)
    click.echo("the roster agrees with its evidence")


def _put_right() -> None:
    with transaction():
        differences = services.rebuild()
    count = _print(differences)
    if any(difference.repair is None for difference in differences):
        click.echo("Some of this needs a person: nothing was changed there.")
        sys.exit(1)
    click.echo(f"{count} differences put right" if count else "nothing had to be put right")


def _print(differences: Iterable[services.Difference]) -> int:
    """Each as it comes; returns how many there are."""
    count = 0
    for difference in differences:
        click.echo(difference.sentence)
        count += 1
    return count
