"""Who is meant: numbers belong to their issuer, a mailbox may be shared, records of one person can
be merged

The issuer of a number that is kept already is the person's country: nobody has said anything else
yet. Whoever shared another person's mailbox now has it as an address of their own; it identifies
neither of them.
"""

import sqlalchemy as sa
from alembic import op

from core.names import number_key

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _free_people()
    connection = op.get_bind()
    connection.execute(
        sa.text("UPDATE person SET issuer_country = country WHERE identifier IS NOT NULL")
    )
    unkeyed = sa.text(
        "SELECT id, identifier FROM person WHERE identifier IS NOT NULL AND identifier_key IS NULL"
    )
    for row in connection.execute(unkeyed).all():
        key = {"key": number_key(row.identifier) or None, "id": row.id}
        connection.execute(sa.text("UPDATE person SET identifier_key = :key WHERE id = :id"), key)
    _add_to_enrollments()
    op.add_column("sign_in_link", sa.Column("mail_id", sa.Integer(), nullable=True))
    for column in (
        sa.Column("identifier_issuer", sa.String(60), nullable=True),
        sa.Column("identifier_kind", sa.String(32), server_default="service", nullable=False),
    ):
        op.add_column("nomination", column)
    _create_tables()
    _give_offices(connection)


def _give_offices(connection: sa.Connection) -> None:
    """Whoever is on the roster is so by the roster office that there is from the start."""
    op.add_column("expert_search", sa.Column("office_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_expert_search_office_id_sort_name_expert_id",
        "expert_search",
        ["office_id", "sort_name", "expert_id"],
    )
    firsts = connection.execute(sa.text("SELECT id, kinds FROM organization WHERE is_first")).all()
    office = next(row.id for row in firsts if "roster_office" in row.kinds)
    for statement in (
        "UPDATE expert SET office_id = :office WHERE status = 'admitted' AND office_id IS NULL",
        "UPDATE admission SET office_id = :office WHERE ended_at IS NULL AND office_id IS NULL",
        "UPDATE expert_search SET office_id = :office",
    ):
        connection.execute(sa.text(statement), {"office": office})


def _free_people() -> None:
    """Takes the uniqueness off addresses and numbers."""
    with op.batch_alter_table("person") as table:
        table.drop_constraint("uq_person_email", type_="unique")
        table.drop_constraint("uq_person_identifier", type_="unique")
        table.drop_index("ix_person_email_key")
        table.drop_index("ix_person_shared_email_key")
        table.add_column(
            sa.Column("identifier_kind", sa.String(32), server_default="service", nullable=False)
        )
        table.add_column(sa.Column("issuer_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("issuer_country", sa.String(2), nullable=True))
        table.add_column(
            sa.Column("is_provisional", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        table.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_person_issuer_id", "organization", ["issuer_id"], ["id"])
        table.create_foreign_key("fk_person_merged_into_id", "person", ["merged_into_id"], ["id"])
        table.create_check_constraint(
            "identifierkind", sa.column("identifier_kind").in_(["service", "passport"])
        )
    op.execute(
        "UPDATE person SET email = shared_email, email_key = shared_email_key WHERE email IS NULL "
        "AND shared_email IS NOT NULL"
    )
    with op.batch_alter_table("person") as table:
        table.drop_column("shared_email")
        table.drop_column("shared_email_key")
    op.create_index("ix_person_email_key", "person", ["email_key"])
    op.create_index("ix_person_identifier_key", "person", ["identifier_key"])
    op.create_index("ix_person_merged_into_id", "person", ["merged_into_id"])


def _add_to_enrollments() -> None:
    with op.batch_alter_table("enrollment") as table:
        table.add_column(sa.Column("origin_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("seat_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_enrollment_origin_id", "person", ["origin_id"], ["id"])
        table.create_foreign_key("fk_enrollment_seat_id", "enrollment", ["seat_id"], ["id"])
    op.execute("UPDATE enrollment SET origin_id = person_id")
    with op.batch_alter_table("enrollment") as table:
        table.alter_column("origin_id", existing_type=sa.Integer(), nullable=False)
    op.create_index("ix_enrollment_origin_id", "enrollment", ["origin_id"])
    op.create_index("ix_enrollment_seat_id", "enrollment", ["seat_id"])


def _create_tables() -> None:
    op.create_table(
        "merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("keep_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            _enum("mergestatus", "proposed", "confirmed", "declined", "undone"),
            nullable=False,
        ),
        sa.Column("is_reviewed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("undone_by_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_merge"),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=f"fk_merge_{name}")
            for name in ("keep_id", "merged_id", "proposed_by_id", "decided_by_id", "undone_by_id")
        ),
    )
    op.create_index("ix_merge_keep_id", "merge", ["keep_id"])
    op.create_index("ix_merge_merged_id", "merge", ["merged_id"])
    op.create_table(
        "identity_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.Integer(), nullable=False),
        sa.Column("status", _enum("questionstatus", "open", "same", "different"), nullable=False),
        sa.Column("agrees", sa.JSON(), nullable=False),
        sa.Column("differs", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_question"),
        sa.UniqueConstraint(
            "enrollment_id", "candidate_id", name="uq_identity_question_enrollment_id_candidate_id"
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name="fk_identity_question_enrollment_id"
        ),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["person.id"], name="fk_identity_question_candidate_id"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name="fk_identity_question_decided_by_id"
        ),
    )
    op.create_index("ix_identity_question_candidate_id", "identity_question", ["candidate_id"])
    op.create_index("ix_identity_question_status_id", "identity_question", ["status", "id"])


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def downgrade() -> None:
    """The later of two people with one address or one number loses it: the older release keeps
    each once."""
    for table in ("expert", "admission"):
        op.execute(f"UPDATE {table} SET office_id = NULL")
    op.drop_index("ix_expert_search_office_id_sort_name_expert_id", table_name="expert_search")
    op.drop_column("expert_search", "office_id")
    op.drop_table("identity_question")
    op.drop_table("merge")
    op.drop_column("nomination", "identifier_kind")
    op.drop_column("nomination", "identifier_issuer")
    op.drop_column("sign_in_link", "mail_id")
    op.execute("UPDATE enrollment SET status = 'withdrawn' WHERE seat_id IS NOT NULL")
    op.drop_index("ix_enrollment_seat_id", table_name="enrollment")
    op.drop_index("ix_enrollment_origin_id", table_name="enrollment")
    with op.batch_alter_table("enrollment") as batch:
        batch.drop_constraint("fk_enrollment_seat_id", type_="foreignkey")
        batch.drop_constraint("fk_enrollment_origin_id", type_="foreignkey")
        batch.drop_column("seat_id")
        batch.drop_column("origin_id")
    for column in ("email_key", "email", "identifier_key"):
        op.execute(
            f"UPDATE person SET {column} = NULL WHERE EXISTS (SELECT 1 FROM person AS first WHERE "
            f"first.{column} = person.{column} AND first.id < person.id)"
        )
    for name in ("merged_into_id", "identifier_key", "email_key"):
        op.drop_index(f"ix_person_{name}", table_name="person")
    with op.batch_alter_table("person") as batch:
        batch.drop_constraint("identifierkind", type_="check")
        batch.drop_constraint("fk_person_merged_into_id", type_="foreignkey")
        batch.drop_constraint("fk_person_issuer_id", type_="foreignkey")
        for column in (
            "merged_into_id",
            "is_provisional",
            "issuer_country",
            "issuer_id",
            "identifier_kind",
        ):
            batch.drop_column(column)
        batch.add_column(sa.Column("shared_email", sa.String(254), nullable=True))
        batch.add_column(sa.Column("shared_email_key", sa.String(254), nullable=True))
        batch.create_unique_constraint("uq_person_email", ["email"])
        batch.create_unique_constraint("uq_person_identifier", ["identifier_key"])
    op.create_index("ix_person_shared_email_key", "person", ["shared_email_key"])
    op.create_index("ix_person_email_key", "person", ["email_key"], unique=True)
