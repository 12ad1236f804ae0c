"""Signing in: one-time links by email, and passwords. No answer reveals whether an account
exists."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts import passwords
from accounts.demonstration import is_demonstration_here
from accounts.events import AddressConfirmed, SignInLinkRefused, SignInLinkSent, SignInRefused
from accounts.models import Account, SignInLink
from accounts.secrets import digest
from accounts.services.account import ensure_account
from accounts.services.address import PREFIX as ADDRESS_PREFIX
from accounts.services.mailboxes import signs_in_as
from core import clock, i18n, mail
from core.database import db, in_thousands, tried, write
from core.errors import Conflict, Invalid
from core.events import publish
from core.mail import Mail, MailState
from core.policy import ANONYMOUS, SYSTEM, Actor, require
from core.settings import settings_of
from people import values
from people.models import Person
from people.permissions import Permission

SHORT = timedelta(minutes=30)  # a link requested just now
INVITATION = timedelta(days=7)  # a link sent with a nomination or a new account
#: A link that confirms an application is valid for this long after the mail server accepted the
#: message, and at most this long after the application.
OPENED_WITHIN, AT_MOST = timedelta(hours=24), timedelta(days=5)
#: How many people of one mailbox a message lists, and how many passwords are tried (much slower).
MOST_OF_ONE_MAILBOX, MOST_PASSWORDS = 100, 10


def issue_link(person: Person, target: str = "", lifetime: timedelta = SHORT) -> str:
    """Creates a link that signs `person` in once and opens the path `target`. Returns its path;
    only a digest is stored."""
    return _keep_link(person.id, target, lifetime)


def _keep_link(person_id: int, target: str, lifetime: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    _keep(token, person_id, target, lifetime)
    return f"/sign-in/{token}"


def _keep(
    token: str, person_id: int, target: str, lifetime: timedelta, mail_id: int | None = None
) -> None:
    now = clock.now()
    values = {
        "digest": digest(token),
        "person_id": person_id,
        "target": target[:300],
        "created_at": now,
        "expires_at": now + lifetime,
        "mail_id": mail_id,
    }
    write(sa.insert(SignInLink.__table__), values)


def send_confirmation(person: Person, target: str, kind: str, **context: Any) -> None:
    """Mails the link by which an applicant proves owning the address."""
    assert person.email
    token = secrets.token_urlsafe(32)
    mail_id = mail.send(
        kind,
        person.email,
        person_id=person.id,
        language=person.language,
        secret=True,
        person=person,
        link=f"{settings_of().public_url}/sign-in/{token}",
        expires_at=clock.now() + AT_MOST,
        **context,
    )
    _keep(token, person.id, target, AT_MOST, mail_id)


def link_ends_at(link: SignInLink) -> datetime:
    """When the link expires. For one that confirms an application the time begins when the mail
    server accepts its message; while the message waits, so does the link."""
    message = db.session.get(Mail, link.mail_id) if link.mail_id is not None else None
    if message is None or message.state not in (MailState.SENT, MailState.KEPT):
        return link.expires_at
    return min(link.expires_at, (message.sent_at or message.created_at) + OPENED_WITHIN)


def enters_by_link(person: Person) -> bool:
    """Whether the person can sign in only by link: there is no account yet, or an open one without
    a password."""
    ways_in = sa.select(Account.is_active, Account.password_hash)
    account = db.session.execute(ways_in.where(Account.person_id == person.id)).first()
    return account is None or (account.is_active and account.password_hash is None)


def who_enters_by_link(people: Iterable[Person]) -> set[int]:
    """The ids of those who can sign in only by link, in one query."""
    ids = {person.id for person in people}
    others: set[int] = set()
    for some in in_thousands(sorted(ids)):
        has_account = sa.select(Account).where(Account.person_id.in_(some))
        others |= {
            account.person_id
            for account in db.session.scalars(has_account)
            if not account.is_active or account.password_hash is not None
        }
    return ids - others


def send_link(
    person: Person,
    *,
    target: str = "",
    kind: str = "sign_in",
    actor: Actor = SYSTEM,
    **context: Any,
) -> bool:
    """Mails `templates/emails/<kind>.txt` with a link that signs `person` in; False without an
    address.

    The template gets `link`, `person`, `expires_at`, `lifetime_days` (0 for short-lived links) and
    `context`.
    """
    if not person.email:
        return False
    _mail_link(kind, person, person.id, target, **context)
    publish(SignInLinkSent(person.id), actor)
    return True


def _mail_link(
    kind: str,
    person: Person,
    person_id: int,
    target: str,
    *,
    lifetime: timedelta | None = None,
    address: str | None = None,
    **context: Any,
) -> None:
    """Writes the link and its message. `lifetime` None: as the kind defines; `address` None: the
    person's own."""
    address = address or person.email
    assert address
    lifetime = lifetime if lifetime is not None else SHORT if kind == "sign_in" else INVITATION
    link = settings_of().public_url + _keep_link(person_id, target, lifetime)
    mail.send(
        kind,
        address,
        person_id=person_id,
        language=person.language,
        secret=True,
        link=link,
        person=person,
        expires_at=clock.now() + lifetime,
        lifetime_days=lifetime.days,
        **context,
    )


def write_to(person: Person, kind: str, target: str, **facts: Any) -> bool:
    """Mails the person a link to the page `target`; False without an address. It also signs in
    people without a password."""
    if person.email is None:
        return False
    if enters_by_link(person):
        return send_link(person, target=target, kind=kind, **facts)
    link = settings_of().public_url + target
    mail.send(
        kind,
        person.email,
        person_id=person.id,
        language=person.language,
        link=link,
        person=person,
        **facts,
    )
    return True


def invite(actor: Actor, person: Person) -> None:
    """Sends the person a link that is valid for a week, for an administrator."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if not account.is_active:
        raise Conflict("account_closed", _l("This account is closed. Reopen it first."))
    if not send_link(person, kind="invitation", actor=actor):
        raise Conflict(
            "no_email", _l("This person has no email address. Enter one first."), "email"
        )


def request_link(email: str, target: str = "") -> None:
    """Sends a link if someone with this address may sign in; if several people share it, one
    message with a link for each. Reveals nothing: for an unknown address the same work is done in
    the same order, with a useless link and message that are undone."""
    key = values.email_key(email) or ""
    rows = _with_key_or_anybody(key)
    if not rows:  # the database has no people yet
        return
    recipients = [
        person
        for person in _people(row[0] for row in rows if row[0].email_key == key)
        if _may_enter(_account(person))
    ]
    with tried(keep=bool(recipients)):
        if len(recipients) > 1:
            _mail_links(values.clean_email(email, "email"), recipients, target)
        elif recipients:
            _mail_link(
                "sign_in",
                recipients[0],
                recipients[0].id,
                target,
                address=values.clean_email(email, "email"),
            )
        else:
            _mail_link(
                "sign_in",
                _nobody(values.clean_email(email, "email")),
                rows[0][0].id,
                target,
                lifetime=timedelta(),
            )
    for person in recipients:
        publish(SignInLinkSent(person.id), ANONYMOUS)
    if not recipients:
        publish(SignInLinkRefused(0), ANONYMOUS)


def _with_key_or_anybody(key: str) -> Sequence[sa.Row[Person, Account]]:
    """The people with the address; else anyone, whose id the undone link needs."""
    has_it, anybody = Person.email_key == key, sa.select(sa.func.min(Person.id)).scalar_subquery()
    statement = (
        sa.select(Person, Account)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(sa.or_(sa.and_(has_it, ~Person.is_provisional), Person.id == anybody))
        .order_by(sa.case((has_it, 0), else_=1), Person.id)
    )
    return db.session.execute(statement.limit(MOST_OF_ONE_MAILBOX)).all()


def _mail_links(address: str, people: Sequence[Person], target: str) -> None:
    """One message to a shared mailbox, with a link for each of its people."""
    links = [
        (person.full_name, settings_of().public_url + _keep_link(person.id, target, SHORT))
        for person in people
    ]
    mail.send(
        "sign_in_several",
        address,
        person_id=people[0].id,
        language=people[0].language,
        secret=True,
        links=links,
        expires_at=clock.now() + SHORT,
    )


def _people(records: Iterable[Person]) -> list[Person]:
    """The people, each once, as whom a reader of a mailbox with these records can sign in."""
    holders = [signs_in_as(record) for record in records if not record.is_provisional]
    return list({holder.id: holder for holder in holders if holder is not None}.values())


def _account(person: Person) -> Account | None:
    return db.session.get(Account, person.id)


def _nobody(address: str) -> Person:
    """An unsaved person to write an undone message to."""
    return Person(
        given_name="Nobody",
        family_name="",
        name_on_certificate="Nobody",
        email=address,
        language=i18n.locale(),
    )


def use_link(token: str) -> tuple[Person, str]:
    """The person whom the link signs in, and its target; uses up the link. Of two clicks at once
    only one succeeds. An applicant's first link proves that they own the address.

    Raises Invalid if the link is unknown, used, expired, or of a closed account.
    """
    link = db.session.get(SignInLink, digest(token))
    if (
        link is None
        or link.target.startswith(ADDRESS_PREFIX)
        or link_ends_at(link) <= clock.now()
        or not _claim(link)
    ):
        raise Invalid("bad_link", _l("This link cannot be used."))
    person = db.session.get_one(Person, link.person_id)
    if person.is_provisional:
        person.is_provisional = False
        publish(AddressConfirmed(person.id), ANONYMOUS)
        db.session.flush()
    entered = signs_in_as(person)
    if entered is None or not _may_enter(ensure_account(SYSTEM, entered)):
        raise Invalid("bad_link", _l("This link cannot be used."))
    return entered, link.target


def _claim(link: SignInLink) -> bool:
    """Uses up the link; False if another request already has."""
    unused = sa.update(SignInLink).where(
        SignInLink.digest == link.digest, SignInLink.used_at.is_(None)
    )
    claimed = db.session.execute(
        unused.values(used_at=clock.now()).returning(SignInLink.digest),
        execution_options={"synchronize_session": False},
    )
    return claimed.first() is not None


def check_password(email: str, password: str) -> int | None:
    """The person with this password, or None. A password belongs to one of the people of a mailbox;
    if two share the same, it signs in neither. The work is equal in every case. Call it outside a
    transaction."""
    key = values.email_key(email)
    hashes = _passwords(_find(key) if key else ())
    db.session.rollback()  # hashing takes long: hold no snapshot meanwhile
    if not hashes:
        passwords.verify(None, password)
    matches = {person_id for person_id, hashed in hashes if passwords.verify(hashed, password)}
    return matches.pop() if len(matches) == 1 else None


def is_password_of(person_id: int, password: str) -> bool:
    """Whether this is the person's password. Call it outside a transaction."""
    account = db.session.get(Account, person_id)
    hashed = account.password_hash if account else None
    db.session.rollback()  # hashing takes long: hold no snapshot meanwhile
    return passwords.verify(hashed, password)


def _passwords(rows: Iterable[sa.Row[Person, Account | None]]) -> list[tuple[int, str]]:
    """The stored passwords of a mailbox's people, each with the person it signs in."""
    hashes = []
    for record, account in rows:
        if account is not None and account.password_hash and _may_enter(account):
            person = signs_in_as(record)
            if person is not None and _may_enter(_account(person)):
                hashes.append((person.id, account.password_hash))
    return hashes[:MOST_PASSWORDS]


def refresh_hash(person_id: int, password: str) -> None:
    """Rehashes a correct password if the parameters have become stronger since."""
    account = db.session.get(Account, person_id)
    if (
        account is not None
        and account.password_hash
        and passwords.needs_rehash(account.password_hash)
    ):
        account.password_hash = passwords.hash_password(password)


def note_refusal(email: str) -> None:
    """Records a wrong password in the audit trail, without the typed address."""
    key = values.email_key(email)
    rows = _find(key) if key else []
    publish(SignInRefused(rows[0][0].id if rows else 0), ANONYMOUS)


def _find(key: str) -> Sequence[sa.Row[Person, Account | None]]:
    query = sa.select(Person, Account).outerjoin(Account, Account.person_id == Person.id)
    query = query.where(Person.email_key == key, ~Person.is_provisional).order_by(Person.id)
    return db.session.execute(query.limit(MOST_OF_ONE_MAILBOX)).all()


def _may_enter(account: Account | None) -> bool:
    """Whether the person may sign in: people without an account get one on first use; closed
    accounts may not, nor demonstration ones outside a demonstration."""
    if account is None:
        return True
    return account.is_active and (is_demonstration_here() or not account.is_demonstration)
