"""How background work gives way to people. A web process in which requests wait says so by the time
of a file beside the database (the machine's monotonic clock, which no one sets), and work that
could as well go on later pauses meanwhile.

Processes of one machine share its processors, so they need only this machine's file; where a worker
runs on another, nothing waits for it. What is lost with the file does no harm.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from core.settings import Settings, settings_of

#: Seconds for which a request is due before it counts as waiting, and for which that is news.
LATE_SECONDS, NEWS_SECONDS = 0.05, 0.3
#: Seconds of one pause, and of all pauses before one piece of work, so that it goes on in the end.
PAUSE_SECONDS, MOST_SECONDS = 0.05, 1.0


def say_requests_wait(settings: Settings) -> None:
    """Called by a web process."""
    path = _path(settings)
    now = time.monotonic()
    try:
        path.touch()
        os.utime(path, (now, now))
    except OSError:  # a disk that takes nothing must not stop pages; work then makes no pause
        return


def give_way() -> None:
    """Called between two pieces of work, while no transaction is open: returns when no request
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
