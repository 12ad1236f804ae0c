"""Ways in: one-time links by e-mail, and passwords. Whether an account exists shows in no answer."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts import passwords, values
from accounts.demonstration import is_demonstration_here
from accounts.events import SignInLinkRefused, SignInLinkSent, SignInLinkUsed, SignInRefused
from accounts.models import Account, Person, SignInLink
from accounts.roles import Permission
from accounts.secrets import digest
from accounts.services.account import ensure_account
from accounts.services.address import PREFIX as ADDRESS_PREFIX
from core import clock, i18n, mail
from core.database import db, settings_of, tried, write
from core.errors import Conflict, Invalid
from core.events import publish
from core.policy import ANONYMOUS, SYSTEM, Actor, require

SHORT = timedelta(minutes=30)  # a link somebody asked for just now
INVITATION = timedelta(days=7)  # a link that comes with an application, a nomination or a new account


def issue_link(person: Person, target: str = "", lifetime: timedelta = SHORT) -> str:
    """Makes a link that signs `person` in once and lands on the path `target`. Returns its path; only a digest is kept."""
    return _keep_link(person.id, target, lifetime)


def _keep_link(person_id: int, target: str, lifetime: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    now = clock.now()
    ends = now + lifetime
    kept = {"digest": digest(token), "person_id": person_id, "target": target[:300], "created_at": now, "expires_at": ends}
    write(_KEEP_LINK, kept)
    return f"/sign-in/{token}"


_KEEP_LINK = sa.insert(SignInLink.__table__)  # type: ignore[arg-type]  # the table
_WAYS_IN = sa.select(Account.is_active, Account.password_hash).where(Account.person_id == sa.bindparam("person"))


def enters_by_link(person: Person) -> bool:
    """Whether a link is the only way in: there is no account yet, or an open one without a password."""
    account = db.session.execute(_WAYS_IN, {"person": person.id}).first()
    return account is None or (account.is_active and account.password_hash is None)


def send_link(person: Person, *, target: str = "", kind: str = "sign_in", actor: Actor = SYSTEM, **context: Any) -> bool:
    """Mails `templates/emails/<kind>.txt` with a link that signs `person` in; False when the person has no address.

    The template gets `link`, `person`, `expires_at`, `lifetime_days` (0 for the short-lived ones) and `context`.
    """
    if not person.mailbox:
        return False
    _mail_link(kind, person, person.id, target, **context)
    publish(SignInLinkSent(person.id), actor)
    return True


def _mail_link(
    kind: str, person: Person, person_id: int, target: str, *, lifetime: timedelta | None = None, **context: Any
) -> None:
    """Writes the link and its message; `lifetime` None is what the kind says."""
    assert person.mailbox
    lifetime = lifetime if lifetime is not None else SHORT if kind == "sign_in" else INVITATION
    link = settings_of().public_url + _keep_link(person_id, target, lifetime)
    mail.send(
        kind, person.mailbox, person_id=person_id, language=person.language, secret=True, link=link, person=person,
        expires_at=clock.now() + lifetime, lifetime_days=lifetime.days, **context,
    )  # fmt: skip


def invite(actor: Actor, person: Person) -> None:
    """An administrator sends the person a link that is good for a week."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if not account.is_active:
        raise Conflict("account_closed", _l("This account is closed. Reopen it first."))
    if not send_link(person, kind="invitation", actor=actor):
        raise Conflict("no_email", _l("This person has no e-mail address. Enter one first."), "email")


def request_link(email: str, target: str = "") -> None:
    """Sends a link when somebody has this address and may sign in. Says nothing about it, and does the same work in the same
    order for an address that nobody has: a link that was never good and a message are written, and undone."""
    key = values.email_key(email)
    row = db.session.execute(_WITH_KEY_OR_ANYBODY, {"key": key}).first()
    if row is None:  # nobody at all is known here yet
        return
    person, account = row
    is_meant = person.email_key == key and _may_enter(account)
    with tried(keep=is_meant):
        if is_meant:
            _mail_link("sign_in", person, person.id, target)
        else:
            _mail_link("sign_in", _nobody(values.clean_email(email, "email")), person.id, target, lifetime=timedelta())
    publish(SignInLinkSent(person.id) if is_meant else SignInLinkRefused(0), ANONYMOUS)


#: Whom the address belongs to; else any one person, whose id the undone link needs.
_WITH_KEY_OR_ANYBODY = (
    sa.select(Person, Account)
    .outerjoin(Account, Account.person_id == Person.id)
    .where(sa.or_(Person.email_key == sa.bindparam("key"), Person.id == sa.select(sa.func.min(Person.id)).scalar_subquery()))
    .order_by(sa.case((Person.email_key == sa.bindparam("key"), 0), else_=1))
    .limit(1)
)


def _nobody(address: str) -> Person:
    """Somebody to write an undone message to; never kept."""
    return Person(given_name="Nobody", family_name="", name_on_certificate="Nobody", email=address, language=i18n.locale())


def use_link(token: str) -> tuple[Person, str]:
    """The person whom the link signs in, and where to land; the link is used up. Two clicks at once: one of them wins.

    Raises Invalid for a link that is unknown, used, expired, or of a closed account.
    """
    now = clock.now()
    row = db.session.execute(
        sa.update(SignInLink)
        .where(
            SignInLink.digest == digest(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now,
            ~SignInLink.target.startswith(ADDRESS_PREFIX, autoescape=True),
        )
        .values(used_at=now)
        .returning(SignInLink.person_id, SignInLink.target),
        execution_options={"synchronize_session": False},
    ).first()
    person = db.session.get(Person, row.person_id) if row is not None else None
    if row is None or person is None or not _may_enter(ensure_account(SYSTEM, person)):
        raise Invalid("bad_link", _l("This link cannot be used."))
    target = row.target if _OF_AN_OBJECT.fullmatch(row.target) else ""
    publish(SignInLinkUsed(person.id, target), Actor(person_id=person.id))
    return person, row.target


#: The page of an object, such as /enrollments/7: what the trail may hold. Other targets may carry what somebody typed.
_OF_AN_OBJECT = re.compile("/[a-z]+/[0-9]+")


def check_password(email: str, password: str) -> int | None:
    """Whose password this is, None when it is nobody's. The same work is done in every case; call it outside a transaction."""
    key = values.email_key(email)
    row = _find(key) if key else None
    account = row[1] if row is not None and row[1] is not None and _may_enter(row[1]) else None
    kept = account.password_hash if account is not None else None
    person_id = account.person_id if account is not None else None
    db.session.rollback()  # hashing takes long, so no snapshot is held meanwhile
    return person_id if passwords.verify(kept, password) else None


def refresh_hash(person_id: int, password: str) -> None:
    """After a right password: hashes it anew when the recipe has become stronger since."""
    account = db.session.get(Account, person_id)
    if account is not None and account.password_hash and passwords.needs_rehash(account.password_hash):
        account.password_hash = passwords.hash_password(password)


def note_refusal(email: str) -> None:
    """Leaves a wrong password in the audit trail, without the address that was typed."""
    key = values.email_key(email)
    row = _find(key) if key else None
    publish(SignInRefused(row[0].id if row is not None else 0), ANONYMOUS)


def _find(key: str) -> tuple[Person, Account | None] | None:
    query = sa.select(Person, Account).outerjoin(Account, Account.person_id == Person.id).where(Person.email_key == key)
    row = db.session.execute(query).first()
    return (row[0], row[1]) if row is not None else None


def _may_enter(account: Account | None) -> bool:
    """A person without an account gets one on first use; closed ones stay out, and demonstration ones outside of one."""
    if account is None:
        return True
    return account.is_active and (is_demonstration_here() or not account.is_demonstration)
