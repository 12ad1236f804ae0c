"""The message as it leaves: headers and text, in the bytes that a mail server is told."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from core.database import settings_of
from core.mail import addresses
from core.mail.model import Mail

_LONGEST_LINE = 78


def compose(mail: Mail) -> bytes:
    """The whole message, lines ending in CRLF. The text leaves as it was written: no line is escaped or broken on the way."""
    settings = settings_of()
    recipient = addresses.parse(mail.address)
    local, _, domain = recipient.wire.rpartition("@")
    message = EmailMessage(policy=SMTPUTF8 if recipient.needs_utf8 else SMTP)
    message["From"] = settings.mail_from
    message["To"] = Address(username=local, domain=domain)  # one address: nobody else can be written into it
    message["Reply-To"] = settings.contact_email
    message["Subject"] = mail.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    _write_text(message, mail.body)
    message["Content-Language"] = mail.language  # after the content, which replaces every header that begins so
    return message.as_bytes()  # by the message's own policy, which never writes ">From"


def _write_text(message: EmailMessage, text: str) -> None:
    """The plain text. HTML would be added beside it here, by `message.add_alternative`."""
    is_plain = text.isascii() and all(len(line) <= _LONGEST_LINE for line in text.splitlines())
    message.set_content(text, cte="7bit" if is_plain else "quoted-printable")
