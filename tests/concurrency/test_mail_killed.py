"""Mail and the real worker process: killed in the middle of many messages, and while links are
waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from core import clock
from core.checking import breaches
from core.database import db, transaction
from core.mail import Mail, MailState, send
from core.settings import settings_of
from tests.concurrency.worker import Worker
from tests.smtp_server import SmtpServer, smtp_server

KILLS = (8, 20, 30)  # once so many messages have arrived


def write(app: Flask, count: int, address: str = "person{}@example.org", **values: Any) -> None:
    with app.app_context(), transaction():
        for number in range(count):
            send(
                "certificate_revoked",
                address.format(number),
                holder="Zoë",
                number="1",
                course={"en": "x"},
                reason="r",
                skills=[],
                own_url="http://127.0.0.1/me",
                **values,
            )


def waited(is_so: Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def use(app: Flask, monkeypatch: pytest.MonkeyPatch, server: SmtpServer) -> tuple:
    settings = replace(settings_of(app), mail_url=server.url)
    monkeypatch.setitem(app.extensions, "settings", settings)
    return settings.instance_path, settings.database_url


@pytest.mark.long
@pytest.mark.both_databases
@pytest.mark.timeout(200)
def test_a_worker_killed_in_the_middle_of_many_messages_loses_none(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is killed between the server's answer and its own note cannot know: at most one
    copy for each kill."""
    with smtp_server(seconds=0.05) as server:
        folder, url = use(app, monkeypatch, server)
        write(app, 40)
        for reached in KILLS:
            with Worker(folder, url, lease=1.0, MAIL_URL=server.url):
                assert waited(lambda reached=reached: len(server.messages) >= reached, 40), (
                    f"never came to {reached}"
                )
        with Worker(folder, url, lease=1.0, MAIL_URL=server.url):
            assert waited(lambda: len(set(server.ids)) == 40, 40)
            time.sleep(1.5)  # a second copy would come now
        assert len(server.ids) - 40 <= len(KILLS)
    with app.app_context():
        assert {mail.state for mail in db.session.scalars(db.select(Mail))} == {
            MailState.SENT
        } and list(breaches()) == []


@pytest.mark.timeout(120)
def test_a_link_leaves_at_once_beside_bulk_mail_on_a_slow_server(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(seconds=1.0) as server:
        folder, url = use(app, monkeypatch, server)
        write(app, 30)
        with Worker(folder, url, MAIL_URL=server.url):
            assert waited(lambda: bool(server.messages), 30)
            with app.app_context():
                now = clock.now()
            write(
                app, 1, "waiting@example.org", secret=True, expires_at=now + timedelta(minutes=30)
            )
            assert waited(lambda: "waiting@example.org" in [who for who, _ in server.messages], 20)
            assert len(server.messages) < 20
