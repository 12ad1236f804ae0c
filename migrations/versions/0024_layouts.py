"""A course says in which layout its certificates are printed: there was one"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "course", sa.Column("layout", sa.String(40), nullable=False, server_default="sheet")
    )


def downgrade() -> None:
    op.execute("ALTER TABLE course DROP COLUMN layout")
