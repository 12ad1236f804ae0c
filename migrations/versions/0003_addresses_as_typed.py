"""Addresses as typed: people are recognised by a key, so that the address itself is never rewritten

The addresses that are kept already were casefolded when they came; what was lost then cannot be
brought back.
"""

import idna
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("email_key", sa.String(length=254), nullable=True))
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE person SET email_key = email"))
    people = connection.execute(
        sa.text("SELECT id, email FROM person WHERE email IS NOT NULL ORDER BY id")
    ).all()
    keys = {email for _, email in people if email.isascii()}
    for person_id, email in people:
        if email.isascii():
            continue
        key: str | None = _key(email)
        # One address, its domain written in two ways: the second row gets no key, and flask check
        # names it.
        if key in keys:
            key = None
        keys.add(key)
        connection.execute(
            sa.text("UPDATE person SET email_key = :key WHERE id = :id"),
            {"key": key, "id": person_id},
        )
    op.create_index(op.f("ix_person_email_key"), "person", ["email_key"], unique=True)


def _key(email: str) -> str:
    local, _, domain = email.rpartition("@")
    try:
        encoded = idna.encode(domain, uts46=True, std3_rules=True, transitional=False)
        return f"{local}@{encoded.decode('ascii').lower()}"
    except idna.IDNAError:
        return email


def downgrade() -> None:
    op.drop_index(op.f("ix_person_email_key"), table_name="person")
    op.drop_column("person", "email_key")
