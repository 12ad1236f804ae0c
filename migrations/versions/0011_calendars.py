"""Deliveries know what calendars go by"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delivery") as table:
        table.add_column(sa.Column("calendar_uid", sa.String(32), nullable=True))
        table.add_column(sa.Column("calendar_sequence", sa.Integer(), nullable=True))
        table.add_column(
            sa.Column("calendar_changed_at", sa.DateTime(timezone=True), nullable=True)
        )
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT id FROM delivery")).all():
        # The identifier is new, because the earlier one contained the host name. Calendars that
        # already have the delivery show it twice (see CHANGES.md).
        connection.execute(
            sa.text(
                "UPDATE delivery SET calendar_uid = :uid, calendar_sequence = rev, "
                "calendar_changed_at = published_at WHERE id = :id"
            ),
            {"uid": secrets.token_hex(16), "id": row.id},
        )
    with op.batch_alter_table("delivery") as table:
        table.alter_column("calendar_uid", existing_type=sa.String(32), nullable=False)
        table.alter_column("calendar_sequence", existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("delivery") as table:
        table.drop_column("calendar_changed_at")
        table.drop_column("calendar_sequence")
        table.drop_column("calendar_uid")
