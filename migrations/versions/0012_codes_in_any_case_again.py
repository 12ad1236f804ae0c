"""The index that keeps two deliveries from differing in case only, made again

On SQLite a table that is altered is made anew, and Alembic then forgets how its indexes compare.
Whoever alters one of the tables of 0007 there makes its index again, as here:
tests/courses/test_codes_in_any_case.py fails otherwise.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    same = "code COLLATE NOCASE" if op.get_bind().dialect.name == "sqlite" else "lower(code)"
    op.execute("DROP INDEX IF EXISTS uq_any_case_delivery")
    op.execute(f"CREATE UNIQUE INDEX uq_any_case_delivery ON delivery ({same})")


def downgrade() -> None:
    """The index stays: 0007 takes it away."""
