"""Commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from accounts import queries, services
from accounts.models import ALL
from accounts.roles import WITHIN, Role
from core import names
from core.commands import Commands
from core.database import transaction
from core.errors import DomainError
from core.policy import SYSTEM
from core.settings import settings_of
from people import services as people_services
from people import values

accounts_cli = Commands("accounts", help="People who may sign in.")


@accounts_cli.command("create")
@click.argument("email")
@click.option("--name", required=True, help="The whole name, such as “Zoë van der Berg”.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="May be repeated.",
)
@click.option(
    "--organization",
    help="Code of the body in which the roles are held; without it, the first centre or roster "
    "office. With --role nominator, an unknown code creates the organization.",
)
@click.option(
    "--identity",
    help="Who is meant where the address is known under another name: “new”, or the number of the "
    "record.",
)
def create(
    email: str, name: str, roles: tuple[str, ...], organization: str | None, identity: str | None
) -> None:
    """Creates an account (or adds roles to an existing one) and prints a one-time sign-in link."""
    given_name, family = values.split_name(name)
    if organization and not set(roles) & set(WITHIN):
        *some, last = WITHIN
        sentence = (
            f"--organization is for roles held in a body: add --role {', '.join(some)} or {last}."
        )
        raise click.ClickException(sentence)
    with _exit_on_refusal(), transaction():
        person = services.create_account(
            SYSTEM,
            email=email,
            given_name=given_name,
            family_name=family,
            roles=roles,
            organization=organization,
            identity=names.parse_identity(identity) or identity,
            names_confirmed=True,  # typing the command confirms the name
        )
        account = queries.find_account(person.id)
        if account is not None and not account.is_active:
            raise click.ClickException("This account is closed. An administrator can reopen it.")
        link = settings_of().public_url + services.issue_link(person, "", services.INVITATION)
    click.echo(link)


@accounts_cli.command("token")
@click.argument("email")
@click.option("--name", required=True, help="What the token is for.")
@click.option(
    "--days", type=int, default=365, show_default=True, help="Days until it ends, a year at most."
)
@click.option(
    "--scope",
    multiple=True,
    default=[ALL],
    show_default=True,
    help="all, read, or a role; a role may be repeated.",
)
def token(email: str, name: str, days: int, scope: tuple[str, ...]) -> None:
    """Creates an API token and prints only the token."""
    with _exit_on_refusal(), transaction():
        person = queries.find_person_by_email(email)
        if person is not None and people_services.shares_mailbox(person):
            raise click.ClickException(
                f"Several people use {email}. Each of them creates a token on the own page."
            )
        if person is None:
            raise click.ClickException(
                f"No one has the email address {email}. Create an account first: flask accounts "
                "create"
            )
        new_token = services.create_token(SYSTEM, person, name=name, days=days, scope=scope)
    click.echo(new_token)


@contextmanager
def _exit_on_refusal() -> Iterator[None]:
    """A refusal becomes one sentence on standard error and exit status 1."""
    try:
        yield
    except DomainError as error:
        sentences = [_sentence(refusal) for refusal in error.errors or [error]]
        raise click.ClickException(" ".join(sentences)) from None


def _sentence(error: DomainError) -> str:
    label = {
        "person.email": "EMAIL",
        "person.given_name": "--name",
        "person.family_name": "--name",
        "organization": "--organization",
    }
    where = label.get(error.field or "", "")
    known = "; ".join(
        f"--identity {candidate['id']} is {candidate['name']}"
        for candidate in error.details.get("candidates", ())
    )
    sentence = (
        f"{error.message} ({known}; --identity new is another person)"
        if known
        else str(error.message)
    )
    return f"{where}: {sentence}" if where else sentence
