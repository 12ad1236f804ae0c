"""Bodies: organizations have kinds; courses, deliveries, enrollments and certificates belong to
a centre; roles are given within one"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OLD_REACHES = ("everywhere", "organization", "delivery", "self")
REACHES = (*OLD_REACHES, "centre", "office")
organization = sa.table(
    "organization",
    sa.column("id", sa.Integer),
    sa.column("code"),
    sa.column("name"),
    sa.column("kinds", sa.JSON),
    sa.column("two_person_revocation", sa.Boolean),
    sa.column("is_first", sa.Boolean),
)
held = sa.table(
    "role_assignment",
    sa.column("id", sa.Integer),
    sa.column("person_id", sa.Integer),
    sa.column("role"),
    sa.column("scope"),
    sa.column("scope_id", sa.Integer),
)


def upgrade() -> None:
    op.add_column(
        "organization",
        sa.Column("kinds", sa.JSON(), nullable=False, server_default='["nominator"]'),
    )
    op.add_column("organization", sa.Column("title", sa.JSON(), nullable=True))
    op.add_column("organization", sa.Column("contact_email", sa.String(254), nullable=True))
    op.add_column(
        "organization",
        sa.Column("two_person_revocation", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "organization",
        sa.Column("is_first", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("mail", sa.Column("reply_to", sa.String(254), nullable=True))
    connection = op.get_bind()
    centre, office = (
        _first(connection, *one) for one in (("CENTRE", "centre"), ("ROSTER", "roster_office"))
    )
    for table in ("course", "delivery", "enrollment", "certificate"):
        op.add_column(table, sa.Column("centre_id", sa.Integer(), nullable=True))
        rows = sa.table(table, sa.column("centre_id", sa.Integer))
        connection.execute(rows.update().values(centre_id=centre))
    op.add_column("delivery", sa.Column("funder_id", sa.Integer(), nullable=True))
    for table in ("course", "delivery", "enrollment", "certificate"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column("centre_id", existing_type=sa.Integer(), nullable=False)
            batch.create_foreign_key(
                op.f(f"fk_{table}_centre_id"), "organization", ["centre_id"], ["id"]
            )
            if table == "delivery":
                batch.create_foreign_key(
                    op.f("fk_delivery_funder_id"), "organization", ["funder_id"], ["id"]
                )
    op.create_index("ix_delivery_centre_id", "delivery", ["centre_id"])
    op.create_index("ix_certificate_centre_id", "certificate", ["centre_id"])
    _one_in_any_case("course", "delivery")
    _reaches(REACHES)
    _move_roles(connection, ("trainer", "coordinator"), "centre", centre)
    _move_roles(connection, ("roster",), "office", office)


def _first(connection: sa.Connection, code: str, kind: str) -> int:
    """The body of this kind that there is from the start. It is called as the settings say; its
    code is free."""
    taken = {one.lower() for (one,) in connection.execute(sa.select(organization.c.code))}
    free, number = code, 2
    while free.lower() in taken:
        free, number = f"{code}-{number}", number + 1
    name = current_app.extensions["settings"].issuer["en"][:200]
    facts = {
        "code": free,
        "name": name,
        "kinds": [kind],
        "two_person_revocation": False,
        "is_first": True,
    }
    return connection.execute(
        organization.insert().values(facts).returning(organization.c.id)
    ).scalar_one()


def _one_in_any_case(*tables: str) -> None:
    """SQLite has just made these tables anew, and forgot how their indexes compare (see 0012)."""
    if op.get_bind().dialect.name == "sqlite":
        for table in tables:
            op.execute(f"DROP INDEX IF EXISTS uq_any_case_{table}")
            op.execute(f"CREATE UNIQUE INDEX uq_any_case_{table} ON {table} (code COLLATE NOCASE)")


def _reaches(names: Iterable[str]) -> None:
    with op.batch_alter_table("role_assignment") as batch:
        batch.drop_constraint("reach", type_="check")
        batch.create_check_constraint("reach", sa.column("scope").in_(list(names)))


def _move_roles(connection: sa.Connection, roles: Sequence[str], scope: str, body_id: int) -> None:
    everywhere = held.c.role.in_(roles), held.c.scope == "everywhere"
    connection.execute(held.update().where(*everywhere).values(scope=scope, scope_id=body_id))


def downgrade() -> None:
    connection = op.get_bind()
    within = held.c.scope.in_(("centre", "office"))
    first = (
        sa.select(sa.func.min(held.c.id))
        .where(within)
        .group_by(held.c.person_id, held.c.role)
        .scalar_subquery()
    )
    connection.execute(held.delete().where(within, held.c.id.not_in(first)))
    connection.execute(held.update().where(within).values(scope="everywhere", scope_id=0))
    _reaches(OLD_REACHES)
    op.drop_index("ix_certificate_centre_id", table_name="certificate")
    op.drop_index("ix_delivery_centre_id", table_name="delivery")
    for table in ("certificate", "enrollment", "delivery", "course"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(f"fk_{table}_centre_id", type_="foreignkey")
            batch.drop_column("centre_id")
            if table == "delivery":
                batch.drop_constraint("fk_delivery_funder_id", type_="foreignkey")
                batch.drop_column("funder_id")
    _one_in_any_case("course", "delivery")
    _drop_first(connection)
    op.drop_column("mail", "reply_to")
    for column in ("is_first", "two_person_revocation", "contact_email", "title", "kinds"):
        op.drop_column("organization", column)


def _drop_first(connection: sa.Connection) -> None:
    """The bodies that the upgrade made, unless somebody was nominated by them since."""
    statement = organization.delete().where(organization.c.is_first.is_(True))
    for table, column in (
        ("enrollment", "nominated_by_id"),
        ("nomination", "organization_id"),
        ("nomination_draft", "organization_id"),
        ("certificate", "organization_id"),
    ):
        named = sa.table(table, sa.column(column, sa.Integer))
        statement = statement.where(~sa.exists().where(named.c[column] == organization.c.id))
    connection.execute(statement)
