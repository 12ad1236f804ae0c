"""The files of certificates: where they lie, reading them only when they are what was filed, and many in one archive."""

from __future__ import annotations

import hashlib
import io
import logging
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from flask_babel import lazy_gettext as _l

from certificates.models import Certificate
from core import storage
from core.errors import Conflict, NotFound

log = logging.getLogger(__name__)
CHUNK = 262144


def store(number: str, data: bytes) -> tuple[str, str]:
    """Puts a certificate's file in its place and returns key and SHA-256. Equal data have the same place: doing it again
    after a crash leaves nothing behind."""
    digest = hashlib.sha256(data).hexdigest()
    key = f"certificates/{number.split('-')[1]}/{number.lower()}-{digest[:16]}.pdf"
    storage.put(key, data)
    return key, digest


def read(certificate: Certificate) -> bytes:
    """The file as it was filed; NotFound while it is being made, Conflict when what lies there is another."""
    if certificate.file_key is None:
        raise NotFound("file_not_ready", _l("The file of this certificate is still being made. Try again in a minute."))
    try:
        data = storage.get(certificate.file_key)
    except FileNotFoundError:
        data = b""
    if hashlib.sha256(data).hexdigest() != certificate.sha256:
        log.error("certificate %s: its file is missing or was changed", certificate.number)
        raise Conflict("file_damaged", _l("The file of this certificate is damaged. The coordinators have to restore it."))
    return data


def name_of(certificate: Certificate) -> str:
    """A file name that every system can write."""
    return f"{certificate.number}.pdf"


class _Pipe(io.RawIOBase):
    """What the archive writes into and the answer is read from, piece by piece."""

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
    """A ZIP of the certificates' files as a stream; never more than one of them in memory. Damaged files are left out."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as made:  # PDFs are compressed already
        for certificate in certificates:
            try:
                data = read(certificate)
            except (NotFound, Conflict):
                continue
            day = certificate.issued_on
            made.writestr(zipfile.ZipInfo(name_of(certificate), (day.year, day.month, day.day, 0, 0, 0)), data)
            if pipe.size > CHUNK:
                yield pipe.take()
    yield pipe.take()
