"""Events of this package."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from core.events import Event


@dataclass(frozen=True)
class AddressConfirmed(Event):
    """An applicant opened the link that confirms the address, so the application counts."""

    name = "person.address_confirmed"
    label = _l("Applicant’s address confirmed")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class AccountCreated(Event):
    name = "account.created"
    label = _l("Account made")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class AccountClosed(Event):
    name = "account.closed"
    label = _l("Account closed")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class AccountReopened(Event):
    name = "account.reopened"
    label = _l("Account reopened")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class RoleAssigned(Event):
    name = "role.assigned"
    label = _l("Role given")
    subject = ("person", "person_id")
    person_id: int
    role: str
    scope: str
    scope_id: int


@dataclass(frozen=True)
class RoleWithdrawn(Event):
    name = "role.withdrawn"
    label = _l("Role withdrawn")
    subject = ("person", "person_id")
    person_id: int
    role: str
    scope: str
    scope_id: int


@dataclass(frozen=True)
class PasswordChanged(Event):
    name = "password.changed"
    label = _l("Password changed or removed")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignInLinkSent(Event):
    name = "sign_in.link_sent"
    label = _l("Sign-in link sent")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignInLinkRefused(Event):
    """A link was requested and not sent; `person_id` is 0 if no one has the address, which is not
    stored."""

    name = "sign_in.link_refused"
    label = _l("Sign-in link not sent: no open account has the address")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignedIn(Event):
    name = "sign_in.done"
    label = _l("Signed in")
    subject = ("person", "person_id")
    person_id: int
    method: str


@dataclass(frozen=True)
class SignInRefused(Event):
    """A wrong password; `person_id` is 0 if no one has the address, which is not stored."""

    name = "sign_in.refused"
    label = _l("Sign-in refused: wrong password")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SessionsEnded(Event):
    name = "sign_in.sessions_ended"
    label = _l("Signed out everywhere else")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class SignedOut(Event):
    name = "sign_in.ended"
    label = _l("Signed out")
    subject = ("person", "person_id")
    person_id: int


@dataclass(frozen=True)
class TokenCreated(Event):
    name = "token.created"
    label = _l("API token made")
    subject = ("person", "person_id")
    person_id: int
    token_id: int


@dataclass(frozen=True)
class TokenRevoked(Event):
    name = "token.revoked"
    label = _l("API token revoked")
    subject = ("person", "person_id")
    person_id: int
    token_id: int
