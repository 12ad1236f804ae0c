"""Private files to which whole lines are added, and nothing else: the line is on disk, or no part of it is in the file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def append(path: Path, line: bytes) -> None:
    """Adds `line` for good. An OSError leaves no half of it."""
    while True:
        is_new = not os.path.lexists(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_still(path, descriptor):
                continue  # another process gave the file another name while we waited for it
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
    is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # a machine stopped in the middle of a line
    try:
        left = b"\n" * is_torn + line + b"\n"
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def rename(path: Path, name: str) -> None:
    """Gives the file another name once nobody writes to it any more: `append` begins a new one. Nothing when there is none."""
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
    """Names in a folder outlive a power cut only when the folder was written, too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
