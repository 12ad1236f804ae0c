"""Does a thing once, however often it is requested: the same key and body within a day return the
first answer.

The key's row is written in the transaction of the act itself, so that both exist or neither.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.database import Base, UtcDateTime, db, transaction, write
from core.errors import Conflict
from core.jobs import Progress

KEPT_FOR = timedelta(hours=24)


class FirstAnswer(Base):
    """The answer that an act got the first time: `location` for pages, `status` and `body` for the
    API."""

    __tablename__ = "first_answer"
    __audited__ = False

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    request_digest: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(sa.Text)
    location: Mapped[str] = mapped_column(sa.String(500), default="")
    created_at: Mapped[datetime] = mapped_column(index=True)


def digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()


def find(key: str, request_digest: str = "") -> sa.Row[Any] | None:
    """The first answer stored under `key` (its columns by name); Conflict if it belongs to another
    request."""
    row = db.session.execute(sa.select(FirstAnswer.__table__).where(FirstAnswer.key == key)).first()
    if row is None or row.created_at < clock.now() - KEPT_FOR:
        return None
    if row.request_digest != request_digest:
        raise Conflict(
            "idempotency_key_reused", _l("This key was already used for another request.")
        )
    return row


def keep(
    key: str, *, request_digest: str = "", status: int = 303, body: str = "", location: str = ""
) -> None:
    """Stores the answer in the open transaction, replacing one older than a day. Conflict if a
    parallel request was faster."""
    now = clock.now()
    answer = {
        "key": key,
        "request_digest": request_digest,
        "status": status,
        "body": body,
        "location": location,
        "created_at": now,
    }
    if write(_KEEP[db.engine.dialect.name], answer | {"too_old": now - KEPT_FOR}).first() is None:
        raise Conflict(
            "sent_twice", _l("This was sent twice at the same moment. It was done once.")
        )


def _keeping(insert: Any) -> Any:
    insertion = insert(FirstAnswer.__table__)
    replaced = {
        name: insertion.excluded[name]
        for name in ("request_digest", "status", "body", "location", "created_at")
    }
    is_old = FirstAnswer.__table__.c.created_at < sa.bindparam("too_old", type_=UtcDateTime())
    return insertion.on_conflict_do_update(
        index_elements=["key"], set_=replaced, where=is_old
    ).returning(FirstAnswer.__table__.c.key)


#: Built once: every submitted form passes here, and building it takes 0.2 ms
#: (docs/explanation/performance.md).
_KEEP = {"sqlite": _keeping(sqlite.insert), "postgresql": _keeping(postgresql.insert)}


def forget_old(progress: Progress) -> None:
    """Job: deletes answers older than a day."""
    with transaction():
        db.session.execute(
            sa.delete(FirstAnswer).where(FirstAnswer.created_at < clock.now() - KEPT_FOR)
        )
        progress.finish()
