"""Nothing before its time: sessions that are not held, the cut-off of the waiting list, and
people whose delivery was cancelled"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BEFORE = (
    "requested",
    "waitlisted",
    "offered",
    "confirmed",
    "declined",
    "withdrawn",
    "substituted",
    "attended",
    "completed",
    "not_completed",
    "no_show",
)
AFTER = ("unconfirmed", *BEFORE[:7], "delivery_cancelled", *BEFORE[7:])
LIVE = (
    "status IN ('requested', 'waitlisted', 'offered', 'confirmed', 'attended', 'completed', "
    "'not_completed', 'no_show')"
)


def upgrade() -> None:
    op.add_column(
        "delivery", sa.Column("promotion_days", sa.Integer(), server_default="21", nullable=False)
    )
    op.add_column(
        "delivery_session", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("delivery_session", sa.Column("cancel_reason", sa.String(500), nullable=True))
    _statuses(AFTER)
    # Whoever was still there when a delivery was cancelled got its reason; who withdrew before
    # keeps the own one.
    op.execute(
        sa.text(
            "UPDATE enrollment SET status = 'delivery_cancelled' WHERE status = 'withdrawn' AND "
            "EXISTS (SELECT 1 FROM delivery WHERE delivery.id = enrollment.delivery_id AND "
            "delivery.status = 'cancelled' AND delivery.cancel_reason = enrollment.reason)"
        )
    )


def _statuses(names: Iterable[str]) -> None:
    """The constraints on the statuses. The index of the one living enrollment is made anew:
    SQLite copies the table."""
    op.drop_index("uq_enrollment_live", table_name="enrollment")
    for table, column in (("enrollment", "status"), ("reopening", "result")):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint("enrollmentstatus", type_="check")
            batch.create_check_constraint("enrollmentstatus", sa.column(column).in_(list(names)))
    live = sa.text(LIVE)
    op.create_index(
        "uq_enrollment_live",
        "enrollment",
        ["delivery_id", "person_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    op.execute(
        sa.text(
            "UPDATE enrollment SET status = 'withdrawn' WHERE status IN ('delivery_cancelled', "
            "'unconfirmed')"
        )
    )
    _statuses(BEFORE)
    op.drop_column("delivery_session", "cancel_reason")
    op.drop_column("delivery_session", "cancelled_at")
    op.drop_column("delivery", "promotion_days")
