"""Where demonstration people may sign in: with DEMO=1 on a loopback address and through no
proxy, nowhere else."""

from __future__ import annotations

from accounts.passwords import DEMONSTRATION_PASSWORD
from core.origin import is_forwarded
from core.settings import settings_of

__all__ = [
    "DEMONSTRATION_PASSWORD",
    "DOMAIN",
    "is_demonstration",
    "is_demonstration_here",
    "is_invented",
]

#: Where everyone of the demonstration has an address. No one can ever own it.
DOMAIN = "rostrum.example"


def is_demonstration() -> bool:
    return settings_of().is_demonstration


def is_demonstration_here() -> bool:
    """Whether whoever asks sits at this machine. A proxy or a tunnel makes everyone look so."""
    return is_demonstration() and not is_forwarded()


def is_invented(address: str) -> bool:
    """Whether mail to this address never leaves, whatever MAIL_URL says: all of a demonstration,
    and what its people left behind in a database that has become a real one."""
    return is_demonstration() or address.rpartition("@")[2].lower() == DOMAIN
