"""Mail: a row in the transaction that causes it, sent after its commit by a job. Without a mail server it is kept, and
readable in the application by an administrator and by demonstration users."""

from __future__ import annotations

import enum
import smtplib
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, jobs
from core.database import Base, db, enum_column, settings_of, transaction, write
from core.i18n import in_language
from core.settings import is_loopback


class MailState(enum.StrEnum):
    KEPT = "kept"
    QUEUED = "queued"
    SENT = "sent"


class Mail(Base):
    """One message to one person. `is_secret`: its text opens a door (a sign-in link) and is blanked once sent."""

    __tablename__ = "mail"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(sa.String(254))
    subject: Mapped[str] = mapped_column(sa.String(250))
    body: Mapped[str] = mapped_column(sa.Text)
    kind: Mapped[str] = mapped_column(sa.String(60))
    is_secret: Mapped[bool] = mapped_column(default=False)
    state: Mapped[MailState] = mapped_column(enum_column(MailState))
    created_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]


def send(
    kind: str, address: str, *, person_id: int | None = None, language: str = "en", secret: bool = False, **context: Any
) -> None:
    """Writes the mail `templates/emails/<kind>.txt` (first line: subject) in `language` and queues it for sending."""
    with in_language(language):
        # Straight from Jinja: what pages get besides (navigation, forms) costs time and has no place in a mail.
        text = current_app.jinja_env.get_template(f"emails/{kind}.txt").render(context)
        subject, _, body = text.strip().partition("\n")
    has_server = bool(settings_of().mail_url)
    written = {
        "person_id": person_id, "address": address, "subject": " ".join(subject.split())[:250], "body": body.strip() + "\n",
        "kind": kind, "is_secret": secret, "state": MailState.QUEUED if has_server else MailState.KEPT, "created_at": clock.now(),
    }  # fmt: skip
    mail_id = write(_WRITE, written).inserted_primary_key[0]  # type: ignore[index]  # one row was written
    if has_server:
        jobs.enqueue("mail.send", dedupe_key=f"mail:{mail_id}", mail_id=mail_id)


_WRITE = sa.insert(Mail.__table__)  # type: ignore[arg-type]  # the table


def send_now(progress: jobs.Progress, mail_id: int) -> None:
    """Job: hands one mail to the server. Its Message-ID stays the same, so a mail sent twice is recognised as one."""
    mail = db.session.get_one(Mail, mail_id)
    if mail.state is MailState.SENT:
        return
    message = _message(mail)
    db.session.rollback()
    _deliver(message)
    with transaction():
        mail.state, mail.sent_at = MailState.SENT, clock.now()
        if mail.is_secret:
            mail.body = ""
        progress.finish()


def _message(mail: Mail) -> EmailMessage:
    settings = settings_of()
    message = EmailMessage()
    message["From"] = settings.mail_from
    local, _, domain = mail.address.rpartition("@")
    message["To"] = Address(username=local, domain=domain)  # one address: nobody else can be written into it
    message["Subject"] = mail.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<mail-{mail.id}@{parseaddr(settings.mail_from)[1].partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


class NotEncrypted(Exception):
    """The mail server wants a password and offers no encryption: it is not told."""


def _deliver(message: EmailMessage) -> None:
    url = urlsplit(settings_of().mail_url)
    host, trust, is_secure = url.hostname or "", ssl.create_default_context(), url.scheme == "smtps"
    with (
        smtplib.SMTP_SSL(host, url.port or 465, timeout=20, context=trust)
        if is_secure
        else smtplib.SMTP(host, url.port or 25, timeout=20)
    ) as server:
        server.ehlo()  # what the server can do is known only after it
        if not is_secure and server.has_extn("starttls"):
            server.starttls(context=trust)
            is_secure = True
        if url.username and not is_secure and not is_loopback(host):
            raise NotEncrypted
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)
