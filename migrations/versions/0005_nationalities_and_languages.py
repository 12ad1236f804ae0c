"""Nationalities beside the sending country, and languages that have three letters

SQLite keeps texts of any length in any column, so only PostgreSQL's columns are widened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LANGUAGES = ("person", "delivery", "expert_language")


def upgrade() -> None:
    for table in ("person", "nomination"):
        op.add_column(
            table, sa.Column("nationalities", sa.JSON(), server_default="[]", nullable=False)
        )
    _widen(2, 3)


def downgrade() -> None:
    """Languages that have three letters have no place in two: they become English for people,
    and are lost for experts."""
    connection = op.get_bind()
    connection.execute(sa.text("DELETE FROM expert_language WHERE length(language) > 2"))
    for table in ("person", "delivery"):
        connection.execute(
            sa.text(f"UPDATE {table} SET language = 'en' WHERE length(language) > 2")
        )
    _widen(3, 2)
    for table in ("nomination", "person"):
        op.drop_column(table, "nationalities")


def _widen(before: int, after: int) -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in LANGUAGES:
        op.alter_column(
            table,
            "language",
            existing_type=sa.String(before),
            type_=sa.String(after),
            existing_nullable=False,
        )
