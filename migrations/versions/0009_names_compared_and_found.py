"""Names are ordered and found by keys of their own; numbers are compared without case, spaces
and hyphens; whose family name comes first"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

# The rows must say what the code says that reads them, so the keys are made by it and not by a
# copy.
from core import names

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Renamed, so that the constraint stays on what is compared: SQLite cannot take it off a table
    # that others refer to.
    op.execute("ALTER TABLE person RENAME COLUMN identifier TO identifier_key")
    op.add_column("person", sa.Column("identifier", sa.String(60), nullable=True))
    op.add_column("person", sa.Column("family_first", sa.Boolean(), nullable=True))
    op.add_column("person", sa.Column("sort_name", names.SORTED, nullable=False, server_default=""))
    op.add_column("person", sa.Column("search_names", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "certificate", sa.Column("holder_words", sa.Text(), nullable=False, server_default="")
    )
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE person SET identifier = identifier_key"))
    _fill_people(connection)
    _fill(
        connection,
        "SELECT id, holder_name FROM certificate",
        "UPDATE certificate SET holder_words = :words WHERE id = :id",
        lambda row: {"id": row.id, "words": names.searched([row.holder_name])},
    )
    _fill(
        connection,
        "SELECT expert_search.expert_id AS id, given_name, family_name, name_on_certificate, "
        "identifier FROM expert_search JOIN expert ON expert.id = expert_search.expert_id "
        "JOIN person ON person.id = expert.person_id",
        "UPDATE expert_search SET sort_name = :sort_name, names = :words WHERE expert_id = :id",
        _document,
    )
    op.create_index("ix_person_identifier", "person", ["identifier"])
    op.create_index("ix_person_sort_name_id", "person", ["sort_name", "id"])


def _fill_people(connection: sa.Connection) -> None:
    """Of two numbers that are one now, the first keeps its key; nobody is found by the other."""
    taken: set[str] = set()

    def person(row: Any) -> dict[str, Any]:
        key = names.number_key(row.identifier or "") or None
        is_first = key is not None and key not in taken
        if key:
            taken.add(key)
        printed = row.name_on_certificate
        if (
            printed == f"{row.given_name} {row.family_name}".strip()
        ):  # nobody chose it: it follows the order of the names
            printed = names.full_name(
                row.given_name, row.family_name, names.Origin(row.country, (), row.language)
            )
        return {
            "id": row.id,
            "key": key if is_first else None,
            "printed": printed,
            "sort_name": names.sort_key(row.given_name, row.family_name),
            "words": names.searched(names.spellings(row.given_name, row.family_name, printed)),
        }

    connection.execute(sa.text("UPDATE person SET identifier_key = NULL"))
    _fill(
        connection,
        "SELECT id, identifier, given_name, family_name, name_on_certificate, country, language "
        "FROM person ORDER BY id",
        "UPDATE person SET identifier_key = :key, name_on_certificate = :printed, sort_name = "
        ":sort_name, search_names = :words WHERE id = :id",
        person,
    )


def _document(row: Any) -> dict[str, Any]:
    spellings = names.spellings(
        row.given_name, row.family_name, row.name_on_certificate, row.identifier
    )
    return {
        "id": row.id,
        "sort_name": names.sort_key(row.given_name, row.family_name),
        "words": names.indexed(spellings),
    }


def _fill(connection: sa.Connection, read: str, write: str, facts: Any) -> None:
    for rows in _thousands(connection.execute(sa.text(read)).all()):
        connection.execute(sa.text(write), [facts(row) for row in rows])


def _thousands(rows: Any) -> Iterator[Any]:
    yield from (rows[start : start + 1000] for start in range(0, len(rows), 1000))


def downgrade() -> None:
    op.drop_index("ix_person_sort_name_id", table_name="person")
    op.drop_index("ix_person_identifier", table_name="person")
    op.execute(
        "UPDATE person SET identifier_key = identifier WHERE identifier_key IS NOT NULL OR NOT "
        "EXISTS (SELECT 1 FROM person AS other WHERE other.identifier = person.identifier AND "
        "other.id <> person.id)"
    )
    op.drop_column("certificate", "holder_words")
    for column in ("search_names", "sort_name", "family_first", "identifier"):
        op.drop_column("person", column)
    op.execute("ALTER TABLE person RENAME COLUMN identifier_key TO identifier")
