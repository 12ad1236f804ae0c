"""What this package asks of packages to its right: about accounts, sign-in and the roster.

`app.py` lists who answers. A person may be named by any of their merged records.
"""

from __future__ import annotations

from typing import Any

from core.policy import Actor
from core.ports import port
from people.models import Person


@port
def holds_roles(person: Person) -> bool:
    """Whether the person has roles; such a record is not merged into another."""


@port
def has_account(person: Person) -> bool:
    """Whether there is an account, which a new address would open."""


@port
def came_by_link(actor: Actor) -> bool:
    """Whether the actor signed in by an emailed link, which proves only access to the mailbox."""


@port
def end_sessions_and_links(person_id: int, *, but: int | None = None) -> None:
    """Ends all sessions (`but` one) and unused links, because the address behind them is no longer
    valid."""


@port
def write_to(person: Person, kind: str, target: str, **facts: Any) -> bool:
    """Mails the letter `kind` with a link to the page `target`, which also signs the person in if
    they have no other way. False without an address."""


@port
def people_to_ask() -> list[int]:
    """Ids of people with a roster profile who were not yet asked for consent to be found."""
