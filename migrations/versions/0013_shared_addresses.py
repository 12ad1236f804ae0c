"""An address that two people share: one signs in with it, the other is only written to"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("shared_email", sa.String(254), nullable=True))
    op.add_column("person", sa.Column("shared_email_key", sa.String(254), nullable=True))
    op.create_index("ix_person_shared_email_key", "person", ["shared_email_key"])


def downgrade() -> None:
    op.drop_index("ix_person_shared_email_key", table_name="person")
    op.drop_column("person", "shared_email_key")
    op.drop_column("person", "shared_email")
