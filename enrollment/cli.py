"""`flask people suspects`: the group is that of accounts, which knows no enrollments (app.py puts it there)."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from core.commands import on_migrated
from enrollment import services


@click.command("suspects")
@with_appcontext
@on_migrated
def suspects() -> None:
    """Lists enrollments whose nomination names a different person from the one enrolled."""
    count = 0
    for enrollment, nomination, person in services.suspects():
        said = f"{nomination.given_name} {nomination.family_name}".strip()
        known = f"{person.given_name} {person.family_name}".strip()
        click.echo(f"enrollment {enrollment.id}: nominated as {said}, enrolled is {known} (person {person.id})")
        count += 1
    click.echo(f"{count} found" if count else "none found")
