"""Whole copies while Rostrum is in use, and the way back: `flask backup`, `flask restore`.

A copy is a folder: the database's snapshot, the files, the signed checkpoints, SHA256SUMS (which `sha256sum -c` reads) and,
written last, a signed manifest. The snapshot is taken before the files are copied: a row
never names a file that was stored after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app


@dataclass(frozen=True)
class FiledIn:
    """The table whose rows name stored files, with its columns of the key and the SHA-256."""

    table: str
    key: str
    digest: str


def init_app(app: Flask, filed_in: FiledIn) -> None:
    app.extensions["filed_in"] = filed_in


def filed_in() -> FiledIn:
    return current_app.extensions["filed_in"]


class BackupError(Exception):
    """Why no copy was made or put back, in one sentence for whoever runs the command."""
