"""The reference of an application: what people quote in a letter or on the telephone.

It follows from the delivery and the person and is told at once to whoever applies; because it is
keyed, it shows neither whether the person was known before nor whether this is a first or a second
application.
"""

from __future__ import annotations

import hashlib
import hmac

from core.settings import settings_of

_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no letter that looks like a digit


def reference(delivery_id: int, person_id: int) -> str:
    """Eight signs such as 7KQ2-M9XD."""
    key = settings_of().secret_key.encode()
    number = int.from_bytes(
        hmac.digest(key, f"reference:{delivery_id}:{person_id}".encode(), hashlib.sha256)[:5]
    )
    signs = "".join(_SIGNS[number >> shift & 31] for shift in range(35, -1, -5))
    return f"{signs[:4]}-{signs[4:]}"
