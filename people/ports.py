"""What people asks of packages to its right: whether and how someone comes in, and who is on the
roster.

`app.py` lists who answers. Everything here is about the person that is named, by whichever of the
merged records."""

from __future__ import annotations

from typing import Any

from core.policy import Actor
from core.ports import port
from people.models import Person


@port
def holds_roles(person: Person) -> bool:
    """Whether the person may do anything for others: such a record is not joined to another one."""


@port
def has_account(person: Person) -> bool:
    """Whether there is an account, which a new address would open."""


@port
def came_by_link(actor: Actor) -> bool:
    """Whether the actor signed in by an emailed link, and so has shown to read the mailbox and
    no more."""


@port
def end_sessions_and_links(person_id: int, *, but: int | None = None) -> None:
    """Ends every session (`but` one) and every unused link: the address that they came through
    counts no longer."""


@port
def write_to(person: Person, kind: str, target: str, **facts: Any) -> bool:
    """Mails the person the letter `kind` with the way to the page `target`, signing in on the
    way where that is the only way in. False when there is no address."""


@port
def people_to_ask() -> list[int]:
    """The ids of people with a roster profile who were not yet asked whether roster staff may
    find them."""
