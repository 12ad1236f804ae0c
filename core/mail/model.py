"""The tables of mail."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, enum_column
from core.words import Worded


class MailState(Worded):
    KEPT = "kept", _p("mail", "Kept here")
    QUEUED = "queued", _p("mail", "Waiting")
    SENT = "sent", _p("mail", "Sent")
    REFUSED = "refused", _p("mail", "Refused by the mail server")
    EXPIRED = "expired", _p("mail", "Expired")
    UNDELIVERED = "undelivered", _p("mail", "Given up after four days")


class Mail(Base):
    """One message to one person. It waits (`queued`) exactly as long as the job ledger has a ticket
    for it.

    `is_secret`: the text contains a sign-in link and is blanked once sent; after `expires_at` it is
    no longer sent. `answer`: the mail server's words when it refused or deferred the message.
    """

    __tablename__ = "mail"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(sa.String(254))
    subject: Mapped[str] = mapped_column(sa.String(250))
    body: Mapped[str] = mapped_column(sa.Text)
    kind: Mapped[str] = mapped_column(sa.String(60))
    language: Mapped[str] = mapped_column(sa.String(2), default="en", server_default="en")
    reply_to: Mapped[str | None] = mapped_column(
        sa.String(254)
    )  # Reply-To; None: the address in the settings
    message_id: Mapped[str | None] = mapped_column(sa.String(200))
    is_secret: Mapped[bool] = mapped_column(default=False)
    state: Mapped[MailState] = mapped_column(enum_column(MailState))
    answer: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class MailServer(Base):
    """What is known of the mail server, in a single row. `url` is a digest: nothing is known of
    another server.

    `fault`: the step at which it refuses everything, which stops sending. `away_since`: it does not
    answer, or defers everything.
    """

    __tablename__ = "mail_server"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    url: Mapped[str] = mapped_column(sa.String(64))
    fault: Mapped[str | None] = mapped_column(sa.String(40))
    answer: Mapped[str | None] = mapped_column(sa.Text)
    since: Mapped[datetime | None]
    away_since: Mapped[datetime | None]
    offers_utf8: Mapped[bool | None]
    seen_at: Mapped[datetime | None]
