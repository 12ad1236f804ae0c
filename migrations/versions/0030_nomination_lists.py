"""Long lists of nominations are entered some people at a time"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

STAGES = ("entering", "in", "undoing")


def upgrade() -> None:
    op.add_column("nomination", sa.Column("doubts", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "nomination_list",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("nominated_by_id", sa.Integer(), nullable=True),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("nominees", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            sa.column("stage").in_(STAGES), name=op.f("ck_nomination_list_liststage")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_nomination_list_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_nomination_list_organization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["nominated_by_id"], ["person.id"], name=op.f("fk_nomination_list_nominated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination_list")),
        sa.UniqueConstraint(
            "delivery_id",
            "organization_id",
            name=op.f("uq_nomination_list_delivery_id_organization_id"),
        ),
    )
    for column in ("created_at", "nominated_by_id", "organization_id"):
        op.create_index(op.f(f"ix_nomination_list_{column}"), "nomination_list", [column])
    op.create_table(
        "promised_places",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("seated", sa.Integer(), nullable=False),
        sa.Column("seated_to", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_promised_places_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["nomination_list.id"], name=op.f("fk_promised_places_list_id")
        ),
        sa.PrimaryKeyConstraint("list_id", "category", name=op.f("pk_promised_places")),
    )
    op.create_index(op.f("ix_promised_places_delivery_id"), "promised_places", ["delivery_id"])


def downgrade() -> None:
    op.drop_table("promised_places")
    op.drop_table("nomination_list")
    op.drop_column("nomination", "doubts")
