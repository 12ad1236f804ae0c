"""What an enrollment was before it stood aside, whether a merge moved an address, and what was
said of people whom coordinators entered"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "merge", sa.Column("moves_address", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("enrollment", sa.Column("stood_as", sa.String(32), nullable=True))
    with op.batch_alter_table("nomination") as table:
        table.alter_column("organization_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    """The older release keeps only what organizations said."""
    op.execute("DELETE FROM nomination WHERE organization_id IS NULL")
    with op.batch_alter_table("nomination") as table:
        table.alter_column("organization_id", existing_type=sa.Integer(), nullable=False)
    op.drop_column("enrollment", "stood_as")
    op.drop_column("merge", "moves_address")
