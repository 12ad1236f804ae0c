"""Mail against a real SMTP server: sent once, waiting while it is away, secrets blanked, kept
where there is none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from core import jobs, mail
from core.database import db, transaction
from core.jobs import Job, JobState, Lease
from core.mail import Mail, MailState
from core.settings import settings_of


class Inbox(Message):
    """What arrived, and whether it came over TLS."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[EmailMessage] = []
        self.over_tls: list[bool] = []
        self.users: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.over_tls.append(session.ssl is not None)
        return await super().handle_DATA(server, session, envelope)

    def handle_message(self, message: Any) -> None:
        self.messages.append(message_from_bytes(message.as_bytes(), policy=default))

    def authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any
    ) -> AuthResult:
        self.users.append(data.login)
        return AuthResult(success=data.password == b"p@ss word")


class Post:
    """A mail server on a port of its own that can be stopped and started."""

    def __init__(self, **options: Any) -> None:
        self.inbox, self.options = Inbox(), options
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        self.controller: Controller | None = None

    def start(self) -> None:
        self.controller = Controller(
            self.inbox, hostname="127.0.0.1", port=self.port, **self.options
        )
        self.controller.start()

    def stop(self) -> None:
        if self.controller:
            self.controller.stop()
        self.controller = None


@pytest.fixture
def post() -> Iterator[Post]:
    server = Post()
    server.start()
    yield server
    server.stop()


def use(app: Flask, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(settings_of(), mail_url=url))


def send(
    secret: bool = False, address: str = "zoe@example.org", language: str = "en", **values: Any
) -> int:
    """A mail that the application sends (the certificate's), in a transaction of its own."""
    with transaction():
        mail.send(
            "certificate_ready",
            address,
            language=language,
            secret=secret,
            **values,
            holder="Zoë Lefèvre-Nguyễn",
            number="RST-2026-000001-E",
            course={"en": "Gender", "fr": "Genre"},
            is_corrected=False,
            verify_url="http://127.0.0.1/verify/X",
            own_url="http://127.0.0.1/me",
        )
    return db.session.scalars(sa.select(Mail.id).order_by(Mail.id.desc())).first()


def stored(mail_id: int) -> Mail:
    db.session.rollback()
    return db.session.get_one(Mail, mail_id, populate_existing=True)


def make_due() -> None:
    with transaction():
        db.session.execute(sa.update(Job).values(run_after=0.0, lease_until=0.0))


def test_a_mail_is_sent_once_and_arrives_whole(
    context: Flask, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(context, monkeypatch, f"smtp://127.0.0.1:{post.port}")
    mail_id = send()
    assert stored(mail_id).state is MailState.QUEUED and post.inbox.messages == []
    jobs.drain()
    make_due()
    jobs.drain()
    (message,) = post.inbox.messages
    assert (message["To"], message["Subject"]) == ("zoe@example.org", "Your certificate: Gender")
    body = message.get_content()
    assert "Zoë Lefèvre-Nguyễn" in body and "/verify/X" in body
    assert (
        message["Message-ID"] == stored(mail_id).message_id
        and message["Auto-Submitted"] == "auto-generated"
    )
    row = stored(mail_id)
    assert row.state is MailState.SENT and row.sent_at is not None and "Zoë" in row.body


def test_while_the_server_is_away_mail_waits(
    context: Flask, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(context, monkeypatch, f"smtp://127.0.0.1:{post.port}")
    post.stop()
    mail_ids = [send(address=f"person{n}@example.org") for n in range(5)]
    jobs.drain()
    waiting = list(db.session.scalars(sa.select(Job).where(Job.kind == "mail.send")))
    assert {(job.state, job.attempts) for job in waiting} == {(JobState.QUEUED, 1)}
    assert {stored(mail_id).state for mail_id in mail_ids} == {MailState.QUEUED}
    post.start()
    make_due()
    jobs.drain()
    assert sorted(message["To"] for message in post.inbox.messages) == [
        f"person{n}@example.org" for n in range(5)
    ]


def test_a_worker_that_dies_after_handing_over_sends_the_same_message(
    context: Flask, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once cannot be avoided between two systems; the Message-ID lets the receiver's
    server see that it is one."""
    use(context, monkeypatch, f"smtp://127.0.0.1:{post.port}")
    send()

    def dies(lease: Lease) -> None:
        raise OSError("the machine stops")

    with monkeypatch.context() as patched:
        patched.setattr(mail.settling.ledger, "drop", dies)
        with pytest.raises(OSError):
            jobs.drain()
    make_due()
    jobs.drain()
    assert len(post.inbox.messages) == 2
    assert len({message["Message-ID"] for message in post.inbox.messages}) == 1


def test_what_opens_a_door_is_blanked_once_sent(
    context: Flask, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(context, monkeypatch, f"smtp://127.0.0.1:{post.port}")
    mail_id = send(secret=True)
    assert "/verify/X" in stored(mail_id).body
    jobs.drain()
    assert stored(mail_id).body == "" and "/verify/X" in post.inbox.messages[0].get_content()


def test_without_a_server_mail_is_kept(context: Flask) -> None:
    mail_id = send(secret=True)
    jobs.drain()
    row = stored(mail_id)
    assert row.state is MailState.KEPT and "/verify/X" in row.body
    assert db.session.scalar(sa.select(sa.func.count(Job.id))) == 0


def test_a_mail_rolled_back_is_never_sent(
    context: Flask, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(context, monkeypatch, f"smtp://127.0.0.1:{post.port}")
    with pytest.raises(RuntimeError), transaction():
        mail.send(
            "certificate_ready",
            "zoe@example.org",
            holder="Zoë",
            number="1",
            course={"en": "x"},
            is_corrected=False,
            verify_url="",
            own_url="",
        )
        raise RuntimeError("refused")
    jobs.drain()
    assert post.inbox.messages == []


@pytest.mark.parametrize(
    "address", ["zoe@example.org\r\nBcc: all@example.org", "zoe@example.org, all@example.org"]
)
def test_an_address_cannot_smuggle_in_others(
    context: Flask, post: Post, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    use(context, monkeypatch, f"smtp://127.0.0.1:{post.port}")
    send(address=address)
    jobs.drain()
    assert not [
        message
        for message in post.inbox.messages
        if "all@example.org" in str(message["To"]) + str(message["Bcc"])
    ]


# Encrypted


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signature = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    )
    path = tmp_path / "server.pem"
    path.write_bytes(private + signature.public_bytes(serialization.Encoding.PEM))
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_where_the_server_can_encrypt_the_mail_is_encrypted(
    context: Flask, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post()
    post.options = {
        "tls_context": server_context(certificate),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": post.inbox.authenticate,
    }
    post.start()
    try:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        use(context, monkeypatch, f"smtp://rostrum:p%40ss%20word@127.0.0.1:{post.port}")
        send()
        jobs.drain()
    finally:
        post.stop()
    assert (len(post.inbox.messages), post.inbox.over_tls, post.inbox.users) == (
        1,
        [True],
        [b"rostrum"],
    )


@pytest.mark.parametrize(("scheme", "option"), [("smtp", "tls_context"), ("smtps", "ssl_context")])
def test_a_server_with_a_false_certificate_gets_nothing(
    context: Flask, certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, option: str
) -> None:
    """Whether it encrypts when asked or from the first byte. Once the certificate is trusted,
    the mail goes."""
    post = Post(**{option: server_context(certificate)})
    post.start()
    try:
        use(context, monkeypatch, f"{scheme}://127.0.0.1:{post.port}")
        mail_id = send()
        jobs.drain()
        assert post.inbox.messages == [] and stored(mail_id).state is MailState.QUEUED
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        make_due()
        jobs.drain()
        assert len(post.inbox.messages) == 1
    finally:
        post.stop()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_is_not_told_in_clear_text(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post(auth_required=True, auth_require_tls=False)
    post.options["authenticator"] = post.inbox.authenticate
    post.start()
    try:
        monkeypatch.setattr(
            mail.server, "is_loopback", lambda host: False
        )  # as if the server were elsewhere
        use(context, monkeypatch, f"smtp://rostrum:p%40ss%20word@127.0.0.1:{post.port}")
        mail_id = send()
        jobs.drain()
    finally:
        post.stop()
    assert post.inbox.users == [] and stored(mail_id).state is MailState.QUEUED


def test_a_refused_address_stays_out_of_log_and_ledger(
    context: Flask, post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle_RCPT(
        self: Any, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        return f"550 no such mailbox: {address}"

    monkeypatch.setattr(Inbox, "handle_RCPT", handle_RCPT, raising=False)
    use(context, monkeypatch, f"smtp://127.0.0.1:{post.port}")
    send(address="anna.secret@example.org")
    jobs.drain()
    refused = db.session.scalars(sa.select(Mail)).one()
    assert refused.state is MailState.REFUSED and "anna.secret" in refused.answer, (
        "for those who may read the message"
    )
    assert "anna.secret" not in caplog.text and db.session.scalars(sa.select(Job.error)).all() == []
