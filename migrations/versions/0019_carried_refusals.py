"""A no that a merge carried over knows its merge, so that undoing the merge takes it back"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite cannot make a table anew to which others refer, but it can add a column.
    op.execute(
        "ALTER TABLE consent ADD COLUMN merge_id INTEGER CONSTRAINT fk_consent_merge_id "
        "REFERENCES merge (id)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE consent DROP COLUMN merge_id")
