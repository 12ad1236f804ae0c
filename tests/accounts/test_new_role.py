"""A role is a row of accounts/roles.py: with its words and a migration it can be given
everywhere, and is documented."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from accounts.models import RoleAssignment
from accounts.roles import ASSIGNABLE, SCOPES, WITHIN, Role
from accounts.services import assign_role
from core.database import db, transaction
from core.policy import SYSTEM, Reach
from core.settings import ROOT
from core.words import word
from people.models import Organization
from people.queries.bodies import first_body
from scripts.write_docs import permissions
from tests import factories
from tests.browsing import Browser

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("role_assignment") as batch:
        batch.drop_constraint("role", type_="check")
        batch.create_check_constraint("role", sa.column("role").in_({roles}))
"""


@pytest.mark.parametrize("role", ASSIGNABLE)
def test_a_role_is_given_within_its_body_and_offered(
    app: Flask, sign_in: Callable[..., Browser], role: Role
) -> None:
    with app.app_context():
        person, boss, body = factories.person().id, factories.actor(Role.ADMINISTRATOR), _body(role)
        scope = next(iter(SCOPES[role] - {Reach.DELIVERY}))
        with transaction():
            assign_role(SYSTEM, person, role, scope=scope, scope_id=body.id if body else 0)
        assert db.session.query(RoleAssignment).filter_by(person_id=person).one().role is role
    page = sign_in(boss).get(f"/administration/people/{person}")
    assert f'<option value="{role.value}"' in page.response.get_data(as_text=True)
    assert word(role) in page.text and word(role) != role.value
    assert f"| {role} " in permissions()


def _body(role: Role) -> Organization | None:
    if role not in WITHIN:
        return None
    return factories.organization() if role is Role.NOMINATOR else first_body(WITHIN[role][0])


def invent(copy: Path) -> list[str]:
    """An observer, who reads what a training centre's deliveries are: the files that were
    touched."""
    roles = copy / "accounts/roles.py"
    text = roles.read_text(encoding="utf-8")
    within = "Role.COORDINATOR: (BodyKind.CENTRE, Reach.CENTRE),"
    for old, new in (
        (
            '    ROSTER = "roster"',
            '    OBSERVER = "observer", _p("role", "Observer")\n    ROSTER = "roster"',
        ),
        (f"    {within}\n", f"    {within}\n    {within.replace('COORDINATOR', 'OBSERVER')}\n"),
        (
            "    Role.ROSTER: {\n",
            "    Role.OBSERVER: {P.DELIVERY_READ: CENTRE},\n    Role.ROSTER: {\n",
        ),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    roles.write_text(text)
    head = (copy / "migrations/HEAD").read_text().strip()
    names = [*(role.value for role in Role), "observer"]
    (copy / "migrations/versions/9998_invented.py").write_text(
        MIGRATION.format(head=head, roles=names)
    )
    (copy / "migrations/HEAD").write_text("9998\n")  # the migration's own number
    return ["accounts/roles.py", "migrations/HEAD", "migrations/versions/9998_invented.py"]


@pytest.mark.skipif(
    (ROOT / "migrations/versions/9998_invented.py").exists(), reason="this is the copy"
)
def test_an_invented_role_is_assignable_and_documented(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "instance", "screenshots"),
    )
    assert len(invent(copy)) <= 3
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "observer",
        "-rA",
    ]
    ran = subprocess.run(
        [*command, "tests/accounts/test_new_role.py"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "-observer]" in ran.stdout
