"""A name to print is asked about by itself: a question about it stood for one about two people"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ONCE = "uq_identity_question_enrollment_id_candidate_id"


def upgrade() -> None:
    with op.batch_alter_table("identity_question") as batch:
        batch.add_column(
            sa.Column("is_about_people", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        batch.drop_constraint(ONCE, type_="unique")
        batch.create_unique_constraint(
            f"{ONCE}_is_about_people", ["enrollment_id", "candidate_id", "is_about_people"]
        )
    op.execute(
        "UPDATE identity_question SET is_about_people = false WHERE CAST(differs AS VARCHAR) = "
        "'[\"printed_name\"]'"
    )


def downgrade() -> None:
    """The older release asks once about an enrollment and a person."""
    op.execute("DELETE FROM identity_question WHERE NOT is_about_people")
    with op.batch_alter_table("identity_question") as batch:
        batch.drop_constraint(f"{ONCE}_is_about_people", type_="unique")
        batch.create_unique_constraint(ONCE, ["enrollment_id", "candidate_id"])
        batch.drop_column("is_about_people")
