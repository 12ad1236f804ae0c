"""Where a request comes from: the address for counting, and whether it passed a proxy, judging by
headers that proxies add. A demonstration, whose passwords are public, is only for the person at
this machine: behind a proxy or a tunnel a loopback address does not prove that."""

from __future__ import annotations

import ipaddress

from flask import has_request_context, request

from core.settings import is_loopback

#: Parts of names of headers that only proxies, tunnels and caches add. All headers that begin with
#: `X-` count too: browsers send none, and no list of proxies' names is complete.
MARKS = (
    "forwarded",
    "client-ip",
    "connecting-ip",
    "proxy",
    "front-end",
    "cf-ray",
    "cdn-loop",
    "tailscale",
    "cloudfront",
    "azure",
)
#: Headers sent by our own script and common libraries.
OF_SCRIPTS = {"x-fragment", "x-requested-with"}


def is_forwarded() -> bool:
    """Whether a request has any forwarding header, whatever its value."""
    return has_request_context() and any(
        _is_mark(name.lower()) for name, _ in request.headers.items()
    )


def _is_mark(name: str) -> bool:
    return (
        name == "via"
        or (name.startswith("x-") and name not in OF_SCRIPTS)
        or any(mark in name for mark in MARKS)
    )


def is_for_this_machine() -> bool:
    """Whether the Host header names the loopback: a page elsewhere that rebinds its own name to
    127.0.0.1 sends that name."""
    host = request.host.lower()
    name, bracket, _ = host.partition("]") if host.startswith("[") else host.partition(":")
    return is_loopback(name + bracket if host.startswith("[") else name)


def client_network() -> str:
    """The origin for counting: an IPv4 address, or the network of an IPv6 one, which has many."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return (
        str(ipaddress.ip_network((address, 64), strict=False))
        if address.version == 6
        else str(address)
    )
