"""Where demonstration people may sign in: with DEMO=1 on a loopback address, nowhere else."""

from __future__ import annotations

from accounts.passwords import DEMONSTRATION_PASSWORD
from core.database import settings_of

__all__ = ["DEMONSTRATION_PASSWORD", "is_demonstration_here"]


def is_demonstration_here() -> bool:
    settings = settings_of()
    return settings.demo and settings.is_local
