"""Certificates that are suspended, revocations that two people decide, and reasons that say nothing
about a person's conduct

Misconduct and other become “recognition withdrawn”, plagiarism becomes “fraud”; the notes stay.
Which certificates were changed, and from what, is one entry (or several) of the audit trail. The
roster no longer keeps why a skill was withdrawn.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from alembic import op

# The entries must be as the code checks them, so they are made by it and not by a copy.
from core import clock
from core.audit import chained
from core.checkpoints import canonical

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

RENAMED = {
    "misconduct": "recognition_withdrawn",
    "other": "recognition_withdrawn",
    "plagiarism": "fraud",
}
#: The older release does not know the newer reasons.
RENAMED_BACK = {
    "recognition_withdrawn": "other",
    "fraud": "plagiarism",
    "wrong_person": "issued_in_error",
}
REASONS = ("issued_in_error", "wrong_person", "fraud", "recognition_withdrawn")
STATUSES = ("valid", "suspended", "superseded", "revoked")
PER_ENTRY = 500

certificate = sa.table(
    "certificate",
    sa.column("id"),
    sa.column("status"),
    sa.column("reason_code"),
    sa.column("ended_at", sa.DateTime(timezone=True)),
    sa.column("note"),
)
entries = sa.table(
    "audit_entry",
    sa.column("number"),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("actor_id"),
    sa.column("action"),
    sa.column("subject"),
    sa.column("body"),
    sa.column("digest"),
)
head = sa.table("audit_head", sa.column("id"), sa.column("number"), sa.column("digest"))


def upgrade() -> None:
    connection = op.get_bind()
    _rename(connection, RENAMED)
    _make_tables()
    op.drop_index("uq_certificate_valid", table_name="certificate")
    _allow(STATUSES)
    _one_place("status IN ('valid', 'suspended')")
    with op.batch_alter_table("expert_skill") as table:
        table.drop_constraint("uq_expert_skill_certificate_id_skill_id", type_="unique")
        table.drop_column("withdrawn_reason")
    standing = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_expert_skill_standing",
        "expert_skill",
        ["certificate_id", "skill_id"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def _make_tables() -> None:
    op.create_table(
        "suspension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suspended_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.Column("lift_note", sa.String(1000), nullable=True),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_suspension_certificate_id")
        ),
        sa.ForeignKeyConstraint(
            ["suspended_by_id"], ["person.id"], name=op.f("fk_suspension_suspended_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["person.id"], name=op.f("fk_suspension_lifted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    _words = {"native_enum": False, "create_constraint": True, "length": 32}
    op.create_table(
        "revocation_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column(
            "reason_code", sa.Enum(*REASONS, name="revocationreason", **_words), nullable=False
        ),
        sa.Column("note", sa.String(1000), nullable=True),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum("confirmed", "declined", "withdrawn", name="proposaloutcome", **_words),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
            name=op.f("fk_revocation_proposal_certificate_id"),
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["person.id"], name=op.f("fk_revocation_proposal_proposed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_revocation_proposal_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation_proposal")),
    )
    for table, name, column in (
        ("suspension", "uq_suspension_open", "lifted_at"),
        ("revocation_proposal", "uq_revocation_proposal_open", "decided_at"),
    ):
        is_open = sa.text(f"{column} IS NULL")
        op.create_index(f"ix_{table}_certificate_id", table, ["certificate_id"])
        op.create_index(
            name,
            table,
            ["certificate_id"],
            unique=True,
            sqlite_where=is_open,
            postgresql_where=is_open,
        )


def _allow(statuses: Iterable[str]) -> None:
    """The constraint on the statuses; the name is that of the rule of all constraints
    (core/database.py)."""
    with op.batch_alter_table("certificate") as table:
        table.drop_constraint("certificatestatus", type_="check")
        table.create_check_constraint("certificatestatus", sa.column("status").in_(list(statuses)))


def _one_place(condition: str) -> None:
    where = sa.text(condition)
    op.create_index(
        "uq_certificate_valid",
        "certificate",
        ["enrollment_id"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def _rename(connection: sa.Connection, words: Mapping[str, str]) -> None:
    """The reasons under their new words, and an entry of the trail that lists each certificate
    with its old and its new one."""
    wrong = sa.select(certificate.c.id, certificate.c.reason_code).where(
        certificate.c.reason_code.in_(list(words))
    )
    changed = [
        [row.id, row.reason_code, words[row.reason_code]]
        for row in connection.execute(wrong.order_by(certificate.c.id))
    ]
    for before, after in words.items():
        connection.execute(
            sa.update(certificate)
            .where(certificate.c.reason_code == before)
            .values(reason_code=after)
        )
    for start in range(0, len(changed), PER_ENTRY):
        _record(
            connection,
            "certificate.reasons_renamed",
            {"certificates": changed[start : start + PER_ENTRY]},
        )


def _record(connection: sa.Connection, action: str, facts: dict) -> None:
    """An entry at the end of the chain, as `core.audit` makes it."""
    number, digest = connection.execute(
        sa.select(head.c.number, head.c.digest).where(head.c.id == 1).with_for_update()
    ).one()
    now = clock.now()
    at = now.isoformat(timespec="milliseconds")
    subject = f"migration:{revision}"
    body = canonical(
        {
            "at": at,
            "actor": "system",
            "token": None,
            "on_behalf_of": None,
            "action": action,
            "subject": subject,
            "facts": facts,
        }
    )
    values = {
        "number": number + 1,
        "at": now.fromisoformat(at),
        "actor_id": None,
        "action": action,
        "subject": subject,
        "body": body,
        "digest": chained(digest, number + 1, body),
    }
    connection.execute(sa.insert(entries).values(values))
    connection.execute(
        sa.update(head).where(head.c.id == 1).values(number=number + 1, digest=values["digest"])
    )


def downgrade() -> None:
    """What is suspended must not count, and the older release knows only one word for that: it
    is revoked there. Its skills have been withdrawn already; of a skill's periods the last one
    stays."""
    connection = op.get_bind()
    _end_suspended(connection)
    _rename(connection, RENAMED_BACK)
    op.drop_index("uq_expert_skill_standing", table_name="expert_skill")
    op.execute(
        "DELETE FROM expert_skill WHERE EXISTS (SELECT 1 FROM expert_skill AS later WHERE "
        "later.certificate_id = expert_skill.certificate_id AND later.skill_id = "
        "expert_skill.skill_id AND later.id > expert_skill.id)"
    )
    with op.batch_alter_table("expert_skill") as table:
        table.add_column(sa.Column("withdrawn_reason", sa.String(40), nullable=True))
        table.create_unique_constraint(
            "uq_expert_skill_certificate_id_skill_id", ["certificate_id", "skill_id"]
        )
    op.execute(
        "UPDATE expert_skill SET withdrawn_reason = (SELECT coalesce(reason_code, status) FROM "
        "certificate WHERE certificate.id = "
        "expert_skill.certificate_id) WHERE withdrawn_at IS NOT NULL"
    )
    op.drop_index("uq_certificate_valid", table_name="certificate")
    _allow([one for one in STATUSES if one != "suspended"])
    _one_place("status = 'valid'")
    op.drop_table("revocation_proposal")
    op.drop_table("suspension")


def _end_suspended(connection: sa.Connection) -> None:
    suspension = sa.table(
        "suspension",
        sa.column("certificate_id"),
        sa.column("suspended_at", sa.DateTime(timezone=True)),
        sa.column("lifted_at"),
        sa.column("note"),
    )
    is_open = sa.select(suspension).where(suspension.c.lifted_at.is_(None))
    ended = []
    for row in connection.execute(is_open.order_by(suspension.c.certificate_id)).all():
        own = sa.update(certificate).where(
            certificate.c.id == row.certificate_id, certificate.c.status == "suspended"
        )
        values = {
            "status": "revoked",
            "reason_code": "recognition_withdrawn",
            "note": row.note,
            "ended_at": row.suspended_at,
        }
        if connection.execute(own.values(values)).rowcount:
            ended.append(row.certificate_id)
    if ended:
        _record(connection, "certificate.suspended_ones_revoked", {"certificates": ended})
