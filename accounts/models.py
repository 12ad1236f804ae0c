"""Accounts, roles, sessions, links and tokens."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_pgettext as _p
from sqlalchemy.orm import Mapped, mapped_column, relationship

from accounts.roles import Role
from core.database import Base, enum_column
from core.policy import Reach
from core.words import Worded
from people.models import Person


class Account(Base):
    """A person's account. Without a password the person signs in by an emailed link."""

    __tablename__ = "account"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="raise_on_sql", innerjoin=True)


class RoleAssignment(Base):
    """A role with its scope: everywhere, one body (`scope_id` is an organization's), or one
    delivery (`scope_id`)."""

    __tablename__ = "role_assignment"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_column(Role))
    scope: Mapped[Reach] = mapped_column(enum_column(Reach), default=Reach.EVERYWHERE)
    scope_id: Mapped[int] = mapped_column(
        default=0
    )  # 0 for everywhere: the unique constraint would ignore NULL

    __table_args__ = (
        sa.UniqueConstraint("person_id", "role", "scope", "scope_id"),
        sa.Index(None, "scope", "scope_id"),
    )


class UserSession(Base):
    """A signed-in browser. The cookie holds a random id, this row only its SHA-256; deleting the
    row signs out at once."""

    __tablename__ = "user_session"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    method: Mapped[str] = mapped_column(sa.String(20))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class SignInLink(Base):
    """A link that signs in once, stored as its SHA-256. `mail_id` is set if its validity begins
    when the mail server accepts that message (see services.entry)."""

    __tablename__ = "sign_in_link"
    __audited__ = False

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    target: Mapped[str] = mapped_column(sa.String(300), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    mail_id: Mapped[int | None]


class TokenScope(Worded):
    """What a token may do if it is not limited to some roles."""

    ALL = "all", _p("token", "Everything")
    READ = "read", _p("token", "Only read")


ALL, READ = TokenScope.ALL, TokenScope.READ


class ApiToken(Base):
    """A program's key; it acts for its person with that person's roles and no more. Stored as its
    SHA-256.

    `scope`: `all`, `read` (changes nothing), or the roles it is limited to, separated by spaces.
    """

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    scope: Mapped[str] = mapped_column(sa.String(120), default="all")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]  # within ten minutes
    revoked_at: Mapped[datetime | None]

    @property
    def may_do(self) -> list[Worded]:
        scopes = self.scope.split()
        return [TokenScope(scope) if scope in set(TokenScope) else Role(scope) for scope in scopes]
