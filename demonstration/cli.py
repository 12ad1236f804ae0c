"""Commands: the demonstration data."""

from __future__ import annotations

import sys

import click
import sqlalchemy as sa

from accounts.models import Account
from core.commands import Commands
from core.database import db
from demonstration import loading

demo_cli = Commands("demo", help="Demonstration data.")


@demo_cli.command("load")
@click.option(
    "--experts",
    default=loading.EXPERTS,
    show_default=True,
    type=click.IntRange(0, 2_000_000),
    help="How many experts the roster has beside the people of the courses.",
)
def load(experts: int) -> None:
    """Loads the demonstration, once."""
    if (
        db.session.scalar(sa.select(Account.person_id).where(Account.is_demonstration).limit(1))
        is not None
    ):
        click.echo("The demonstration is already loaded.", err=True)
        sys.exit(1)
    db.session.rollback()
    loading.load(experts)
    click.echo(f"Loaded: courses, deliveries in every state, {experts} more experts.")
