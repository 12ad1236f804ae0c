"""One declaration for one object and for lists: what `can` says of a row, `visible` says of the
table."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import aliased

from accounts.models import RoleAssignment
from accounts.roles import ROLES, Role
from accounts.sessions import make_actor
from certificates.models import Certificate
from core.database import db
from core.errors import NotAllowed, NotSignedIn
from core.jobs import Job
from core.policy import ANONYMOUS, SYSTEM, Reach, can, require, visible
from courses.models import Course, Delivery
from enrollment.models import Enrollment
from people.models import Organization
from people.permissions import Permission
from roster.models import Expert, RosterAdmission
from tests import factories

PROTECTED = [Enrollment, Certificate, Course, Delivery, Expert, RosterAdmission, Organization, Job]

assignments = st.lists(
    st.builds(
        lambda role, scope, scope_id: RoleAssignment(
            role=role, scope=scope, scope_id=0 if scope is Reach.EVERYWHERE else scope_id
        ),
        st.sampled_from(Role),
        st.sampled_from([reach for reach in Reach if reach is not Reach.SELF]),
        st.integers(1, 3),
    ),
    max_size=3,
)


class Someone:
    """A person's plain facts, as make_actor reads them."""

    id, full_name, email = 2, "Amina Diallo", None


SOMEONE: Any = Someone()


def row_of(model: Any, ids: list[int]) -> object:
    return model(**dict(zip(model.__scope__.values(), ids, strict=False)))


@settings(suppress_health_check=list(HealthCheck))
@given(
    held=assignments,
    permission=st.sampled_from(Permission),
    model=st.sampled_from(PROTECTED),
    ids=st.lists(st.integers(1, 3), min_size=4, max_size=4),
)
def test_a_list_shows_exactly_what_its_pages_show(
    context: Flask, held: Any, permission: Any, model: Any, ids: Any
) -> None:
    actor = make_actor(SOMEONE, held)
    row = row_of(model, ids)
    columns = {name: getattr(row, name) for name in model.__scope__.values()}
    table = sa.select(
        *[sa.literal(value).label(name) for name, value in columns.items()]
    ).subquery()
    listed = aliased(model, table, adapt_on_names=True)
    shown = db.session.scalar(
        sa.select(sa.func.count()).select_from(table).where(visible(listed, actor, permission))
    )
    assert bool(shown) is can(actor, permission, row), (held, permission, columns)


def test_nobody_may_nothing_and_the_system_everything(context: Flask) -> None:
    for permission in Permission:
        assert not can(ANONYMOUS, permission)
        assert can(SYSTEM, permission, Delivery(id=1))


def test_refusals_tell_whether_to_sign_in(context: Flask) -> None:
    with pytest.raises(NotSignedIn):
        require(ANONYMOUS, Permission.CERTIFICATE_ISSUE)
    with pytest.raises(NotAllowed):
        require(factories.actor(), Permission.CERTIFICATE_ISSUE)


def test_a_scoped_role_ends_at_its_scope(context: Flask) -> None:
    nominator = make_actor(
        SOMEONE,
        [RoleAssignment(role=Role.NOMINATOR, scope=Reach.ORGANIZATION, scope_id=1)],
    )
    own = Enrollment(nominated_by_id=1, delivery_id=9, person_id=9)
    other = Enrollment(nominated_by_id=2, delivery_id=9, person_id=9)
    assert can(nominator, Permission.ENROLLMENT_READ, own)
    assert not can(nominator, Permission.ENROLLMENT_READ, other)
    assert can(
        nominator,
        Permission.ENROLLMENT_READ,
        Enrollment(nominated_by_id=2, delivery_id=9, person_id=2),
    ), "about oneself"


def test_a_nominator_without_an_organization_may_nominate_nobody() -> None:
    actor = make_actor(
        SOMEONE,
        [RoleAssignment(role=Role.NOMINATOR, scope=Reach.EVERYWHERE, scope_id=0)],
    )
    assert not can(actor, Permission.ENROLLMENT_NOMINATE)


def test_only_administrators_manage_accounts() -> None:
    holders = {role for role, granted in ROLES.items() if Permission.ACCOUNT_MANAGE in granted}
    assert holders == {Role.ADMINISTRATOR}
