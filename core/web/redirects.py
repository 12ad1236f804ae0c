"""Where a browser is sent next."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import redirect
from werkzeug.wrappers import Response


def see_other(address: str) -> Response:
    """303: after a POST, the browser is sent to a page that may be reloaded."""
    return redirect(address, 303)


def safe_next(address: str | None, otherwise: str) -> str:
    """`address` when it is a path of this site, else `otherwise`: no one is sent elsewhere by a
    crafted link."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return otherwise
    if any(c in address for c in "\\\r\n\t") or urlsplit(address).netloc:
        return otherwise
    return address
