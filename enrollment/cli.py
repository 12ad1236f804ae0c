"""`flask people suspects`: app.py adds it to the group of people, which knows nothing of
enrollments."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from core.commands import on_migrated
from enrollment import queries
from enrollment.models import Nomination
from people.models import Person


@click.command("suspects")
@with_appcontext
@on_migrated
def suspects() -> None:
    """Lists enrollments whose nomination names a different person from the one enrolled, or
    gives another date of birth."""
    count = 0
    for enrollment, nomination, person in queries.suspects():
        stated_name, known = _called(nomination), _called(person)
        click.echo(
            f"enrollment {enrollment.id}: put forward as {stated_name}, enrolled is {known} "
            f"(person {person.id})"
        )
        count += 1
    click.echo(f"{count} found" if count else "none found")


def _called(record: Nomination | Person) -> str:
    born = f", born {record.birth_date}" if record.birth_date else ""
    return f"{record.given_name} {record.family_name}".strip() + born
