"""Codes that differ only in case are one

Where two rows have such codes already, the one made first keeps its code. A later course, delivery
or organization gets a number behind its code ("gti" becomes "gti-2"); a later skill is merged into
the first, because certificates prove both by the same words. The upgrade's log names each.
"""

import json
import logging
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("course", "delivery", "organization", "skill")
log = logging.getLogger("alembic.runtime.migration")


def upgrade() -> None:
    connection = op.get_bind()
    _merge_skills(connection)
    for table in ("course", "delivery", "organization"):
        _rename(connection, table)
    same = "code COLLATE NOCASE" if connection.dialect.name == "sqlite" else "lower(code)"
    for table in TABLES:
        op.execute(f"CREATE UNIQUE INDEX uq_any_case_{table} ON {table} ({same})")


def downgrade() -> None:
    """The codes stay: what was renamed or merged is as good in the older release."""
    for table in TABLES:
        op.execute(f"DROP INDEX uq_any_case_{table}")


def _twins(connection: sa.Connection, table: str) -> Iterator[tuple[int, str, int, str]]:
    """(id, code, the id and code of the first row with the same code) of each later row."""
    first: dict[str, tuple[int, str]] = {}
    for row_id, code in connection.execute(
        sa.text(f"SELECT id, code FROM {table} ORDER BY id")
    ).all():
        found = first.setdefault(code.lower(), (row_id, code))
        if found[0] != row_id:
            yield row_id, code, *found


def _rename(connection: sa.Connection, table: str) -> None:
    twins = list(_twins(connection, table))
    taken = {code.lower() for (code,) in connection.execute(sa.text(f"SELECT code FROM {table}"))}
    for row_id, code, _, first in twins:
        number = 2
        while (free := f"{code[: 59 - len(str(number))]}-{number}").lower() in taken:
            number += 1
        taken.add(free.lower())
        connection.execute(
            sa.text(f"UPDATE {table} SET code = :code WHERE id = :id"), {"code": free, "id": row_id}
        )
        if table == "course":
            _rename_prerequisite(connection, code, free)
        log.warning("%s %s is now %s, because %s is the same code", table, code, free, first)


def _rename_prerequisite(connection: sa.Connection, code: str, free: str) -> None:
    versions = sa.table(
        "course_version", sa.column("id", sa.Integer), sa.column("prerequisites", sa.JSON)
    )
    for version_id, asked in connection.execute(
        sa.select(versions.c.id, versions.c.prerequisites)
    ).all():
        asked = json.loads(asked) if isinstance(asked, str) else asked
        if code in asked:
            renamed = [free if one == code else one for one in asked]
            connection.execute(
                versions.update().where(versions.c.id == version_id).values(prerequisites=renamed)
            )


def _merge_skills(connection: sa.Connection) -> None:
    for later, code, first, first_code in list(_twins(connection, "skill")):
        ids = {"later": later, "first": first}
        for table, other in (("skill_grant", "version_id"), ("expert_skill", "certificate_id")):
            connection.execute(
                sa.text(
                    f"DELETE FROM {table} WHERE skill_id = :later AND {other} IN "
                    f"(SELECT {other} FROM {table} AS kept WHERE kept.skill_id = :first)"
                ),
                ids,
            )
            connection.execute(
                sa.text(f"UPDATE {table} SET skill_id = :first WHERE skill_id = :later"), ids
            )
        connection.execute(sa.text("DELETE FROM skill WHERE id = :later"), ids)
        log.warning(
            "skill %s is merged into %s: after the upgrade, run flask roster rebuild",
            code,
            first_code,
        )
