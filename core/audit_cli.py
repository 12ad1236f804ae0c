"""Commands and jobs of the audit trail."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core import audit, checkpoints, jobs, mail
from core.commands import Commands
from core.database import transaction
from core.jobs import Progress
from core.policy import SYSTEM
from core.settings import settings_of

audit_cli = Commands("audit", help="The audit trail.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def read_key(text: str) -> Ed25519PublicKey:
    """A public key: the path of a file with it, or its 64 hexadecimal digits."""
    try:
        return checkpoints.read_public_key(
            Path(text).read_text(encoding="ascii") if Path(text).is_file() else text
        )
    except (ValueError, OSError):
        raise click.ClickException(
            f"{text} is no public key: give the file {checkpoints.PUBLIC} or its 64 digits."
        ) from None


@audit_cli.command("verify")
@click.option(
    "--against",
    "copy",
    type=FILE,
    help="A copy of the checkpoints that was kept elsewhere; needs --key.",
)
@click.option("--key", help="The public key that signed them: a file or its 64 hexadecimal digits.")
def verify(copy: Path | None, key: str | None) -> None:
    """Recomputes the chain and compares it with the signed checkpoints; exits 1 on a fault."""
    if (copy is None) != (key is None):
        raise click.UsageError(
            "--against and --key belong together: a copy proves nothing without the key that "
            "signed it."
        )
    faults = list(audit.breaches())
    if copy is not None and key is not None:
        faults += [
            sentence
            for sentence in audit.breaches_against(copy, read_key(key))
            if sentence not in faults
        ]
    for sentence in [*audit.notes(), *faults]:
        click.echo(sentence)
    if faults:
        sys.exit(1)
    click.echo("the audit trail is whole")


@audit_cli.command("checkpoint")
@click.option(
    "--begin-again",
    is_flag=True,
    help="Says that the checkpoints before this one are lost for good; audited.",
)
def checkpoint(begin_again: bool) -> None:
    """Signs the end of the chain into the file beside the database."""
    if begin_again:
        with transaction():
            audit.record(SYSTEM, "audit.checkpoints_begun", "audit", {})
    checkpoints.write(begun=begin_again)
    click.echo(f"checkpoint at entry {checkpoints.head()[0]}")


@audit_cli.command("key")
def key() -> None:
    """Prints the public key of this machine's checkpoints: keep it elsewhere, with a copy of
    them."""
    if (public := checkpoints.public_key()) is None:
        raise click.ClickException("There is no key yet: run flask audit checkpoint first.")
    click.echo(public.public_bytes_raw().hex())


def checkpoint_job(progress: Progress) -> None:
    """Job: the hourly checkpoint, if anything has happened since the last. Running twice signs the
    same end twice, which is harmless. Copies go where the settings say."""
    line = checkpoints.write() if _has_news() else None
    settings = settings_of()
    with transaction():
        if line and settings.checkpoint_mail:
            mail.send("audit_checkpoint", settings.checkpoint_mail, line=line)
        if line and settings.checkpoint_url:
            jobs.enqueue("audit.deliver", line=line)
        progress.finish()


def _has_news() -> bool:
    try:
        lines = checkpoints.read(checkpoints.path())
    except OSError:
        return True
    last = lines[-1][1] if lines else None
    return last is None or (last.number, last.digest) != checkpoints.head()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect would lead to another receiver than the configured one."""


def deliver(progress: Progress, line: str) -> None:
    """Job: posts a signed checkpoint to CHECKPOINT_URL. Anything but 2xx fails it, and the ledger
    retries later."""
    url = settings_of().checkpoint_url
    if not url:
        return
    headers = {"Content-Type": "application/json", "User-Agent": "Rostrum"}
    request = urllib.request.Request(url, line.encode(), headers, method="POST")  # noqa: S310 -- the settings accept only http and https
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=20) as answer:
        answer.read(1)
