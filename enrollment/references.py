"""The reference of an application, which people quote in letters or on the telephone.

It is derived from delivery and person and shown at once; because it is keyed, it reveals neither
whether the person was known nor whether this is a repeated application.
"""

from __future__ import annotations

import hashlib
import hmac

from core.settings import settings_of

_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's alphabet: no letter resembles a digit


def reference(delivery_id: int, person_id: int) -> str:
    """Eight characters such as 7KQ2-M9XD."""
    key = settings_of().secret_key.encode()
    number = int.from_bytes(
        hmac.digest(key, f"reference:{delivery_id}:{person_id}".encode(), hashlib.sha256)[:5]
    )
    signs = "".join(_SIGNS[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{signs[:4]}-{signs[4:]}"
