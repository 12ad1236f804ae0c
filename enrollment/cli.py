"""`flask people …`"""

from __future__ import annotations

import click

from accounts.cli import people_cli
from enrollment import services


@people_cli.command("suspects")
def suspects() -> None:
    """Lists enrollments whose nomination names a different person from the one enrolled."""
    count = 0
    for enrollment, nomination, person in services.suspects():
        said = f"{nomination.given_name} {nomination.family_name}".strip()
        known = f"{person.given_name} {person.family_name}".strip()
        click.echo(f"enrollment {enrollment.id}: nominated as {said}, enrolled is {known} (person {person.id})")
        count += 1
    click.echo(f"{count} found" if count else "none found")
