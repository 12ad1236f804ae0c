"""Who has which role, and where."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from accounts.events import RoleAssigned, RoleWithdrawn
from accounts.models import RoleAssignment
from accounts.roles import SCOPES, WITHIN, Role
from accounts.services.account import ensure_account, refuse_without_administrator
from core.database import db
from core.errors import Invalid, NotFound
from core.events import publish
from core.policy import Actor, Reach, require
from people.models import BodyKind, Organization, Person
from people.permissions import Permission
from people.queries.bodies import first_body, require_kind, unknown_body


def assign_role(
    actor: Actor, person_id: int, role: Role, *, scope: Reach = Reach.EVERYWHERE, scope_id: int = 0
) -> None:
    """Assigns the role within the scope; does nothing if the person has it.

    Anyone who may schedule deliveries may assign a trainer to one; courses checks whether they may
    change this delivery.
    """
    role, scope = Role(role), Reach(scope)
    _require(actor, role, scope)
    person = db.session.get(Person, person_id)
    if person is None:
        raise NotFound("unknown_person", _l("This person is not known here."))
    if role is Role.PARTICIPANT:
        return
    _check_scope(role, scope, scope_id)
    ensure_account(actor, person)
    if _find(person_id, role, scope, scope_id):
        return
    db.session.add(RoleAssignment(person_id=person_id, role=role, scope=scope, scope_id=scope_id))
    db.session.flush()
    publish(RoleAssigned(person_id, role.value, scope.value, scope_id), actor)


def withdraw_role(
    actor: Actor, person_id: int, role: Role, *, scope: Reach = Reach.EVERYWHERE, scope_id: int = 0
) -> None:
    """Removes the role; does nothing if the person does not have it. The last administrator cannot
    be removed."""
    role, scope = Role(role), Reach(scope)
    _require(actor, role, scope)
    assignment = _find(person_id, role, scope, scope_id)
    if assignment is None:
        return
    if role is Role.ADMINISTRATOR:
        refuse_without_administrator(person_id)
    db.session.delete(assignment)
    publish(RoleWithdrawn(person_id, role.value, scope.value, scope_id), actor)


def _require(actor: Actor, role: Role, scope: Reach) -> None:
    is_of_delivery = role is Role.TRAINER and scope is Reach.DELIVERY
    require(actor, Permission.DELIVERY_SCHEDULE if is_of_delivery else Permission.ACCOUNT_MANAGE)


def assign_within(
    actor: Actor, person_id: int, role: Role, body: Organization | None = None
) -> None:
    """Assigns the role in this body, else in the original body of its kind if there is one. Roles
    that belong to no body are assigned everywhere."""
    role = Role(role)
    if role not in WITHIN:
        assign_role(actor, person_id, role)
        return
    kind, scope = WITHIN[role]
    if body is None and kind is BodyKind.NOMINATOR:
        raise _organization_needed()
    body = body or first_body(kind)
    assign_role(actor, person_id, role, scope=scope, scope_id=body.id)


def _check_scope(role: Role, scope: Reach, scope_id: int) -> None:
    if role is Role.NOMINATOR and scope is not Reach.ORGANIZATION:
        raise _organization_needed()
    if scope not in SCOPES[role] or (scope is Reach.EVERYWHERE) != (scope_id == 0):
        raise Invalid("bad_scope", _l("This role cannot be given for that."), "role")
    if role in WITHIN and scope is not Reach.DELIVERY:
        body = db.session.get(Organization, scope_id)
        if body is None:
            raise _organization_needed() if role is Role.NOMINATOR else unknown_body("organization")
        require_kind(body, WITHIN[role][0], "organization")


def _organization_needed() -> Invalid:
    return Invalid(
        "organization_needed",
        _l("A nominator acts for an organization. Choose one."),
        "organization",
    )


def _find(person_id: int, role: Role, scope: Reach, scope_id: int) -> RoleAssignment | None:
    return db.session.scalar(
        sa.select(RoleAssignment).where(
            RoleAssignment.person_id == person_id,
            RoleAssignment.role == role,
            RoleAssignment.scope == scope,
            RoleAssignment.scope_id == scope_id,
        )
    )


def holds_roles(person: Person) -> bool:
    """Whether the person has any role but participant."""
    return (
        db.session.scalar(
            sa.select(RoleAssignment.id).where(RoleAssignment.person_id == person.id).limit(1)
        )
        is not None
    )
