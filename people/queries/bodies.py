"""Reading bodies."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from core.database import db
from core.errors import Invalid, NotFound
from core.i18n import text
from core.mail import Sender
from core.paging import Page, page
from core.policy import Actor, Reach, can, visible
from people.models import BodyKind, Emblem, Organization
from people.permissions import Permission

PAGE = 50


def first_body(kind: BodyKind) -> Organization:
    """The centre or roster office that exists from the start (created by a migration)."""
    return db.session.scalars(
        sa.select(Organization).where(Organization.is_first, Organization.of_kind(kind))
    ).one()


def find_body(code: str) -> Organization | None:
    return db.session.scalar(sa.select(Organization).where(Organization.code == code.strip()))


def find_body_by_id(body_id: int | None) -> Organization | None:
    return db.session.get(Organization, body_id) if body_id else None


def get_body(code: str, field: str, kind: BodyKind | None = None) -> Organization:
    """The body with this code and kind; Invalid at `field`: unknown_organization or wrong_kind."""
    body = find_body(code)
    if body is None:
        raise unknown_body(field)
    if kind is not None:
        require_kind(body, kind, field)
    return body


def require_kind(body: Organization, kind: BodyKind, field: str) -> None:
    """Invalid("wrong_kind") at `field` unless the body is of this kind."""
    if not body.is_a(kind):
        raise wrong_kind(kind, field)


def wrong_kind(kind: BodyKind, field: str) -> Invalid:
    return Invalid("wrong_kind", _WRONG[kind], field)


def unknown_body(field: str) -> Invalid:
    return Invalid("unknown_organization", _l("No organization has this code."), field)


_WRONG = {
    BodyKind.NOMINATOR: _l("This organization does not nominate people. Choose one that does."),
    BodyKind.CENTRE: _l("This organization is not a training centre. Choose one that is."),
    BodyKind.ROSTER_OFFICE: _l("This organization is not a roster office. Choose one that is."),
    BodyKind.FUNDER: _l("This organization is not a funder. Choose one that is."),
}


def bodies_of(kind: BodyKind) -> list[Organization]:
    """All bodies of this kind, by name; the original one first."""
    statement = sa.select(Organization).where(Organization.of_kind(kind))
    return list(
        db.session.scalars(
            statement.order_by(Organization.is_first.desc(), Organization.name, Organization.id)
        )
    )


def centre_for(actor: Actor, code: str | None, field: str = "centre") -> Organization:
    """The named centre, else the actor's own if there is exactly one, else the first."""
    if code:
        return get_body(code, field, BodyKind.CENTRE)
    own = actor.centre_ids
    return db.session.get_one(Organization, *own) if len(own) == 1 else first_body(BodyKind.CENTRE)


def centres_to_choose(actor: Actor) -> list[Organization]:
    """The centres for which the actor may create courses."""
    return _bodies_reached(actor, Permission.COURSE_WRITE, BodyKind.CENTRE, Reach.CENTRE)


def offices_to_choose(actor: Actor) -> list[Organization]:
    """The roster offices for which the actor may admit people."""
    return _bodies_reached(actor, Permission.EXPERT_ADMIT, BodyKind.ROSTER_OFFICE, Reach.OFFICE)


def _bodies_reached(
    actor: Actor, permission: Permission, kind: BodyKind, reach: Reach
) -> list[Organization]:
    grant = actor.grants.get(permission)
    if actor.is_system or (grant is not None and grant.everywhere):
        return bodies_of(kind)
    return [body for body in bodies_of(kind) if grant is not None and body.id in grant.ids(reach)]


def may_change(actor: Actor, kinds: Iterable[str]) -> bool:
    """Whether the actor may record and change bodies of these kinds (only nominating bodies, or
    all)."""
    if set(kinds) <= {BodyKind.NOMINATOR}:
        return can(actor, Permission.ORGANIZATION_MANAGE)
    return can(actor, Permission.BODY_MANAGE)


def emblem_png(sha256: str | None) -> bytes | None:
    """The picture with this digest."""
    return (
        db.session.scalar(sa.select(Emblem.png).where(Emblem.sha256 == sha256)) if sha256 else None
    )


def body_name(body: Organization) -> str:
    """The body's name in the language of the page."""
    return text(body.titles)


def sender_of(body: Organization) -> Sender:
    """The sender of messages about what belongs to the body."""
    return Sender(body.titles, body.contact)


def get_organization(actor: Actor, key: int | str) -> Organization:
    """The organization with this id or code; NotFound if unknown or not the actor's to manage."""
    reachable = visible(Organization, actor, Permission.ORGANIZATION_MANAGE)
    same = Organization.code == key if isinstance(key, str) else Organization.id == key
    organization = db.session.scalar(sa.select(Organization).where(same, reachable))
    if organization is None:
        raise NotFound("unknown_organization", _l("This organization is not known here."))
    return organization


def list_organizations(
    actor: Actor,
    *,
    words: str = "",
    kind: BodyKind | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[Organization]:
    """Organizations by name."""
    statement = sa.select(Organization).where(
        visible(Organization, actor, Permission.ORGANIZATION_MANAGE)
    )
    if kind is not None:
        statement = statement.where(Organization.of_kind(kind))
    for word in words.split()[:6]:
        fits = (
            column.icontains(word, autoescape=True)
            for column in (Organization.name, Organization.code)
        )
        statement = statement.where(sa.or_(*fits))
    return page(
        statement,
        (Organization.name.expression, Organization.id.expression),
        after=after,
        limit=limit,
    )


def organization_choices(kind: BodyKind = BodyKind.NOMINATOR) -> list[tuple[int, str]]:
    """(id, name and code) of all bodies of this kind, as choices."""
    return [(body.id, _with_code(body)) for body in bodies_of(kind)]


def _with_code(body: Organization) -> str:
    name = body_name(body)
    return name if name == body.code else f"{name} ({body.code})"
