"""Results that were opened again to be corrected"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUSES = (
    "requested",
    "waitlisted",
    "offered",
    "confirmed",
    "declined",
    "withdrawn",
    "substituted",
    "attended",
    "completed",
    "not_completed",
    "no_show",
)


def upgrade() -> None:
    op.create_table(
        "reopening",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column(
            "result",
            sa.Enum(
                *STATUSES,
                name="enrollmentstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("lacking", sa.JSON(), nullable=True),
        sa.Column("reopened_by_id", sa.Integer(), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_reopening_enrollment_id")
        ),
        sa.ForeignKeyConstraint(
            ["reopened_by_id"], ["person.id"], name=op.f("fk_reopening_reopened_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reopening")),
    )
    op.create_index(op.f("ix_reopening_enrollment_id"), "reopening", ["enrollment_id"])


def downgrade() -> None:
    op.drop_table("reopening")
