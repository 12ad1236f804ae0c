"""Writes a message from a template in the person's language, in the transaction that causes it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

import sqlalchemy as sa
from flask import current_app

from core import clock, jobs
from core.database import write
from core.i18n import in_language
from core.i18n import text as text_in
from core.mail.addresses import is_invented
from core.mail.model import Mail, MailState
from core.mail.settling import BULK, LINKS, ticket
from core.settings import settings_of

#: Someone is waiting for a link with so short a validity: it is sent before everything else.
SHORT_LIVED = timedelta(days=1)


@dataclass(frozen=True)
class Sender:
    """The sender of a message: named at its foot (by language); replies and questions go to
    `contact`."""

    name: Mapping[str, str]
    contact: str


def send(
    kind: str,
    address: str,
    *,
    person_id: int | None = None,
    language: str = "en",
    secret: bool = False,
    expires_at: datetime | None = None,
    sender: Sender | None = None,
    **context: Any,
) -> int:
    """Writes the mail `templates/emails/<kind>.txt` (first line: subject) in `language` and queues
    it. Returns its id. `sender` None: the installation itself, from the settings.

    `secret`: the text signs someone in until `expires_at`, after which it is no longer sent.
    """
    with in_language(language):
        # Directly with Jinja: the context of pages (navigation, forms) costs time and is useless in
        # mail.
        text = current_app.jinja_env.get_template(f"emails/{kind}.txt").render(
            context | {"expires_at": expires_at}
        )
        signed = sender or Sender(settings_of().issuer, settings_of().contact_email)
        named = {"issuer": text_in(signed.name, language), "contact": signed.contact}
        foot = current_app.jinja_env.get_template("emails/parts/foot.txt").render(named)
        subject, _, body = text.strip().partition("\n")
    now, goes_out = clock.now(), leaves(address)
    written = {
        "person_id": person_id,
        "address": address,
        "subject": " ".join(subject.split())[:250],
        "body": f"{body.strip()}\n\n{foot.strip()}\n",
        "kind": kind,
        "language": language,
        "message_id": _message_id(),
        "reply_to": signed.contact if signed.contact != settings_of().contact_email else None,
        "is_secret": secret,
        "state": MailState.QUEUED if goes_out else MailState.KEPT,
        "created_at": now,
        "expires_at": expires_at,
    }
    mail_id = write(sa.insert(Mail), written).inserted_primary_key[0]  # type: ignore[index]  # one row was inserted
    if goes_out:
        is_awaited = expires_at is not None and expires_at - now < SHORT_LIVED
        jobs.enqueue(LINKS if is_awaited else BULK, dedupe_key=ticket(mail_id), mail_id=mail_id)
    return mail_id


def leaves(address: str) -> bool:
    """Whether mail to this address is sent: there is a mail server, and the recipient is real."""
    return bool(settings_of().mail_url) and not is_invented(address)


def _message_id() -> str:
    """Random, so that no other message has it, not even in a copy of this database; stored, so that
    a message sent twice is recognised as one."""
    return f"<{secrets.token_hex(16)}@{parseaddr(settings_of().mail_from)[1].rpartition('@')[2]}>"
