"""Commands for certificates."""

from __future__ import annotations

import sys

import click

from certificates import files, queries, services
from certificates.models import Certificate
from core import storage
from core.commands import Commands
from core.database import db, transaction
from core.policy import SYSTEM

certificates_cli = Commands("certificates", help="Certificates.")


@certificates_cli.command("verify")
def verify() -> None:
    """Proves every stored file and makes again what is missing or damaged; exits 1 when
    something could not be made again."""
    count = failed = 0
    for certificate_id in queries.filed_ids():
        count += 1
        certificate = db.session.get_one(Certificate, certificate_id)
        if fault := files.fault_of(certificate):
            number = certificate.number
            outcome, is_well = _restored(certificate)
            failed += not is_well
            click.echo(f"{number}: the file {fault}; {outcome}")
        db.session.rollback()
    click.echo(
        f"{count} files: {failed} could not be made again"
        if failed
        else f"{count} files: all are whole"
    )
    if failed:
        sys.exit(1)


def _restored(certificate: Certificate) -> tuple[str, bool]:
    """The result of rebuilding the file, and whether all is well now. Every replaced file leaves an
    audit entry."""
    certificate_id = certificate.id
    number = certificate.number
    before = certificate.sha256
    key = certificate.file_key or ""
    data = files.remade(certificate)
    if data is None:
        return "it cannot be made again: its record was altered, or the press failed", False
    if _lies_there(key, data):
        return (
            "it is what its record states, but another digest is recorded: someone altered the "
            "digest",
            False,
        )
    try:
        new_key, digest = files.store(number, data)
    except storage.Obstructed as obstacle:
        return str(obstacle.message), False
    except OSError as error:
        return f"it could not be put back ({error.strerror})", False
    with transaction():
        services.refile(
            SYSTEM, db.session.get_one(Certificate, certificate_id), file_key=new_key, sha256=digest
        )
    if digest == before:
        return "made again, exactly as it was filed", True
    return (
        f"made again by another press: its SHA-256 was {before} and is {digest} from now on",
        True,
    )


def _lies_there(key: str, data: bytes) -> bool:
    try:
        return storage.get(key) == data
    except (FileNotFoundError, storage.Obstructed):
        return False
