"""What a message says of itself, and whom none leaves for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import gettext

from core import clock, jobs, mail
from core.database import db, transaction
from core.errors import Invalid
from core.i18n import in_language
from core.mail import Mail, MailState
from core.mail.composing import compose
from core.mail.model import MailServer
from core.policy import SYSTEM
from core.settings import ROOT, SettingsError, read_settings, settings_of
from people import services, values
from tests.browsing import Browser
from tests.core.test_mail import make_due, send, stored, use
from tests.smtp_server import HANG, smtp_server


def written(body: str, **values: Any) -> Mail:
    facts = {
        "address": "zoe@example.org",
        "subject": "News",
        "body": body,
        "kind": "test",
        "language": "en",
        "message_id": "<1@x>",
        "state": MailState.QUEUED,
        "created_at": clock.now(),
    }
    with transaction():
        message = Mail(**(facts | values))
        db.session.add(message)
        db.session.flush()
        jobs.enqueue(mail.BULK, dedupe_key=f"mail:{message.id}", mail_id=message.id)
    return message


@pytest.mark.parametrize(
    "line",
    [
        "From here you go left.",
        ">From there",
        ".",
        "..",
        ". a dot",
        "=3D",
        "x" * 3000,
        "Où êtes-vous ? " * 40,
        "end with space ",
        "يوسف",
        "tab\tinside",
        "https://training.example.org/sign-in/" + "k" * 90,
    ],
)
def test_every_line_leaves_as_it_was_written(
    context: Flask, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    body = f"First line\n\n{line}\nlast line\n"
    with smtp_server() as post:
        use(context, monkeypatch, post.url)
        written(body)
        jobs.drain()
        (raw,) = [content for _, content in post.messages]
        assert post.parsed[0].get_content().replace("\r\n", "\n") == body
    assert (
        all(len(word) <= 998 for word in raw.split(b"\r\n"))
        and b"\n" not in raw.replace(b"\r\n", b"")
        and raw.isascii()
    )
    if line.startswith("From"):
        assert b"\r\nFrom here you go left.\r\n" in raw


def test_a_message_says_who_writes_in_which_language_and_where_answers_go(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(
        settings_of(),
        contact_email="centre@training.example",
        mail_from="Centre <no@training.example>",
    )
    monkeypatch.setitem(context.extensions, "settings", settings)
    with smtp_server() as post:
        use(context, monkeypatch, post.url)
        send(language="fr")
        jobs.drain()
        (message,) = post.parsed
    assert (
        message["From"] == "Centre <no@training.example>"
        and message["Reply-To"] == "centre@training.example"
    )
    assert (
        message["Content-Language"] == "fr"
        and message["Auto-Submitted"] == "auto-generated"
        and message["Date"]
    )
    assert message["Message-ID"].endswith("@training.example>")
    text = message.get_content().replace("\r\n", "\n")
    assert "centre@training.example" in text.split("-- \n")[1] and "Des questions" in text
    assert message.get_content_type() == "text/plain"


TITLES = [
    "Formation des formateurs et formatrices à l’égalité de genre dans les opérations de maintien "
    "de la paix",
    "Préparation au déploiement : évaluation des compétences linguistiques à l’écrit et à l’oral, "
    "élèves avancés",
    "Протидія мінній небезпеці та захист цивільного населення під час миротворчих операцій",
    "حماية المدنيين في عمليات حفظ السلام: دورة متقدمة للضباط والمستشارين العسكريين",
    "维持和平行动中保护平民的高级课程 以及性别平等培训师培训",
    "Đào tạo sĩ quan tham mưu Liên Hợp Quốc về bảo vệ dân thường ở Nam Xu-đăng",
    'Plain, but "quoted" (with brackets): as long as a title that has to be broken in two, or '
    "even in three parts",
    "What looks encoded: =?utf-8?q?x?= =?utf-8?q?y?= é",
    "=?utf-8?q?only_ascii?=",
    "😀 é è " * 12 + "😀",
    "é" + "x" * 120 + " é",
    "x" * 200,
]


@pytest.mark.parametrize("address", ["zoe@example.org", "jürgen@example.org"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_subject_arrives_as_it_was_written(
    context: Flask, language: str, address: str
) -> None:
    beginnings = set()
    for template in (ROOT / "templates" / "emails").glob("*.txt"):
        with in_language(language):
            for words in re.findall(
                r"_\('([^']*)'", template.read_text(encoding="utf-8").partition("\n")[0]
            ):
                beginnings.add(gettext(words) if "%" not in words else gettext(words, course="{}"))
    assert len(beginnings) > 12
    for beginning in beginnings:
        for title in TITLES if "{}" in beginning else [""]:
            subject = " ".join(beginning.replace("{}", title).split())[:250]
            raw = compose(written_as(subject=subject, address=address))
            new = message_from_bytes(raw, policy=policy.default)["Subject"]
            old = message_from_bytes(raw, policy=policy.compat32)["Subject"]
            assert (new, unfolded(old)) == (subject, subject)
            head = raw.partition(b"\r\n\r\n")[0]
            assert all(
                len(line) <= 78 or b" " not in line.strip().partition(b": ")[2]
                for line in head.split(b"\r\n")
            ), head


def written_as(**facts: Any) -> Mail:
    usual = {
        "subject": "x",
        "body": "x\n",
        "address": "zoe@example.org",
        "language": "en",
        "message_id": "<1@x>",
    }
    return Mail(**(usual | {"created_at": clock.now()} | facts))


def unfolded(header: str) -> str:
    """As mail programs read it that follow RFC 2047."""
    return str(make_header(decode_header(header.replace("\r\n ", " ").replace("\n ", " "))))


def test_the_name_of_the_sender_arrives_as_it_was_set(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        "",
        "Centre",
        'O\'Neill, "Zoë"',
        "Centre, South",
        "Centre « à l’écoute »",
        *TITLES[:6],
    ]:
        mailbox = (
            f'"{name.replace(chr(34), chr(92) + chr(34))}" <no@training.example>'
            if name
            else "no@training.example"
        )
        monkeypatch.setitem(
            context.extensions, "settings", replace(settings_of(), mail_from=mailbox)
        )
        raw = compose(written_as(subject="x"))
        header = message_from_bytes(raw, policy=policy.compat32)[
            "From"
        ]  # the newer reader of Python 3.11 adds spaces
        shown, address = parseaddr(header.replace("\r\n ", " "))
        assert (unfolded(shown), address) == (name, "no@training.example")
        assert raw.count(b"From:") == 1 and raw.partition(b"\r\n\r\n")[0].isascii()


def test_a_name_of_the_sender_that_was_encoded_already_is_encoded_once(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(
        settings_of(), mail_from="=?utf-8?q?Centre_=C3=A0_Paris?= <no@training.example>"
    )
    monkeypatch.setitem(context.extensions, "settings", settings)
    assert unfolded(
        message_from_bytes(compose(written_as()), policy=policy.compat32)["From"]
    ).startswith("Centre à Paris <")


def test_two_databases_never_give_the_same_message_id(context: Flask) -> None:
    ids = {stored(send()).message_id for _ in range(3)}
    assert len(ids) == 3 and all(len(message_id) > 34 for message_id in ids)
    assert not any(
        str(number) in message_id.partition("@")[0][:3] and len(message_id) < 20
        for number, message_id in enumerate(ids)
    )


def test_the_centre_has_an_address_at_the_foot_of_every_page(app: Flask, browser: Browser) -> None:
    for path in ("/", "/sign-in", "/help", "/no-such-page"):
        assert settings_of(app).contact_email in browser.get(path).text, path


@pytest.mark.parametrize("name", ["CONTACT_EMAIL", "MAIL_FROM"])
@pytest.mark.parametrize(
    "text", ["nobody", "a@b@c", "a b@c.org", "a@b.org\r\nBcc: c@d.org", "jürgen@example.org"]
)
def test_an_address_of_the_centre_that_is_none_stops_the_start(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({"INSTANCE_PATH": str(tmp_path), name: text})


def test_by_default_the_centre_is_asked_at_the_senders_address(tmp_path: Path) -> None:
    environment = {"INSTANCE_PATH": str(tmp_path), "PUBLIC_URL": "https://training.example.org"}
    assert read_settings(environment).contact_email == "rostrum@training.example.org"
    assert read_settings(environment | {"MAIL_FROM": "Centre <c@x.org>"}).contact_email == "c@x.org"
    assert read_settings({"INSTANCE_PATH": str(tmp_path)}).contact_email == "rostrum@localhost", (
        "an IP address is no domain"
    )


# Demonstration mail


def test_mail_of_a_demonstration_never_leaves(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server() as post:
        use(context, monkeypatch, post.url)
        monkeypatch.setitem(context.extensions, "settings", replace(settings_of(), demo=True))
        mail_id = send(address="somebody@example.org")
        jobs.drain()
        assert stored(mail_id).state is MailState.KEPT and post.connections == 0


def test_invented_people_get_none_where_a_demonstration_became_a_real_house(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server() as post:
        use(context, monkeypatch, post.url)
        mail_id = send(address="coordinator@Rostrum.example")
        waiting = written("A text from before", address="participant@rostrum.example").id
        real = send(address="zoe@example.org")
        jobs.drain()
        assert [who for who, _ in post.messages] == ["zoe@example.org"]
    assert [stored(key).state for key in (mail_id, waiting, real)] == [
        MailState.KEPT,
        MailState.KEPT,
        MailState.SENT,
    ]


# SMTPUTF8


def answer_to(address: str) -> str:
    try:
        return values.clean_email(address, "email")
    except Invalid as refusal:
        return refusal.code


def test_who_enters_an_address_that_the_mail_server_cannot_write_to_is_told_at_once(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(extensions=("8BITMIME",)) as post:
        use(context, monkeypatch, post.url)
        jobs.drain()
        assert answer_to("jürgen@example.org") == "address_unreachable"
        assert answer_to("info@müller.example") == "info@müller.example", (
            "a domain can be written in ASCII"
        )
        assert answer_to("jürgen@rostrum.example") == "jürgen@rostrum.example", (
            "nothing is sent there"
        )
        jobs.drain()
        assert post.connections == 1 and post.commands.keys() <= {"", "QUIT"}, (
            "a worker asks once, and it is remembered"
        )
    with smtp_server() as post:
        use(context, monkeypatch, post.url)
        assert answer_to("jürgen@example.org") == "jürgen@example.org", "another server is asked"
        jobs.drain()
        assert answer_to("jürgen@example.org") == "jürgen@example.org"


@pytest.mark.both_databases
def test_a_silent_mail_server_keeps_one_request_waiting_for_a_moment(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a transaction, every other writer would wait, too."""
    monkeypatch.setattr(mail.route, "_PATIENCE_OF_A_PAGE", 0.1)
    with smtp_server(extensions=()) as post:
        post.answers[""] = HANG
        use(context, monkeypatch, post.url)
        with transaction():
            services.record_person(
                SYSTEM, given_name="J", family_name="M", email="jürgen@example.org"
            )
        assert answer_to("fatoumatá@example.org") == "fatoumatá@example.org"
        assert post.connections == 1, "it is asked once in a minute"
        monkeypatch.setattr(mail.server, "CONNECT_SECONDS", 0.2)
        jobs.drain(), jobs.drain()
        assert post.connections == 2 and mail.standing() is None, (
            "a silent server is left alone for a minute"
        )
        post.answers.clear()
        context.extensions["mail_server_asked"].clear()
        jobs.drain()
        assert answer_to("fatoumatá@example.org") == "address_unreachable"


def test_what_a_worker_learned_of_the_server_is_known_to_the_pages(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(extensions=()) as post:
        use(context, monkeypatch, post.url)
        send()
        jobs.drain()
        before = post.connections
        assert (
            answer_to("jürgen@example.org") == "address_unreachable" and post.connections == before
        )


def test_a_server_that_changed_is_asked_again_after_half_a_day(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(extensions=()) as post:
        use(context, monkeypatch, post.url)
        jobs.drain()
        post.extensions = ("SMTPUTF8",)
        context.extensions["mail_server_asked"].clear()
        jobs.drain()
        assert answer_to("jürgen@example.org") == "address_unreachable"
        with transaction():
            db.session.execute(
                sa.update(MailServer).values(seen_at=clock.now() - timedelta(hours=13))
            )
        context.extensions["mail_server_asked"].clear()
        jobs.drain()
        assert answer_to("jürgen@example.org") == "jürgen@example.org"


def test_a_person_cannot_be_recorded_with_such_an_address(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtp_server(extensions=()) as post:
        use(context, monkeypatch, post.url)
        jobs.drain()
        with pytest.raises(Invalid) as caught, transaction():
            services.record_person(
                SYSTEM, given_name="J", family_name="M", email="jürgen@example.org"
            )
    assert (caught.value.code, caught.value.field) == ("address_unreachable", "person.email")


# Messages of the previous release


def test_the_previous_releases_messages_have_one_state_too(tmp_path: Path) -> None:
    from core.checking import breaches
    from core.migrations import upgrade
    from tests.databases import make_app

    app = make_app(tmp_path)
    with app.app_context():
        upgrade(revision="0007")
        with db.engine.connect().execution_options(writes=True) as connection:
            for number, (state, job) in enumerate(
                [("sent", "done"), ("queued", "queued"), ("queued", "dead"), ("kept", None)], 1
            ):
                connection.execute(
                    sa.text(
                        "INSERT INTO mail (id, address, subject, body, kind, is_secret, state, "
                        "created_at) VALUES (:id, 'zoe@example.org', 's', 'b', 'sign_in', 1, "
                        ":state, '2026-11-23 08:59:00')"
                    ),
                    {"id": number, "state": state},
                )
                if job:
                    connection.execute(
                        sa.text(
                            "INSERT INTO job (kind, args, dedupe_key, state, run_after, attempts, "
                            "done, total, errors, created_at) VALUES ('mail.send', :args, :key, "
                            ":state, 0, 8, 0, 0, '[]', '2026-11-23 08:59:00')"
                        ),
                        {"args": f'{{"mail_id": {number}}}', "key": f"mail:{number}", "state": job},
                    )
            connection.commit()
        upgrade()
        states = {mail.id: mail.state.value for mail in db.session.scalars(sa.select(Mail))}
        assert states == {1: "sent", 2: "queued", 3: "undelivered", 4: "kept"}
        assert list(breaches()) == [] and db.session.scalars(
            sa.select(jobs.Job.dedupe_key)
        ).all() == ["mail:2"]
        assert compose(db.session.get_one(Mail, 2)).startswith(b"From: ")
        db.session.remove()
        db.engine.dispose()


def test_a_message_without_a_ticket_and_a_ticket_without_a_message_are_found(
    context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.checking import breaches

    use(context, monkeypatch, "smtp://127.0.0.1:1")
    first, other = send(), send()
    make_due()
    with transaction():
        db.session.execute(sa.delete(jobs.Job).where(jobs.Job.dedupe_key == f"mail:{first}"))
        db.session.execute(sa.update(Mail).where(Mail.id == other).values(state=MailState.SENT))
    assert [sentence.partition(":")[2].partition(":")[0] for sentence in breaches()] == [
        str(first),
        str(other),
    ]
