"""The instance folder with keys, people's data and certificates is private. Each start removes
access of others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from core.settings import SettingsError

#: Permission bits of group and others.
OTHERS = 0o077


def make_private(folder: Path) -> list[str]:
    """Makes new files of this process private to its owner (systemd and most shells would let all
    read them), and everything in `folder`. Returns a sentence for each thing that was open;
    SettingsError for what stays open to others."""
    os.umask(OTHERS)
    if folder.stat().st_mode & stat.S_ISVTX:
        raise SettingsError(
            f"{folder} is shared by all who work on this machine: name a folder of its own as "
            "INSTANCE_PATH."
        )
    sentences = []
    if _open_bits(folder):
        if not _close(folder):
            refused = (
                f"{folder} is open to others and belongs to someone else; run as its owner, or: "
                f"chmod 700 {folder}"
            )
            raise SettingsError(refused)
        sentences.append(f"others could open {folder}, and no longer can")
    if closed := [path for path in _open_ones(folder) if _close(path)]:
        others = f" and {len(closed) - 5} more" if len(closed) > 5 else ""
        names = ", ".join(str(path.relative_to(folder)) for path in closed[:5])
        sentences.append(f"others could read these in {folder}, and no longer can: {names}{others}")
    return sentences


def _open_ones(folder: Path) -> Iterator[Path]:
    """Everything below that is open to others. Links are left alone: their target is elsewhere."""
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue  # deleted meanwhile, or not ours to list
        for entry in entries:
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except FileNotFoundError:
                continue
            if stat.S_ISLNK(mode):
                continue
            if mode & OTHERS:
                yield Path(entry.path)
            if stat.S_ISDIR(mode):
                waiting.append(entry.path)


def _open_bits(path: Path) -> int:
    return path.stat().st_mode & OTHERS


def _close(path: Path) -> bool:
    """Whether it is closed now. In a closed folder, files of other owners are already out of
    reach."""
    try:
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
    except OSError:
        return False
    return True
