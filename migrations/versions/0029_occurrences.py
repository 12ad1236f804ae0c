"""People and certificates are found by any part of a name, address or number, and by status,
without reading every row"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None

#: What a linter would refuse, and why it is right here.
ACCEPTED = {
    "require-concurrent-index-creation": "0.2.0 is installed while every process is stopped",
    "require-concurrent-index-deletion": "0.2.0 is installed while every process is stopped",
}

#: The extension has a schema of its own: a restore renames and drops the one of the tables.
TRIGRAMS = "trigrams"
SEARCHED = {
    "person": ("search_names", "email", "identifier_key"),
    "certificate": ("holder_words", "number"),
}


def upgrade() -> None:
    _merged_index("merged_into_id IS NOT NULL")
    op.create_index("ix_certificate_valid_until", "certificate", ["valid_until"])
    op.create_index(
        "ix_certificate_status_id_valid_until", "certificate", ["status", "id", "valid_until"]
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_trigrams()
    else:
        for table, columns in SEARCHED.items():
            _sqlite_trigrams(table, columns)


def _merged_index(only: str | None) -> None:
    """Of the few that were merged. With everyone in it, SQLite took it for the way to those who
    were not, and sorted them all for the first page."""
    where = sa.text(only) if only else None
    op.drop_index("ix_person_merged_into_id", "person")
    op.create_index(
        "ix_person_merged_into_id",
        "person",
        ["merged_into_id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _sqlite_trigrams(table: str, columns: tuple[str, ...]) -> None:
    """A table of trigrams that triggers keep in step. Who makes the searched table anew later makes
    the triggers anew too: SQLite drops them with it."""
    index, names = f"{table}_trigrams", ", ".join(columns)
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("old", "new"))
    op.execute(
        f"CREATE VIRTUAL TABLE {index} USING fts5({names}, content='{table}', content_rowid='id', "
        "detail=none, columnsize=0, tokenize='trigram')"
    )
    insert = f"INSERT INTO {index}(rowid, {names}) VALUES (new.id, {new});"
    delete = f"INSERT INTO {index}({index}, rowid, {names}) VALUES ('delete', old.id, {old});"
    op.execute(f"CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN {insert} END")
    op.execute(f"CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN {delete} END")
    op.execute(
        f"CREATE TRIGGER {index}_update AFTER UPDATE OF {names} ON {table} "
        f"BEGIN {delete} {insert} END"
    )
    op.execute(f"INSERT INTO {index}({index}) VALUES ('rebuild')")


def _postgresql_trigrams() -> None:
    """Where the extension is not there and this role may not add it, everything still works, and
    searches read every row as before."""
    indexes = " ".join(
        f"CREATE INDEX ix_{table}_trigrams ON {table} USING gin ({{}});".format(
            ", ".join(f"{name} {TRIGRAMS}.gin_trgm_ops" for name in columns)
        )
        for table, columns in SEARCHED.items()
    )
    op.execute(
        f"DO $$ BEGIN CREATE SCHEMA IF NOT EXISTS {TRIGRAMS}; "
        f"CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA {TRIGRAMS}; {indexes} "
        "EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file "
        "OR undefined_object THEN NULL; END $$"
    )
    kept = "SELECT count(*) FROM pg_indexes WHERE indexname = 'ix_person_trigrams'"
    if not op.get_bind().exec_driver_sql(kept).scalar():
        print(
            "PostgreSQL's extension pg_trgm cannot be used: searching people and certificates "
            "reads every row. To change that, see docs/how-to/deploy.md."
        )


def downgrade() -> None:
    """The extension stays: someone else may use it by now."""
    for table in SEARCHED:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP INDEX IF EXISTS ix_{table}_trigrams")
        else:
            for act in ("insert", "delete", "update"):
                op.execute(f"DROP TRIGGER {table}_trigrams_{act}")
            op.execute(f"DROP TABLE {table}_trigrams")
    op.drop_index("ix_certificate_status_id_valid_until", "certificate")
    op.drop_index("ix_certificate_valid_until", "certificate")
    _merged_index(None)
