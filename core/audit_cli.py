"""Commands and the hourly job of the audit trail."""

from __future__ import annotations

import sys

import click

from core import audit
from core.commands import Commands
from core.database import transaction
from core.jobs import Progress

audit_cli = Commands("audit", help="The audit trail.")


@audit_cli.command("verify")
def verify() -> None:
    """Recomputes the chain and compares it with the signed checkpoints; exits 1 on a fault."""
    found = list(audit.breaches())
    for sentence in found:
        click.echo(sentence)
    if found:
        sys.exit(1)
    click.echo("the audit trail is whole")


@audit_cli.command("checkpoint")
def checkpoint() -> None:
    """Signs the end of the chain into the file beside the database."""
    click.echo(f"checkpoint at entry {audit.write_checkpoint()}")


def checkpoint_job(progress: Progress) -> None:
    """Job: the hourly checkpoint. Run twice, it signs the same end twice, which is harmless."""
    audit.write_checkpoint()
    with transaction():
        progress.finish()
