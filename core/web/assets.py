"""Style, script and emblems: read and compressed once, and named after their content, so that
browsers can cache them for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import brotli
from flask import Flask, Response, current_app, request

from core.web.access import public

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"


@dataclass(frozen=True)
class Asset:
    """A file of `static/`, compressed as far as possible. `name` contains its fingerprint:
    rostrum.0f1e2d3c4b.css."""

    name: str
    mimetype: str
    bodies: dict[str, bytes]  # by encoding


def init_app(app: Flask) -> None:
    app.view_functions["static"] = _serve
    app.jinja_env.globals["asset"] = asset


def asset(name: str) -> str:
    """The address of a static file."""
    return f"/static/{built(current_app.static_folder or '')[name].name}"


@lru_cache(maxsize=1)
def built(folder: str) -> dict[str, Asset]:
    """All assets, by plain name and by name with fingerprint. The server loads them before it forks
    its web processes, which share them."""
    assets = {path.name: _build(path) for path in sorted(Path(folder).iterdir()) if path.is_file()}
    return assets | {asset.name: asset for asset in assets.values()}


def _build(path: Path) -> Asset:
    plain = path.read_bytes()
    name = f"{path.stem}.{hashlib.sha256(plain).hexdigest()[:10]}{path.suffix}"
    bodies = {
        "br": brotli.compress(plain, quality=11),
        "gzip": gzip.compress(plain, 9, mtime=0),
        "identity": plain,
    }
    return Asset(name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", bodies)


@public
def _serve(filename: str) -> Response:
    """An asset or, unchanged, another file of the folder: fonts of certificates."""
    if (asset := built(current_app.static_folder or "").get(filename)) is None:
        return current_app.send_static_file(filename)
    encoding = next(
        (coding for coding in asset.bodies if request.accept_encodings.quality(coding)), "identity"
    )  # without TLS browsers ask for gzip only
    response = Response(asset.bodies[encoding], mimetype=asset.mimetype)
    response.headers["Cache-Control"] = FOR_EVER if filename == asset.name else ASK_AGAIN
    response.vary.add("Accept-Encoding")
    if encoding != "identity":
        response.headers["Content-Encoding"] = encoding
    response.set_etag(f"{asset.name.rsplit('.', 2)[1]}-{encoding}")
    return response.make_conditional(request)  # type: ignore[return-value]  # returns its own response
