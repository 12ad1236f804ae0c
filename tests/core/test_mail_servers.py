"""Mail against servers that refuse, put off, are slow, fall silent, die or are away: every
message arrives, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import clock, jobs, mail
from core.checking import breaches
from core.database import db, transaction
from core.jobs import Job, ledger, running, worker
from core.mail import Mail, MailState, route, server
from core.settings import settings_of
from tests.conftest import NOW
from tests.core.test_mail import make_due, send, stored
from tests.smtp_server import DROP, HANG, SmtpServer

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def post(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., SmtpServer]]:
    """`post(**answers)`: a mail server that answers so, and is the one that the application
    uses."""
    started: list[SmtpServer] = []

    def make(
        *, answers: dict[str, Any] | None = None, user: str = "", **options: Any
    ) -> SmtpServer:
        server = SmtpServer(**options)
        server.answers.update(answers or {})
        started.append(server.start())
        url = server.url.replace("//", f"//{user}@") if user else server.url
        monkeypatch.setitem(context.extensions, "settings", replace(settings_of(), mail_url=url))
        return server

    yield make
    for smtp in started:
        smtp.stop()


def states() -> dict[str, int]:
    db.session.rollback()
    rows = db.session.execute(sa.select(Mail.state, sa.func.count()).group_by(Mail.state))
    return {row[0].value: row[1] for row in rows}


def tickets() -> int:
    db.session.rollback()
    return (
        db.session.scalar(sa.select(sa.func.count(Job.id)).where(Job.kind.in_(mail.JOB_KINDS))) or 0
    )


def link(address: str = "zoe@example.org", lifetime: timedelta = timedelta(minutes=30)) -> int:
    return send(secret=True, address=address, expires_at=clock.now() + lifetime)


def many(count: int) -> None:
    for number in range(count):
        send(address=f"person{number}@example.org")


# One connection


@pytest.mark.both_databases
def test_one_connection_carries_many_messages(post: Callable[..., SmtpServer]) -> None:
    there = post()
    many(30)
    jobs.drain()
    assert (len(set(there.ids)), len(there.messages), there.connections) == (30, 30, 1)
    assert states() == {"sent": 30} and tickets() == 0 and list(breaches()) == []


def test_a_server_that_wants_few_messages_on_a_connection_gets_them_all_at_once(
    post: Callable[..., SmtpServer],
) -> None:
    there = post(answers={"MAIL": lambda _, before: "421 enough" if before % 4 == 3 else "250 ok"})
    many(8)
    jobs.drain()
    assert (
        len(there.ids) == len(set(there.ids)) == 8
        and there.connections > 2
        and states() == {"sent": 8}
    )


# Refused


@pytest.mark.both_databases
@pytest.mark.parametrize("step", ["RCPT", "DATA", "."])
def test_what_is_refused_for_good_is_refused_at_once_and_only_that(
    post: Callable[..., SmtpServer], step: str
) -> None:
    there = post(
        answers={
            step: lambda who, before: (
                "550 5.1.1 no such mailbox"
                if before == 1
                else ("354 go on" if step == "DATA" else "250 ok")
            )
        }
    )
    many(3)
    jobs.drain()
    mails = db.session.scalars(sa.select(Mail).order_by(Mail.id)).all()
    assert [mail.state for mail in mails] == [MailState.SENT, MailState.REFUSED, MailState.SENT]
    assert (
        mails[1].answer == "550 5.1.1 no such mailbox" and tickets() == 0 and there.connections == 1
    )
    make_due()
    jobs.drain()
    assert states() == {"sent": 2, "refused": 1}


def test_try_all_again_is_one_act(post: Callable[..., SmtpServer]) -> None:
    there = post(answers={"RCPT": "550 no such mailbox"})
    many(2)
    jobs.drain()
    there.answers.clear()
    with transaction():
        assert mail.retry_all() == 2
    assert states() == {"queued": 2} and tickets() == 2 and list(breaches()) == []
    jobs.drain()
    assert states() == {"sent": 2} and len(set(there.ids)) == 2


# Put off


@pytest.mark.both_databases
@pytest.mark.parametrize("answer", ["451 greylisted", "452 mailbox full", "421 later"])
@pytest.mark.parametrize("step", ["RCPT", "."])
def test_what_is_put_off_is_tried_for_days_not_eight_times(
    post: Callable[..., SmtpServer], step: str, answer: str
) -> None:
    there = post(answers={step: answer})
    mail_id = send()
    for _ in range(20):
        jobs.drain()
        assert stored(mail_id).state is MailState.QUEUED and tickets() == 1
        make_due()
    assert stored(mail_id).answer == answer
    there.answers.clear()
    jobs.drain()
    assert stored(mail_id).state is MailState.SENT and len(there.messages) == 1


def test_the_wait_grows_to_an_hour_and_ends_after_four_days(
    post: Callable[..., SmtpServer],
) -> None:
    post(answers={"RCPT": "451 greylisted"})
    mail_id, waits = send(), []
    for _ in range(10):
        jobs.drain()
        job = db.session.scalars(sa.select(Job)).one()
        now = db.session.scalar(sa.select(ledger.database_now()))
        waits.append(job.run_after - now)
        assert 3.99 * 86400 < job.give_up_at - now < 4 * 86400 + 1
        make_due()
    assert waits[0] < 40 and waits[4] > 300 and all(2600 < wait < 4600 for wait in waits[-2:]), (
        waits
    )
    with transaction():
        db.session.execute(sa.update(Job).values(give_up_at=1.0))
    jobs.drain()
    assert stored(mail_id).state is MailState.UNDELIVERED and tickets() == 0


@pytest.mark.both_databases
def test_a_server_that_is_away_for_hours_loses_nothing_and_is_asked_once_for_all(
    post: Callable[..., SmtpServer],
) -> None:
    there = post()
    there.stop()
    many(5)
    for _ in range(12):
        jobs.drain()
        make_due()
    assert states() == {"queued": 5} and mail.standing().step == "away"
    there.start()
    jobs.drain()
    assert (
        len(set(there.ids)) == len(there.ids) == 5
        and states() == {"sent": 5}
        and mail.standing() is None
    )


def test_whatever_waited_goes_as_soon_as_the_server_is_back(
    post: Callable[..., SmtpServer],
) -> None:
    there = post(answers={"": "421 not now"})
    many(5)
    jobs.drain()
    assert states() == {"queued": 5}
    there.answers.clear()
    send(address="new@example.org")
    jobs.drain()
    assert states() == {"sent": 6}, "a new message found the server open: no one waits for an hour"


def test_a_message_given_up_while_the_server_was_away(post: Callable[..., SmtpServer]) -> None:
    post(answers={"": "421 not now"})
    many(2)
    jobs.drain()
    with transaction():
        db.session.execute(sa.update(Job).values(give_up_at=1.0, run_after=0.0))
    jobs.drain()
    assert states() == {"undelivered": 2} and tickets() == 0


# Dying and silent servers


def test_a_second_copy_only_where_the_server_died_before_answering_the_dot(
    post: Callable[..., SmtpServer],
) -> None:
    there = post(answers={".": lambda who, before: DROP if before == 1 else "250 queued"})
    many(4)
    jobs.drain()
    make_due()
    jobs.drain()
    copies = [there.ids.count(message_id) for message_id in dict.fromkeys(there.ids)]
    assert sorted(copies) == [1, 1, 1, 2] and states() == {"sent": 4}


@pytest.mark.parametrize("step", ["", "EHLO", "MAIL", "RCPT", "DATA", "."])
def test_a_server_that_falls_silent_is_not_waited_for_for_ever(
    post: Callable[..., SmtpServer], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(server, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(server, "DATA_SECONDS", 0.3)
    there = post(answers={step: HANG})
    send()
    jobs.drain()
    assert states() == {"queued": 1}
    there.answers.clear()
    make_due()
    jobs.drain()
    assert states() == {"sent": 1} and len(set(there.ids)) == 1


# A fault of the setup


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("step", "name"),
    [("", "greeting"), ("MAIL", "sender"), ("AUTH", "sign_in"), ("STARTTLS", "encryption")],
)
def test_a_fault_of_the_setup_stops_sending_and_keeps_everything(
    post: Callable[..., SmtpServer], step: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    offered = {"AUTH": ("AUTH PLAIN",), "STARTTLS": ("STARTTLS",)}.get(step, ())
    there = post(
        answers={step: "554 not from here"},
        extensions=offered,
        user="rostrum:pass" if step == "AUTH" else "",
    )
    many(3)
    jobs.drain()
    many(3)
    before = there.connections
    jobs.drain()
    assert there.connections == before == 1, "nothing is sent, however much comes in"
    fault = mail.standing()
    assert (fault.step, fault.is_stopped, fault.answer) == (name, True, "554 not from here")
    assert states() == {"queued": 6} and caplog.text.count("sending has stopped") == 1
    assert len(list(breaches())) == 1
    make_due()
    jobs.drain()
    assert there.connections == 2 and states() == {"queued": 6}, "it is probed"
    there.answers["AUTH"] = "235 welcome"
    there.answers.pop(step) if step != "AUTH" else None
    there.extensions = offered if step == "AUTH" else ()
    make_due()
    jobs.drain()
    assert (
        states() == {"sent": 6}
        and mail.standing() is None
        and tickets() == 0
        and list(breaches()) == []
    )


def test_a_mended_setup_goes_on_at_the_press_of_a_button(post: Callable[..., SmtpServer]) -> None:
    there = post(answers={"MAIL": "550 sender refused"})
    many(2)
    jobs.drain()
    there.answers.clear()
    jobs.drain()
    assert states() == {"queued": 2}
    with transaction():
        mail.resume()
        mail.retry_all()
    jobs.drain()
    assert states() == {"sent": 2} and tickets() == 0


def test_another_mail_server_begins_without_the_faults_of_the_first(
    post: Callable[..., SmtpServer],
) -> None:
    post(answers={"": "554 go away"})
    send()
    jobs.drain()
    there = post()
    assert mail.standing() is None
    make_due()
    jobs.drain()
    assert len(there.messages) == 1 and states() == {"sent": 1}


# Links


def test_an_expired_link_is_not_sent(post: Callable[..., SmtpServer], context: Flask) -> None:
    there = post(answers={"RCPT": "451 later"})
    short, long = link(), send(address="other@example.org")
    jobs.drain()
    there.answers.clear()
    clock.travel(context, NOW + timedelta(hours=1))
    make_due()
    jobs.drain()
    assert [who for who, _ in there.messages] == ["other@example.org"]
    assert (stored(short).state, stored(short).body) == (MailState.EXPIRED, "") and stored(
        long
    ).state is MailState.SENT


def test_links_go_first(post: Callable[..., SmtpServer]) -> None:
    there = post()
    many(3)
    link("waiting@example.org")
    jobs.drain()
    assert there.messages[0][0] == "waiting@example.org"


def test_bulk_mail_delays_no_link(post: Callable[..., SmtpServer], context: Flask) -> None:
    """With a server that needs a second for each message, and the worker's lanes as they run."""
    there = post(seconds=1.0)
    many(8)
    with lanes_at_work(context):
        time.sleep(2.5)
        seconds_of_a_link(there)
        assert len(there.messages) < 8 + 1, "it came before the last of them"


@pytest.mark.long
@pytest.mark.both_databases
def test_recipients_who_fall_silent_delay_no_link_of_others(
    post: Callable[..., SmtpServer], context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server falls silent before the text of one link and after that of another: each may
    hold up a lane for minutes."""
    monkeypatch.setattr(server, "CONNECT_SECONDS", 9.0)
    monkeypatch.setattr(server, "DATA_SECONDS", 9.0)
    there = post(
        answers={step: hanging_for(who) for step, who in (("RCPT", "tarpit1"), (".", "tarpit2"))}
    )
    link("tarpit1@example.org"), link("tarpit2@example.org")
    with lanes_at_work(context):
        time.sleep(1.5)
        took = seconds_of_a_link(there)
        assert took < 6, took


def hanging_for(who: str) -> Callable[[str, int], str]:
    return lambda recipients, _: HANG if who in recipients else "250 ok"


@contextmanager
def lanes_at_work(context: Flask) -> Iterator[None]:
    stop = threading.Event()
    lanes = [
        threading.Thread(target=worker._work_lane, args=(context, lane, stop))
        for lane in running.work_of().lanes
    ]
    [lane.start() for lane in lanes]
    try:
        yield
    finally:
        stop.set()
        [lane.join() for lane in lanes]


def seconds_of_a_link(there: SmtpServer) -> float:
    link("waiting@example.org")
    began = time.monotonic()
    while (
        "waiting@example.org" not in [who for who, _ in there.messages]
        and time.monotonic() < began + 20
    ):
        time.sleep(0.05)
    return time.monotonic() - began


# Whoever runs it may be killed


@pytest.mark.both_databases
def test_a_worker_killed_in_the_middle_is_replaced(
    post: Callable[..., SmtpServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = post()
    many(3)
    with monkeypatch.context() as short, transaction():
        short.setattr(ledger, "LEASE_SECONDS", 0.2)
        assert ledger.claim_next(mail.BULK), "and then the worker is killed"
    time.sleep(0.3)
    jobs.drain()
    assert states() == {"sent": 3} and len(there.ids) == len(set(there.ids)) == 3


@pytest.mark.both_databases
def test_four_workers_at_once_send_each_message_once(
    post: Callable[..., SmtpServer], context: Flask
) -> None:
    there = post()
    many(24)
    db.session.remove()

    def work() -> None:
        with context.app_context():
            mail.carry()

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    jobs.drain()
    assert len(there.ids) == len(set(there.ids)) == 24 and states() == {"sent": 24}


# Addresses that need SMTPUTF8


def test_an_address_that_needs_smtputf8_is_written_to_where_the_server_can(
    post: Callable[..., SmtpServer],
) -> None:
    there = post()
    send(address="jürgen@müller.example")
    jobs.drain()
    assert [who for who, _ in there.messages] == ["jürgen@xn--mller-kva.example"]


def test_a_server_that_lost_smtputf8_meanwhile(post: Callable[..., SmtpServer]) -> None:
    there = post(extensions=())
    mail_id = send(address="jürgen@example.org")
    jobs.drain()
    assert (stored(mail_id).state, stored(mail_id).answer) == (
        MailState.REFUSED,
        "SMTPUTF8 is not offered",
    )
    assert there.messages == []
    assert route.can_write_to(mail.addresses.parse("jürgen@example.org")) is False


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "answer", ["555 5.5.4 unknown parameter", "451 not now", "421 bye", DROP, HANG]
)
def test_a_message_that_needs_smtputf8_never_stops_the_others(
    post: Callable[..., SmtpServer], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(server, "CONNECT_SECONDS", 0.3)
    post(answers={"MAIL": lambda arguments, _: answer if "SMTPUTF8" in arguments else "250 ok"})
    mail_id = send(address="jürgen@example.org")
    many(3)
    for _ in range(3):
        jobs.drain()
        make_due()
    is_refused = answer.startswith("555")
    assert (
        states() == ({"sent": 3, "refused": 1} if is_refused else {"sent": 3, "queued": 1})
        and mail.standing() is None
    )
    if is_refused:
        assert stored(mail_id).answer == answer
        send(), jobs.drain()  # on another connection, on which the server offers it again
    assert route.can_write_to(mail.addresses.parse("jürgen@example.org")) is not is_refused


def test_a_sender_refused_for_every_message_stops_sending_whatever_the_message_needs(
    post: Callable[..., SmtpServer],
) -> None:
    post(answers={"MAIL": "550 who are you?"})
    send(address="jürgen@example.org")
    jobs.drain()
    assert states() == {"queued": 1} and mail.standing().step == "sender"
