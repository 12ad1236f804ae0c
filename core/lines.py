"""Private files that grow only by whole lines: either the whole line is on disk, or none of it is
in the file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def append(path: Path, line: bytes) -> None:
    """Appends `line` and waits until it is on disk. On an OSError no part of it remains."""
    while True:
        is_new = not os.path.lexists(path)
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_still(path, descriptor):
                continue  # another process renamed the file while we waited
            _write(descriptor, line)
            if is_new:
                sync_folder(path.parent)
            return
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(descriptor: int, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    is_torn = (
        size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    )  # the machine stopped in the middle of a line
    try:
        remaining = b"\n" * is_torn + line + b"\n"
        while remaining:
            remaining = remaining[os.write(descriptor, remaining) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def rename(path: Path, name: str) -> None:
    """Renames the file once no process writes to it; `append` then starts a new one. Does nothing
    if there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_still(path, descriptor):
            os.rename(path, path.with_name(name))
            sync_folder(path.parent)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Writes the folder to disk: otherwise a power cut could undo a new name in it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
