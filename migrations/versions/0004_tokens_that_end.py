"""API tokens have an end, a scope and a last use"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("scope", sa.String(120), nullable=False, server_default="all"))
        table.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
    # Programs that have a token today go on for a year: their owners see the date and renew in
    # time.
    token = sa.table("api_token", sa.column("expires_at", sa.DateTime(timezone=True)))
    op.execute(sa.update(token).values(expires_at=datetime.now(UTC) + timedelta(days=366)))
    with op.batch_alter_table("api_token") as table:
        table.alter_column("expires_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        table.alter_column("scope", existing_type=sa.String(120), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("api_token") as table:
        table.drop_column("used_at")
        table.drop_column("expires_at")
        table.drop_column("scope")
