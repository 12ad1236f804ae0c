"""`flask accounts …`, and the first administrator."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from accounts import queries, services
from core import clock
from core.database import db, transaction
from people.models import Organization, Person
from tests import factories
from tests.accounts.makers import account, close, settings
from tests.browsing import Browser
from tests.conftest import NOW


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["accounts", *words])


def roles(app: Flask, email: str) -> list[tuple[str, str | None]]:
    with app.app_context():
        person = queries.find_person_by_email(email)
        return [
            (held.role.value, held.organization)
            for held in queries.roles_of([person.id]).get(person.id, [])
        ]


@pytest.mark.both_databases
def test_an_account_is_made_and_its_link_printed_on_a_line_of_its_own(
    app: Flask, run: Callable[..., Result]
) -> None:
    with settings(app, public_url="http://localhost:8123"):
        done = run(
            "create",
            "Zoe@Example.org",
            "--name",
            "Zoë van der Berg",
            "--role",
            "coordinator",
            "--role",
            "participant",
        )
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r"http://localhost:8123/sign-in/[\w-]{43}\n", done.stdout)
    assert roles(app, "zoe@example.org") == [("coordinator", "Rostrum Training Centre")]
    browser = Browser(app)
    clock.travel(app, NOW + timedelta(days=6))
    page = browser.get(done.stdout.strip().removeprefix("http://localhost:8123"))
    assert "Zoë van der Berg" in page.form(button="Sign in").submit().text


def test_an_existing_account_gets_more_roles_and_keeps_its_data(
    app: Flask, run: Callable[..., Result]
) -> None:
    run("create", "zoe@example.org", "--name", "Zoë Berg", "--role", "trainer")
    refused = run("create", "zoe@example.org", "--name", "Someone Else", "--role", "roster")
    assert (
        refused.exit_code == 1 and "is Zoë Berg; --identity new is another person" in refused.stderr
    )
    identity = re.search(r"--identity (\d+)", refused.stderr).group(1)
    done = run("create", "zoe@example.org", "--name", "Zoë Maria Berg", "--role", "roster")
    assert done.exit_code == 0
    assert (
        run(
            "create",
            "zoe@example.org",
            "--name",
            "Zoë Lund",
            "--role",
            "roster",
            "--identity",
            identity,
        ).exit_code
        == 0
    )
    assert roles(app, "zoe@example.org") == [
        ("trainer", "Rostrum Training Centre"),
        ("roster", "Rostrum Training Centre"),
    ]
    with app.app_context():
        assert [person.full_name for person in db.session.scalars(sa.select(Person))] == [
            "Zoë Berg"
        ]


def test_every_role_of_the_contract_is_known(app: Flask, run: Callable[..., Result]) -> None:
    for role in ("participant", "nominator", "trainer", "coordinator", "roster", "administrator"):
        more = ["--organization", "CA-MFA"] if role == "nominator" else []
        assert (
            run("create", f"{role}@example.org", "--name", "A B", "--role", role, *more).exit_code
            == 0
        )
    assert roles(app, "nominator@example.org") == [("nominator", "CA-MFA")]
    with app.app_context():
        assert (
            db.session.scalar(sa.select(Organization.code).where(~Organization.is_first))
            == "CA-MFA"
        )  # made, as it was unknown


def test_a_role_is_held_in_the_body_that_is_named_and_nowhere_else(
    app: Flask, run: Callable[..., Result]
) -> None:
    with app.app_context():
        factories.centre("KAC", "Second Training Centre")
    yaw = (
        "create",
        "yaw@example.org",
        "--name",
        "Yaw Darko",
        "--organization",
        "kac",
        "--role",
        "coordinator",
    )
    done = run(*yaw, "--role", "roster")
    assert (
        done.exit_code,
        "--organization: This organization is not a roster office" in done.stderr,
    ) == (1, True)
    with app.app_context():
        assert queries.find_person_by_email("yaw@example.org") is None, (
            "a role that does not fit is not given elsewhere"
        )
    assert run(*yaw).exit_code == 0
    assert roles(app, "yaw@example.org") == [("coordinator", "Second Training Centre")]
    done = run(
        "create",
        "efua@example.org",
        "--name",
        "Efua Asante",
        "--role",
        "roster",
        "--organization",
        "KAC",
    )
    assert (done.exit_code, "not a roster office" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["a@example.org", "--name", "A B", "--role", "nominator"],
            "A nominator acts for an organization.",
        ),
        (["no address", "--name", "A B"], "EMAIL: Enter an email address"),
        (["a@example.org", "--name", " "], "--name: Write the name."),
        (["a@example.org", "--name", "A\x07 B"], "--name: This contains an invisible"),
        (
            ["a@example.org", "--name", "A B", "--role", "trainer", "--organization", "X"],
            "No organization has this code.",
        ),
        (
            ["a@example.org", "--name", "A B", "--role", "administrator", "--organization", "X"],
            "--organization is for roles held in",
        ),
        (
            [
                "a@example.org",
                "--name",
                "A B",
                "--role",
                "nominator",
                "--organization",
                "two words",
            ],
            "--organization: Use letters",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_kept(
    app: Flask, run: Callable[..., Result], words: list[str], sentence: str
) -> None:
    done = run("create", *words)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert sentence in done.stderr
    assert "Traceback" not in done.output
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0


def test_an_unknown_role_is_refused(run: Callable[..., Result]) -> None:
    assert run("create", "a@example.org", "--name", "A B", "--role", "king").exit_code == 2


def test_a_closed_account_gets_no_link(app: Flask, run: Callable[..., Result]) -> None:
    with app.app_context():
        close(account())
    for words in (
        ["create", "amina@example.org", "--name", "Amina Diallo"],
        ["token", "amina@example.org", "--name", "x"],
    ):
        done = run(*words)
        assert done.exit_code == 1
        assert done.stdout == ""
        assert "closed" in done.stderr


def test_a_token_is_printed_alone_and_works(app: Flask, run: Callable[..., Result]) -> None:
    run("create", "zoe@example.org", "--name", "Zoë Berg", "--role", "coordinator")
    done = run("token", "ZOE@example.org", "--name", "import")
    assert done.exit_code == 0
    assert re.fullmatch(r"rst_[\w-]{43}\n", done.stdout)
    headers = {"Authorization": f"Bearer {done.stdout.strip()}"}
    assert app.test_client().get("/api/v1/courses", headers=headers).status_code == 200


def test_a_token_is_limited_by_the_command_too(app: Flask, run: Callable[..., Result]) -> None:
    run("create", "zoe@example.org", "--name", "Zoë Berg", "--role", "coordinator")
    assert run("token", "zoe@example.org", "--name", "x", "--days", "400").exit_code == 1
    done = run(
        "token",
        "zoe@example.org",
        "--name",
        "x",
        "--days",
        "7",
        "--scope",
        "coordinator",
        "--scope",
        "participant",
    )
    headers = {"Authorization": f"Bearer {done.stdout.strip()}"}
    assert app.test_client().get("/api/v1/courses", headers=headers).status_code == 200


def test_a_token_for_nobody_is_refused_on_standard_error(run: Callable[..., Result]) -> None:
    done = run("token", "nobody@example.org", "--name", "import")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "No one has the email address nobody@example.org." in done.stderr


# The first administrator


def first(app: Flask) -> str | None:
    with app.app_context(), transaction():
        return services.first_administrator_link()


def test_the_first_administrator_gets_a_link_that_leads_to_their_data(
    app: Flask, browser: Browser
) -> None:
    link = first(app)
    page = browser.get(link.removeprefix("http://127.0.0.1:8000")).form(button="Sign in").submit()
    assert browser.get("/administration").status == 200
    page = page.form(button="Save").submit(
        email="boss@example.org", given_name="Elena", family_name="Petrova"
    )
    assert "boss@example.org" in page.text


def test_until_somebody_can_sign_in_each_start_makes_a_new_one(
    app: Flask, browser: Browser
) -> None:
    before, link = first(app), first(app)
    assert browser.get(before.removeprefix("http://127.0.0.1:8000")).status == 404
    browser.get(link.removeprefix("http://127.0.0.1:8000")).form(button="Sign in").submit()
    again = first(app)  # whoever opened it signed out without giving an address
    page = (
        Browser(app)
        .get(again.removeprefix("http://127.0.0.1:8000"))
        .form(button="Sign in")
        .submit()
    )
    page.form(button="Save").submit(email="boss@example.org")
    assert first(app) is None


def test_there_is_none_when_somebody_administers(app: Flask, run: Callable[..., Result]) -> None:
    run("create", "boss@example.org", "--name", "A B", "--role", "administrator")
    assert first(app) is None


def test_nor_for_an_unused_first_one_beside_another(app: Flask, run: Callable[..., Result]) -> None:
    assert first(app)
    run("create", "boss@example.org", "--name", "A B", "--role", "administrator")
    assert first(app) is None
