"""In what capacity people come: contingent, observer or staff officer, individual police, formed
police unit"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = ("enrollment", "expert")
KINDS = "'contingent', 'observer_or_staff_officer', 'individual_police', 'formed_police_unit'"


def upgrade() -> None:
    """A column with its own check: SQLite need not copy the table."""
    for table in TABLES:
        check = f"CONSTRAINT ck_{table}_subcategory CHECK (subcategory IN ({KINDS}))"
        op.execute(f"ALTER TABLE {table} ADD COLUMN subcategory VARCHAR(32) {check}")


def downgrade() -> None:
    """With its check, which stands apart from it once SQLite has copied the table."""
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint("subcategory", type_="check")
            batch.drop_column("subcategory")
