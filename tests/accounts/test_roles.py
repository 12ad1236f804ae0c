"""Roles: who may give them, within what, and that someone always administers."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts import services
from accounts.models import RoleAssignment
from accounts.roles import Role
from core.database import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.policy import SYSTEM, Actor, Reach, can
from people.models import Organization, Person
from people.permissions import Permission
from tests import factories


@pytest.mark.both_databases
def test_two_administrators_who_leave_at_once_are_not_both_let_go(
    app: Flask, context: Flask
) -> None:
    first, second = factories.actor("administrator"), factories.actor("administrator")
    gate = threading.Barrier(2)

    def leave(actor: Actor, other: int) -> str:
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    services.withdraw_role(actor, other, Role.ADMINISTRATOR)
                    time.sleep(0.1)  # the other one is looking meanwhile, where nothing stops it
                return "gone"
            except Conflict as refusal:
                return refusal.code

    with ThreadPoolExecutor(2) as pool:
        ends = [
            pool.submit(leave, first, second.person_id),
            pool.submit(leave, second, first.person_id),
        ]
        assert sorted(end.result() for end in ends) == ["gone", "last_administrator"]


def test_roles_are_given_within_their_scope_once(context: Flask) -> None:
    boss, person = factories.actor("administrator"), factories.person()
    organization = factories.organization()
    with transaction():
        for _ in range(2):
            services.assign_role(
                boss, person.id, Role.NOMINATOR, scope=Reach.ORGANIZATION, scope_id=organization.id
            )
            services.assign_within(boss, person.id, Role.COORDINATOR)
            services.assign_role(boss, person.id, Role.PARTICIPANT)
    assert (
        db.session.scalar(sa.select(sa.func.count()).where(RoleAssignment.person_id == person.id))
        == 2
    )
    actor = factories.refreshed(factories.actor_of(person))
    assert can(actor, Permission.ENROLLMENT_NOMINATE, organization)
    assert not can(actor, Permission.ENROLLMENT_NOMINATE, Organization(id=99))
    with transaction():
        services.withdraw_role(
            boss, person.id, Role.NOMINATOR, scope=Reach.ORGANIZATION, scope_id=organization.id
        )
        services.withdraw_role(
            boss, person.id, Role.NOMINATOR, scope=Reach.ORGANIZATION, scope_id=organization.id
        )
    assert not factories.refreshed(actor).can(Permission.ENROLLMENT_NOMINATE)


@pytest.mark.parametrize(
    ("role", "scope", "scope_id", "code"),
    [
        (Role.NOMINATOR, Reach.EVERYWHERE, 0, "organization_needed"),
        (Role.NOMINATOR, Reach.ORGANIZATION, 999, "organization_needed"),
        (Role.ADMINISTRATOR, Reach.ORGANIZATION, 1, "bad_scope"),
        (Role.COORDINATOR, Reach.DELIVERY, 1, "bad_scope"),
        (Role.TRAINER, Reach.EVERYWHERE, 3, "bad_scope"),
        (Role.TRAINER, Reach.DELIVERY, 0, "bad_scope"),
        (Role.COORDINATOR, Reach.EVERYWHERE, 0, "bad_scope"),
        (Role.ROSTER, Reach.CENTRE, 1, "bad_scope"),
        (Role.COORDINATOR, Reach.CENTRE, 999, "unknown_organization"),
    ],
)
def test_roles_outside_of_their_scope_are_refused(
    context: Flask, role: Any, scope: Any, scope_id: int, code: str
) -> None:
    person = factories.person()
    with pytest.raises(Invalid) as refusal, transaction():
        services.assign_role(SYSTEM, person.id, role, scope=scope, scope_id=scope_id)
    assert refusal.value.code == code


def test_who_may_give_roles(context: Flask) -> None:
    person = factories.person()
    for role in ("participant", "nominator", "trainer", "coordinator", "roster"):
        actor = factories.actor(role, organization_id=factories.organization().id)
        with pytest.raises(NotAllowed), transaction():
            services.assign_role(actor, person.id, Role.TRAINER)
    with transaction():  # who schedules a delivery makes its trainers
        services.assign_role(
            factories.SYSTEM, person.id, Role.TRAINER, scope=Reach.DELIVERY, scope_id=7
        )


def test_the_last_administrator_stays(context: Flask) -> None:
    boss = factories.actor("administrator")
    for act in (
        lambda: services.withdraw_role(SYSTEM, boss.person_id, Role.ADMINISTRATOR),
        lambda: services.close_account(SYSTEM, db.session.get_one(Person, boss.person_id)),
    ):
        with pytest.raises(Conflict) as refusal, transaction():
            act()
        assert refusal.value.code == "last_administrator"
    factories.actor("administrator")
    with transaction():
        services.withdraw_role(SYSTEM, boss.person_id, Role.ADMINISTRATOR)
