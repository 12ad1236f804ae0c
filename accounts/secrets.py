"""How the secrets of visits, links and tokens are kept."""

from __future__ import annotations

import hashlib


def digest(secret: str) -> str:
    """Its SHA-256. The secrets are random and long, so no salt or stretching is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
