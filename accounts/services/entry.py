"""Ways in: one-time links by email, and passwords. Whether an account exists shows in no answer."""

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

SHORT = timedelta(minutes=30)  # a link someone asked for just now
INVITATION = timedelta(days=7)  # a link that comes with a nomination or a new account
#: A link that confirms an application: so long after the mail server took the message, and at most
#: so long after applying.
OPENED_WITHIN, AT_MOST = timedelta(hours=24), timedelta(days=5)
#: People of one mailbox that a message lists; so many passwords are tried, which takes much longer.
MOST_OF_ONE_MAILBOX, MOST_PASSWORDS = 100, 10


def issue_link(person: Person, target: str = "", lifetime: timedelta = SHORT) -> str:
    """Makes a link that signs `person` in once and lands on the path `target`. Returns its path;
    only a digest is kept."""
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
    write(sa.insert(SignInLink.__table__), values)  # type: ignore[arg-type]  # the table


def send_confirmation(person: Person, target: str, kind: str, **context: Any) -> None:
    """Mails the link that shows an applicant to be the owner of the address."""
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
    """When the link stops opening anything. One that confirms an application is counted from the
    moment at which the mail server took its message; while the message still waits, the link
    does too."""
    message = db.session.get(Mail, link.mail_id) if link.mail_id is not None else None
    if message is None or message.state not in (MailState.SENT, MailState.KEPT):
        return link.expires_at
    return min(link.expires_at, (message.sent_at or message.created_at) + OPENED_WITHIN)


def enters_by_link(person: Person) -> bool:
    """Whether a link is the only way in: there is no account yet, or an open one without a
    password."""
    ways_in = sa.select(Account.is_active, Account.password_hash)
    account = db.session.execute(ways_in.where(Account.person_id == person.id)).first()
    return account is None or (account.is_active and account.password_hash is None)


def who_enters_by_link(people: Iterable[Person]) -> set[int]:
    """The ids of those of whom this is true, asked at once."""
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
    """Mails `templates/emails/<kind>.txt` with a link that signs `person` in; False when the person
    has no address.

    The template gets `link`, `person`, `expires_at`, `lifetime_days` (0 for the short-lived ones)
    and `context`.
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
    """Writes the link and its message; `lifetime` None is what the kind says, `address` None the
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
    """Mails the person a link to the page `target`; False when they have no address. It signs in
    only those without a password."""
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
    """An administrator sends the person a link that is good for a week."""
    require(actor, Permission.ACCOUNT_MANAGE)
    account = ensure_account(actor, person)
    if not account.is_active:
        raise Conflict("account_closed", _l("This account is closed. Reopen it first."))
    if not send_link(person, kind="invitation", actor=actor):
        raise Conflict(
            "no_email", _l("This person has no email address. Enter one first."), "email"
        )


def request_link(email: str, target: str = "") -> None:
    """Sends a link when someone has this address and may sign in; where several people have it,
    one message with a link for each. Says nothing about it, and does the same work in the same
    order for an address that no one has: a link that was never good and a message are written,
    and undone."""
    key = values.email_key(email) or ""
    rows = _with_key_or_anybody(key)
    if not rows:  # no one at all is known here yet
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
    """Who has the address; else any one person, whose id the undone link needs."""
    has_it, anybody = Person.email_key == key, sa.select(sa.func.min(Person.id)).scalar_subquery()
    statement = (
        sa.select(Person, Account)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(sa.or_(sa.and_(has_it, ~Person.is_provisional), Person.id == anybody))
        .order_by(sa.case((has_it, 0), else_=1), Person.id)
    )
    return db.session.execute(statement.limit(MOST_OF_ONE_MAILBOX)).all()


def _mail_links(address: str, people: Sequence[Person], target: str) -> None:
    """One message to a mailbox that several people use, with a link for each of them."""
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
    """The people as whom the reader of a mailbox with these records enters, each once."""
    holders = [signs_in_as(record) for record in records if not record.is_provisional]
    return list({holder.id: holder for holder in holders if holder is not None}.values())


def _account(person: Person) -> Account | None:
    return db.session.get(Account, person.id)


def _nobody(address: str) -> Person:
    """Someone to write an undone message to; never kept."""
    return Person(
        given_name="Nobody",
        family_name="",
        name_on_certificate="Nobody",
        email=address,
        language=i18n.locale(),
    )


def use_link(token: str) -> tuple[Person, str]:
    """The person whom the link signs in, and where to land; the link is used up. Two clicks at
    once: one of them wins. The first link of an applicant shows that the address is theirs.

    Raises Invalid for a link that is unknown, used, expired, or of a closed account.
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
    """Uses the link up; False when someone else has."""
    unused = sa.update(SignInLink).where(
        SignInLink.digest == link.digest, SignInLink.used_at.is_(None)
    )
    claimed = db.session.execute(
        unused.values(used_at=clock.now()).returning(SignInLink.digest),
        execution_options={"synchronize_session": False},
    )
    return claimed.first() is not None


def check_password(email: str, password: str) -> int | None:
    """Whose password this is, None when it is no one's; a password belongs to one of the people
    of a mailbox, and one that two of them happen to have opens neither. The same work is done in
    every case; call it outside a transaction."""
    key = values.email_key(email)
    hashes = _passwords(_find(key) if key else ())
    db.session.rollback()  # hashing takes long, so no snapshot is held meanwhile
    if not hashes:
        passwords.verify(None, password)
    matches = {person_id for person_id, hashed in hashes if passwords.verify(hashed, password)}
    return matches.pop() if len(matches) == 1 else None


def is_password_of(person_id: int, password: str) -> bool:
    """Whether this is the person's password. Call it outside a transaction."""
    account = db.session.get(Account, person_id)
    hashed = account.password_hash if account else None
    db.session.rollback()  # hashing takes long, so no snapshot is held meanwhile
    return passwords.verify(hashed, password)


def _passwords(rows: Iterable[sa.Row[Person, Account | None]]) -> list[tuple[int, str]]:
    """The kept passwords of a mailbox's people, each with the person whom it signs in."""
    hashes = []
    for record, account in rows:
        if account is not None and account.password_hash and _may_enter(account):
            person = signs_in_as(record)
            if person is not None and _may_enter(_account(person)):
                hashes.append((person.id, account.password_hash))
    return hashes[:MOST_PASSWORDS]


def refresh_hash(person_id: int, password: str) -> None:
    """After a right password: hashes it anew when the recipe has become stronger since."""
    account = db.session.get(Account, person_id)
    if (
        account is not None
        and account.password_hash
        and passwords.needs_rehash(account.password_hash)
    ):
        account.password_hash = passwords.hash_password(password)


def note_refusal(email: str) -> None:
    """Leaves a wrong password in the audit trail, without the address that was typed."""
    key = values.email_key(email)
    rows = _find(key) if key else []
    publish(SignInRefused(rows[0][0].id if rows else 0), ANONYMOUS)


def _find(key: str) -> Sequence[sa.Row[Person, Account | None]]:
    query = sa.select(Person, Account).outerjoin(Account, Account.person_id == Person.id)
    query = query.where(Person.email_key == key, ~Person.is_provisional).order_by(Person.id)
    return db.session.execute(query.limit(MOST_OF_ONE_MAILBOX)).all()


def _may_enter(account: Account | None) -> bool:
    """A person without an account gets one on first use; closed ones stay out, and demonstration
    ones outside of one."""
    if account is None:
        return True
    return account.is_active and (is_demonstration_here() or not account.is_demonstration)
