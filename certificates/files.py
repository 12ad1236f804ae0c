"""The files of certificates: storing them, reading them with proof that they are unchanged, and
archives of several."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from certificates import rendering
from certificates.models import Certificate
from certificates.snapshot import is_intact
from core import storage
from core.database import db
from core.errors import Conflict, NotFound, trace
from people.queries import emblem_png

log = logging.getLogger(__name__)
CHUNK = 262144
#: The entry of an archive that lists missing certificates.
LACKING = "MISSING.txt"


def printer(renderer: Any = rendering) -> Callable[[Mapping[str, Any]], bytes]:
    """Prints a payload to PDF. No database connection is open meanwhile, and each emblem is read
    once."""
    emblem_of = cache(emblem_png)

    def printed(payload: Mapping[str, Any]) -> bytes:
        emblem = emblem_of(payload.get("emblem_sha256"))
        db.session.rollback()
        return renderer.render(payload, emblem=emblem)

    return printed


def preview(payload: Mapping[str, Any]) -> bytes:
    """The PDF of a payload, for someone to look at. Conflict when it cannot be printed."""
    try:
        return printer()(payload)
    except rendering.PayloadRefused as refusal:
        sentence = _l("This certificate cannot be printed: %(reason)s", reason=refusal)
        raise Conflict("not_printable", sentence) from refusal
    except rendering.RenderingFailed as failure:
        sentence = _l("The preview could not be made. Try again in a moment.")
        raise Conflict("rendering_failed", sentence) from failure


def store(number: str, data: bytes) -> tuple[str, str]:
    """Stores a certificate's file and returns key and SHA-256. Equal data have the same key, so
    repeating this after a crash leaves nothing behind."""
    digest = storage.digest_of(data)
    key = f"certificates/{number.split('-')[1]}/{number.lower()}-{digest[:16]}.pdf"
    storage.put(key, data)
    return key, digest


def read(certificate: Certificate) -> bytes:
    """The file as stored. A missing or damaged one is rebuilt from the payload, if that gives
    exactly the same bytes. NotFound while it is being made; Conflict if it cannot be rebuilt, or if
    something that is not a file is in its place."""
    if certificate.file_key is None:
        raise NotFound(
            "file_not_ready",
            _l("The file of this certificate is still being made. Try again in a minute."),
        )
    data = _stored(certificate.file_key)
    if storage.digest_of(data) == certificate.sha256:
        return data
    return restore(certificate)


def restore(certificate: Certificate) -> bytes:
    """Rebuilds and stores a certificate's file; the caller gets it even if it cannot be stored.
    Conflict if the row was altered or the bytes differ: only `flask certificates verify` replaces a
    file by one with another digest."""
    key, number, sha256 = certificate.file_key, certificate.number, certificate.sha256
    log.error("certificate %s: its file is missing or was changed", number)
    data = remade(certificate)
    if key is None or data is None or storage.digest_of(data) != sha256:
        raise Conflict(
            "file_damaged",
            _l(
                "The file of this certificate is damaged and could not be made again as it was. "
                "Tell an administrator."
            ),
        )
    try:
        storage.put(key, data)
    except OSError as error:
        log.error(
            "certificate %s: its file was made again, but could not be put back\n%s",
            number,
            trace(error),
        )
        return data
    log.warning("certificate %s: its file was made again, exactly as it was filed", number)
    return data


def remade(certificate: Certificate) -> bytes | None:
    """The file as today's press makes it; None if the row was altered or the press fails. No
    database connection is open meanwhile."""
    if not is_intact(certificate):
        return None
    number = certificate.number
    try:
        return printer()(dict(certificate.payload))
    except rendering.RenderingFailed as failure:
        log.error("%s: %s", number, failure)
        return None


def fault_of(certificate: Certificate) -> str | None:
    """What is wrong with a certificate's file, as the end of a sentence; None if it is
    unchanged."""
    try:
        data = storage.get(certificate.file_key or "")
    except FileNotFoundError:
        return "is missing"
    except storage.Obstructed as obstacle:
        return f"cannot be read: in its place lies {obstacle.obstacle}"
    return None if storage.digest_of(data) == certificate.sha256 else "was changed"


def _stored(key: str) -> bytes:
    try:
        return storage.get(key)
    except FileNotFoundError:
        return b""


def name_of(certificate: Certificate) -> str:
    """A file name that is valid on every system."""
    return f"{certificate.number}.pdf"


class _Pipe(io.RawIOBase):
    """The archive writes into it, and the response reads from it, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.pieces.append(bytes(data))
        self.size += len(data)
        return len(data)

    def take(self) -> bytes:
        taken, self.pieces, self.size = b"".join(self.pieces), [], 0
        return taken


def archive(certificates: Iterable[Certificate]) -> Iterator[bytes]:
    """A ZIP of the certificates' files as a stream, with at most one file in memory. It lists those
    it lacks."""
    pipe, lacking = _Pipe(), []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as zip_file:  # PDFs are compressed already
        for certificate in certificates:
            try:
                data = read(certificate)
            except (NotFound, Conflict) as refusal:
                lacking.append(f"{certificate.number}: {refusal.message}")
                continue
            day = certificate.issued_on
            zip_file.writestr(
                zipfile.ZipInfo(name_of(certificate), (day.year, day.month, day.day, 0, 0, 0)), data
            )
            if pipe.size > CHUNK:
                yield pipe.take()
        if lacking:
            zip_file.writestr(
                LACKING,
                "\r\n".join([_("These certificates are not in this archive:"), "", *lacking, ""]),
            )
    yield pipe.take()
