"""Where a browser is sent next."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import redirect
from werkzeug.wrappers import Response


def see_other(address: str) -> Response:
    """303: after a POST, redirects to a page that can be reloaded."""
    return redirect(address, 303)


def safe_next(address: str | None, otherwise: str) -> str:
    """`address` if it is a path of this site, else `otherwise`: no crafted link leads elsewhere."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return otherwise
    if any(c in address for c in "\\\r\n\t") or urlsplit(address).netloc:
        return otherwise
    return address
