"""Mail that arrives: a message has one state, and the ledger holds a ticket only for those that
wait"""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATES = ("kept", "queued", "sent", "refused", "expired", "undelivered")


def states(*names: str) -> sa.Enum:
    return sa.Enum(*names, name="mailstate", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "mail_server",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.String(length=64), nullable=False),
        sa.Column("fault", sa.String(length=40), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offers_utf8", sa.Boolean(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_server")),
    )
    op.add_column("job", sa.Column("give_up_at", sa.Float(precision=53), nullable=True))
    op.create_index(op.f("ix_job_kind_run_after"), "job", ["kind", "run_after"], unique=False)
    op.drop_index(op.f("ix_job_kind"), table_name="job")
    for column in (
        sa.Column("language", sa.String(length=2), server_default="en", nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("mail", column)
    _widen(STATES)
    _carry_across(op.get_bind())


def _widen(names: Iterable[str]) -> None:
    """The constraint on the states; the name is that of the rule of all constraints
    (core/database.py)."""
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_constraint("mailstate", type_="check")
        batch_op.create_check_constraint("mailstate", sa.column("state").in_(list(names)))


def _carry_across(connection: sa.Connection) -> None:
    """The job was the one that knew: a message whose job was given up is undelivered, and only
    what waits keeps its job."""
    mail = sa.table(
        "mail",
        sa.column("id", sa.Integer),
        sa.column("kind"),
        sa.column("state"),
        sa.column("is_secret", sa.Boolean),
        sa.column("person_id"),
        sa.column("language"),
        sa.column("message_id"),
        sa.column("answer"),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("expires_at", sa.DateTime(timezone=True)),
    )
    job = sa.table(
        "job",
        sa.column("kind"),
        sa.column("state"),
        sa.column("dedupe_key"),
        sa.column("error"),
        sa.column("attempts"),
    )
    connection.execute(
        sa.text(
            "UPDATE mail SET language = (SELECT language FROM person WHERE person.id = "
            "mail.person_id) WHERE person_id IN (SELECT id FROM person)"
        )
    )
    tickets = {
        row.dedupe_key: row
        for row in connection.execute(sa.select(job).where(job.c.kind == "mail.send"))
    }
    waiting = connection.execute(sa.select(mail).where(mail.c.state == "queued")).all()
    for one in waiting:
        ticket = tickets.get(f"mail:{one.id}")
        values: dict[str, Any] = {"message_id": f"<{secrets.token_hex(16)}@rostrum.invalid>"}
        if one.is_secret:
            values["expires_at"] = one.created_at + (
                timedelta(minutes=30) if one.kind == "sign_in" else timedelta(days=7)
            )
        if ticket is None or ticket.state not in ("queued", "running"):
            values |= {
                "state": "undelivered",
                "answer": ticket.error if ticket is not None else None,
            }
        connection.execute(sa.update(mail).where(mail.c.id == one.id).values(**values))
    connection.execute(
        sa.text("DELETE FROM job WHERE kind = 'mail.send' AND state NOT IN ('queued', 'running')")
    )


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM mail WHERE state IN ('refused', 'expired', 'undelivered')"))
    op.execute(sa.text("UPDATE job SET kind = 'mail.send' WHERE kind = 'mail.link'"))
    op.execute(sa.text("DELETE FROM job WHERE kind = 'mail.probe'"))
    _widen(STATES[:3])
    for name in ("expires_at", "answer", "message_id", "language"):
        op.drop_column("mail", name)
    op.create_index(op.f("ix_job_kind"), "job", ["kind"], unique=False)
    op.drop_index(op.f("ix_job_kind_run_after"), table_name="job")
    op.drop_column("job", "give_up_at")
    op.drop_table("mail_server")
