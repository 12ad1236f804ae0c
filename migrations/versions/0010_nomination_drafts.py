"""Rows of a nomination file that are still to be corrected"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "nomination_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_nomination_draft_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_nomination_draft_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_nomination_draft_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination_draft")),
        sa.UniqueConstraint(
            "delivery_id",
            "organization_id",
            "person_id",
            name=op.f("uq_nomination_draft_delivery_id_organization_id_person_id"),
        ),
    )
    for column in ("kept_at", "organization_id", "person_id"):
        op.create_index(
            op.f(f"ix_nomination_draft_{column}"), "nomination_draft", [column], unique=False
        )


def downgrade() -> None:
    op.drop_table("nomination_draft")
