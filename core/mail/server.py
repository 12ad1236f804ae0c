"""Talks to the mail server: one connection for many messages, and the meaning of its answers.

An answer concerns one message (`Refused`, `Later`), the connection (`Lost`, `Full`), the server at
the moment (`Away`) or the configuration (`Misconfigured`); only the first two say anything about a
recipient.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from core.mail.addresses import EmailAddress
from core.settings import is_loopback, settings_of

CONNECT_SECONDS = 20.0  # to accept the connection, and for each command
DATA_SECONDS = 600.0  # after the final dot, as RFC 5321 requires: giving up earlier sends twice


class ServerAnswer(Exception):
    """A failure. `answer`: the server's words, which may contain an address, or the kind of the
    error."""

    def __init__(self, answer: str):
        super().__init__(type(self).__name__)  # without the answer, because exceptions are logged
        self.answer = answer


class Refused(ServerAnswer):
    """The server will never accept this message."""


class Later(ServerAnswer):
    """The server does not accept this message now."""


class Lost(ServerAnswer):
    """The connection ended in the middle of a message; whether the server has it is unknown."""


class Full(ServerAnswer):
    """The server wants no more messages on this connection; it has not seen this one."""


class Away(ServerAnswer):
    """The server cannot be reached, or accepts nothing now."""


class Misconfigured(ServerAnswer):
    """The server refuses everything from here. `step`: greeting, certificate, encryption, sign_in
    or sender."""

    def __init__(self, step: str, answer: str):
        super().__init__(answer)
        self.step = step


class Connection:
    """A connection that is ready for messages."""

    def __init__(self, smtp: smtplib.SMTP):
        self._smtp = smtp
        self.answered_messages = 0

    @property
    def offers_utf8(self) -> bool:
        return self._smtp.has_extn("smtputf8")

    def hand_over(self, recipient: EmailAddress, message: bytes) -> str:
        """Hands one message to the server and returns its answer. Raises Refused, Later, Lost,
        Full, Away or Misconfigured."""
        if recipient.needs_utf8 and not self.offers_utf8:
            raise Refused("SMTPUTF8 is not offered")
        self.begin()
        try:
            if recipient.needs_utf8:
                self._switch_to_utf8()
            self._about_message(
                *self._smtp.docmd("RCPT", f"TO:<{recipient.wire}>"), good=(250, 251)
            )
            self._about_message(*self._smtp.docmd("DATA"), good=(354,))
            _wait_at_most(self._smtp, DATA_SECONDS)
            self._smtp.send(_stuffed(message))
            answer = self._about_message(*self._smtp.getreply(), good=(250,))
            _wait_at_most(self._smtp, CONNECT_SECONDS)
        except (Refused, Later):
            self.reset()
            raise
        except (OSError, smtplib.SMTPException) as error:  # the server hung up or went silent
            raise Lost(type(error).__name__) from None
        finally:
            self.answered_messages += 1
        return answer

    def begin(self) -> None:
        """Names the sender: the answer shows whether the server accepts anything from us. The
        command is the same for every message and in a probe, so that no single message can stop all
        others."""
        self._smtp.command_encoding = "ascii"
        try:
            code, reply = self._smtp.docmd("MAIL", f"FROM:<{_sender()}>")
        except (OSError, smtplib.SMTPException) as error:
            raise (Full if self.answered_messages else Away)(type(error).__name__) from None
        if code == 421 and self.answered_messages:
            raise Full(_words(code, reply))
        if 400 <= code < 500:
            raise Away(_words(code, reply))
        if code != 250:
            raise Misconfigured("sender", _words(code, reply))

    def _switch_to_utf8(self) -> None:
        """Names the sender again with SMTPUTF8. The server has just accepted the sender without it,
        so a refusal now concerns this message only."""
        self.reset()
        self._smtp.command_encoding = "utf-8"
        try:
            self._about_message(
                *self._smtp.docmd("MAIL", f"FROM:<{_sender()}> SMTPUTF8"), good=(250,)
            )
        except Refused:
            del self._smtp.esmtp_features["smtputf8"]  # it offers what it refuses
            raise

    def reset(self) -> None:
        """Resets a message in progress."""
        with suppress(OSError, smtplib.SMTPException):  # the next message will find out
            _wait_at_most(self._smtp, CONNECT_SECONDS)
            self._smtp.docmd("RSET")

    @staticmethod
    def _about_message(code: int, reply: bytes, *, good: tuple[int, ...]) -> str:
        if code in good:
            return _words(code, reply)
        if code == 421:
            raise Lost(_words(code, reply))
        raise (Refused if code >= 500 else Later)(_words(code, reply))


@contextmanager
def connected(*, seconds: float | None = None, signs_in: bool = True) -> Iterator[Connection]:
    """A connection to the server of MAIL_URL, with `seconds` for each answer (default
    CONNECT_SECONDS). Raises Away or Misconfigured."""
    smtp = _call(CONNECT_SECONDS if seconds is None else seconds)
    try:
        with _as_fault("sign_in"):
            _prepare(smtp, signs_in)
        yield Connection(smtp)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            _wait_at_most(smtp, 2)
            smtp.docmd("QUIT")
        smtp.close()


def _call(seconds: float) -> smtplib.SMTP:
    url = urlsplit(settings_of().mail_url)
    host = url.hostname or ""
    with _as_fault("greeting"):
        if url.scheme == "smtps":
            return smtplib.SMTP_SSL(
                host, url.port or 465, timeout=seconds, context=ssl.create_default_context()
            )
        return smtplib.SMTP(host, url.port or 25, timeout=seconds)


def _prepare(smtp: smtplib.SMTP, signs_in: bool) -> None:
    url = urlsplit(settings_of().mail_url)
    is_secure = url.scheme == "smtps"
    with _as_fault("greeting"):
        smtp.ehlo_or_helo_if_needed()  # its features are known only after this
    if not is_secure and smtp.has_extn("starttls"):
        with _as_fault("encryption"):
            smtp.starttls(context=ssl.create_default_context())
        with _as_fault("greeting"):
            smtp.ehlo_or_helo_if_needed()
        is_secure = True
    if url.username and not is_secure and not is_loopback(url.hostname):
        raise Misconfigured("encryption", "NotEncrypted")  # never send the password unencrypted
    if url.username and signs_in:
        smtp.login(unquote(url.username), unquote(url.password or ""))


@contextmanager
def _as_fault(step: str) -> Iterator[None]:
    """The meaning of an error at this step: a permanent one is a configuration fault, all others
    are temporary."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Misconfigured("certificate", error.verify_message) from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise Away(type(error).__name__) from None
    except ssl.SSLError as error:
        raise Misconfigured("encryption", error.reason or type(error).__name__) from None
    except smtplib.SMTPResponseException as error:
        _judge(step, error)
    except (
        smtplib.SMTPServerDisconnected,
        OSError,
    ) as error:  # SMTPException is an OSError: its subclasses come first
        if isinstance(error, smtplib.SMTPException) and not isinstance(
            error, smtplib.SMTPServerDisconnected
        ):
            raise Misconfigured(
                step, type(error).__name__
            ) from None  # it does not understand the command
        raise Away(type(error).__name__) from None


def _judge(step: str, error: smtplib.SMTPResponseException) -> NoReturn:
    words = _words(error.smtp_code, error.smtp_error)
    if error.smtp_code >= 500:
        raise Misconfigured(step, words) from None
    raise Away(words) from None


def _wait_at_most(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:  # the server may have hung up
        smtp.sock.settimeout(seconds)


def _sender() -> str:
    return parseaddr(settings_of().mail_from)[1]


def _stuffed(message: bytes) -> bytes:
    """The message with dots doubled, and the final dot (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", message.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _words(code: int, reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(text.split())}"[:500]
