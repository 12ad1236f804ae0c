"""How background work gives way to people. A web process with waiting requests sets the time of a
file beside the database (by the machine's monotonic clock), and work that can wait pauses
meanwhile.

Processes of one machine share its processors, so this machine's file suffices; a worker on another
machine does not pause. Losing the file does no harm.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from core.settings import Settings, settings_of

#: Seconds after which a due request counts as waiting, and for which such news is valid.
LATE_SECONDS, NEWS_SECONDS = 0.05, 0.3
#: Seconds of one pause, and of all pauses before one piece of work, so that it continues in the
#: end.
PAUSE_SECONDS, MOST_SECONDS = 0.05, 1.0


def say_requests_wait(settings: Settings) -> None:
    """Called by a web process."""
    path = _path(settings)
    now = time.monotonic()
    try:
        path.touch()
        os.utime(path, (now, now))
    except OSError:  # a full disk must not stop pages; work then makes no pause
        return


def give_way() -> None:
    """Called between two pieces of work, without an open transaction: returns once no request
    waits, at the latest after MOST_SECONDS."""
    path, ends = _path(settings_of()), time.monotonic() + MOST_SECONDS
    while _is_news(path) and time.monotonic() < ends:
        time.sleep(PAUSE_SECONDS)


def _is_news(path: Path) -> bool:
    try:
        return 0 <= time.monotonic() - path.stat().st_mtime < NEWS_SECONDS
    except OSError:
        return False


def _path(settings: Settings) -> Path:
    return settings.instance_path / "requests-wait"
