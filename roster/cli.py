"""`flask roster …`"""

from __future__ import annotations

import sys

import click

from core.commands import Commands
from core.database import transaction
from roster import services

roster_cli = Commands("roster", help="The roster of experts.")


@roster_cli.command("rebuild")
@click.option("--check", "only_check", is_flag=True, help="Only compare; exit 1 on a difference.")
def rebuild(only_check: bool) -> None:
    """Recomputes every skill and every search document from its evidence."""
    with transaction():
        differences = (
            [*services.differences(), *services.index_differences()]
            if only_check
            else services.rebuild()
        )
    for difference in differences:
        click.echo(difference.sentence)
    if only_check and differences:
        sys.exit(1)
    if any(difference.repair is None for difference in differences):
        click.echo("Some of this needs a person: nothing was changed there.")
        sys.exit(1)
    if only_check:
        click.echo("the roster agrees with its evidence")
    else:
        click.echo(
            f"{len(differences)} differences put right"
            if differences
            else "nothing had to be put right"
        )
