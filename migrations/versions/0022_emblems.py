"""A centre has an emblem of its own: certificates showed that of the application"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "emblem",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_emblem"),
    )
    # SQLite cannot make a table anew to which others refer, but it can add a column.
    op.execute(
        "ALTER TABLE organization ADD COLUMN emblem_sha256 VARCHAR(64)"
        " CONSTRAINT fk_organization_emblem_sha256 REFERENCES emblem (sha256)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE organization DROP COLUMN emblem_sha256")
    op.drop_table("emblem")
