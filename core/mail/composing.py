"""Composes a message: headers and text in the bytes sent to a mail server."""

from __future__ import annotations

from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formataddr

from core.mail import addresses
from core.mail.model import Mail
from core.settings import settings_of

_LONGEST_LINE = 78


def compose(mail: Mail) -> bytes:
    """The whole message with CRLF line ends. The text is sent as written: no line is escaped or
    broken."""
    settings = settings_of()
    recipient = addresses.parse(mail.address)
    local, _, domain = recipient.wire.rpartition("@")
    message = EmailMessage(policy=SMTPUTF8 if recipient.needs_utf8 else SMTP)
    message["To"] = Address(
        username=local, domain=domain
    )  # one address: no one else can be added to it
    message["Reply-To"] = mail.reply_to or settings.contact_email
    message["Date"] = mail.created_at
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    _write_text(message, mail.body)
    message["Content-Language"] = (
        mail.language
    )  # after the content, which replaces all headers that begin so
    texts = _sender(settings.mail_from) + _text_header("Subject", mail.subject)
    return (
        texts.encode("ascii") + message.as_bytes()
    )  # by the message's own policy, which never writes ">From"


def _sender(mailbox: str) -> str:
    (address,) = SMTP.header_factory("From", mailbox).addresses
    if _is_plain(address.display_name):
        return f"From: {formataddr((address.display_name, address.addr_spec))}\r\n"
    return f"{_text_header('From', address.display_name)} <{address.addr_spec}>\r\n"


def _text_header(name: str, text: str) -> str:
    """A header of free text. `EmailMessage` loses the space between two encoded words, so `Header`
    encodes them."""
    coded = Header(text, "ascii" if _is_plain(text) else "utf-8", header_name=name).encode(
        linesep="\r\n"
    )
    return f"{name}: {coded}\r\n"


def _is_plain(text: str) -> bool:
    """Whether the text needs no encoding. Text that looks encoded does, or mail programs would
    decode it."""
    return text.isascii() and "=?" not in text


def _write_text(message: EmailMessage, text: str) -> None:
    """The plain text. HTML would be added here, by `message.add_alternative`."""
    is_plain = text.isascii() and all(len(line) <= _LONGEST_LINE for line in text.splitlines())
    message.set_content(text, cte="7bit" if is_plain else "quoted-printable")
