"""How secrets of visits, links and tokens are stored."""

from __future__ import annotations

import hashlib


def digest(secret: str) -> str:
    """The SHA-256. The secrets are random and long, so they need no salt or stretching."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
