"""Doing a thing once, however often it is asked: the same key and body within a day return the first answer.

The key's row is written in the transaction of the act itself, so either both exist or neither.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.database import Base, db, transaction
from core.errors import Conflict

KEPT_FOR = timedelta(hours=24)


class FirstAnswer(Base):
    """The answer an act got the first time. `location` for pages, `status` and `body` for the API."""

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


def find(key: str, request_digest: str = "") -> FirstAnswer | None:
    """The first answer kept under `key`; Conflict when it belonged to another request."""
    kept = db.session.get(FirstAnswer, key)
    if kept is None or kept.created_at < clock.now() - KEPT_FOR:
        return None
    if kept.request_digest != request_digest:
        raise Conflict("idempotency_key_reused", _l("This key was already used for another request."))
    return kept


def keep(key: str, *, request_digest: str = "", status: int = 303, body: str = "", location: str = "") -> None:
    """Keeps the answer, in the open transaction. An IntegrityError at its commit means that a twin was faster."""
    db.session.execute(sa.delete(FirstAnswer).where(FirstAnswer.key == key, FirstAnswer.created_at < clock.now() - KEPT_FOR))
    db.session.add(
        FirstAnswer(key=key, request_digest=request_digest, status=status, body=body, location=location, created_at=clock.now())
    )
    db.session.flush()  # a twin's key is refused here, before anything leaves the house


def forget_old(progress) -> None:
    """Job: drops answers older than a day."""
    with transaction():
        db.session.execute(sa.delete(FirstAnswer).where(FirstAnswer.created_at < clock.now() - KEPT_FOR))
        progress.finish()
