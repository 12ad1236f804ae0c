"""Demonstration people may sign in only with DEMO=1, on a loopback address and without a proxy."""

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

#: The domain of all demonstration addresses; no one can ever own it.
DOMAIN = "rostrum.example"


def is_demonstration() -> bool:
    return settings_of().is_demonstration


def is_demonstration_here() -> bool:
    """Whether the client is on this machine. Behind a proxy or a tunnel everyone would appear to
    be."""
    return is_demonstration() and not is_forwarded()


def is_invented(address: str) -> bool:
    """Whether mail to this address is never sent, whatever MAIL_URL is: in a demonstration, and for
    its people in a database that has since gone into production."""
    return is_demonstration() or address.rpartition("@")[2].lower() == DOMAIN
