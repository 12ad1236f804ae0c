"""The emblem of a centre, redrawn from the uploaded picture so that nothing else in the file is
stored."""

from __future__ import annotations

import hashlib
import io

from flask_babel import lazy_gettext as _l
from PIL import Image, ImageOps
from sqlalchemy.dialects import postgresql, sqlite

from core import clock
from core.database import db, is_sqlite
from core.errors import Invalid
from core.events import publish
from core.policy import Actor, require
from people.events import EmblemChanged
from people.models import BodyKind, Emblem, Organization
from people.permissions import Permission
from people.queries import require_kind

LARGEST_FILE = 1024 * 1024
LONGEST_SIDE = 4000
KEPT_SIDE = 600  # as sharp as a printer prints 24 mm
FIELD = "emblem"
#: The end of every complete picture. Once WeasyPrint is loaded, Pillow fills incomplete ones with
#: grey.
_END = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}


def emblem_from(data: bytes) -> bytes:
    """The PNG to store for an uploaded PNG or JPEG; Invalid if it is neither or too large. Slow, so
    not for a transaction."""
    if len(data) > LARGEST_FILE:
        raise _too_large()
    try:
        # Opening reads only the header, so a picture that is too large is never unpacked.
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            if max(image.size) > LONGEST_SIDE:
                raise _too_large()
            if _END[image.format or ""] not in data:
                raise _no_picture()
            return _redrawn(image)
    except Invalid:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise _too_large() from bomb
    except Exception as fault:  # decoders raise anything on bytes that only look like a picture
        raise _no_picture() from fault


def change_emblem(actor: Actor, centre: Organization, png: bytes | None) -> None:
    """Sets the emblem of the centre's new certificates: the result of `emblem_from`, or None for
    the application's own."""
    require(actor, Permission.BODY_MANAGE)
    if png is not None:
        require_kind(centre, BodyKind.CENTRE, FIELD)
    sha256 = hashlib.sha256(png).hexdigest() if png is not None else None
    if sha256 == centre.emblem_sha256:
        return
    if png is not None:
        insert = (
            (sqlite if is_sqlite() else postgresql)
            .insert(Emblem)
            .values(sha256=sha256, png=png, created_at=clock.now())
        )
        db.session.execute(insert.on_conflict_do_nothing())
    centre.emblem_sha256 = sha256
    publish(EmblemChanged(centre.id, sha256 or ""), actor)


def _redrawn(image: Image.Image) -> bytes:
    if image.mode.startswith("I"):  # 16-bit grey, which converting would clip instead of scaling
        image = image.point(lambda value: value / 256, "L")
    small = image.convert("RGBA")
    small.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    small = ImageOps.exif_transpose(small)
    small.info.clear()
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _no_picture() -> Invalid:
    return Invalid(
        "not_a_picture", _l("This file is not a picture in PNG or JPEG that can be read."), FIELD
    )


def _too_large() -> Invalid:
    sentence = _l(
        "This picture is larger than 1 MB or than 4,000 pixels on a side. Choose a smaller one."
    )
    return Invalid("too_large", sentence, FIELD)
