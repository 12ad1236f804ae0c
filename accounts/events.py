"""What accounts announces."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True)
class AddressConfirmed(Event):
    """Someone opened the link that an application was answered with: the address is theirs, and the application counts."""

    name = "person.address_confirmed"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class AccountCreated(Event):
    name = "account.created"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class AccountClosed(Event):
    name = "account.closed"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class AccountReopened(Event):
    name = "account.reopened"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class RoleAssigned(Event):
    name = "role.assigned"
    subject = ("person", "person_id")
    person_id: int
    role: str
    scope: str
    scope_id: int


@dataclass(frozen=True)
class RoleWithdrawn(Event):
    name = "role.withdrawn"
    subject = ("person", "person_id")
    person_id: int
    role: str
    scope: str
    scope_id: int


@dataclass(frozen=True)
class PasswordChanged(Event):
    name = "password.changed"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignInLinkSent(Event):
    name = "sign_in.link_sent"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignInLinkRefused(Event):
    """A link was asked for and not sent; `person_id` is 0 when no one has the address, which itself is not kept."""

    name = "sign_in.link_refused"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignedIn(Event):
    name = "sign_in.done"
    subject = ("person", "person_id")
    person_id: int
    method: str


@dataclass(frozen=True)
class SignInRefused(Event):
    """A wrong password; `person_id` is 0 when no one has the address, which itself is not kept."""

    name = "sign_in.refused"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SessionsEnded(Event):
    name = "sign_in.sessions_ended"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignedOut(Event):
    name = "sign_in.ended"
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class TokenCreated(Event):
    name = "token.created"
    subject = ("person", "person_id")
    person_id: int
    token_id: int


@dataclass(frozen=True)
class TokenRevoked(Event):
    name = "token.revoked"
    subject = ("person", "person_id")
    person_id: int
    token_id: int
