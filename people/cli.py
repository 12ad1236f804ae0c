"""Commands."""

from __future__ import annotations

import click

from core.commands import Commands
from core.database import db, transaction
from people import services
from people.models import Person
from people.ports import people_to_ask

people_cli = Commands("people", help="People and what they agreed to.")


@people_cli.command("ask")
def ask() -> None:
    """Writes once to each person with a profile who has not yet been asked for consent to be
    found."""
    count = 0
    for person_id in people_to_ask():
        # One transaction per letter, with the note that it was written: if the command is stopped,
        # running it again writes to no one twice.
        with transaction():
            count += services.ask_for_consent(db.session.get_one(Person, person_id))
    click.echo(f"{count} people asked")
