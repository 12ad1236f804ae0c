"""The trail's head follows its entries, nothing replaces an entry; a register of void numbers"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WORDS = "the audit trail is append-only"
#: An entry comes after the last one and repeats no digest: INSERT OR REPLACE would otherwise delete
#: the entry it meets, and SQLite asks no DELETE trigger about that.
IS_NEXT = "NEW.number = (SELECT coalesce(max(number), 0) + 1 FROM audit_entry)"
IS_NEW = "NOT EXISTS (SELECT 1 FROM audit_entry WHERE digest = NEW.digest)"
#: The head moves forward only, to the last entry and its digest.
FOLLOWS = (
    "NEW.id = OLD.id AND NEW.number > OLD.number AND NEW.number = (SELECT max(number) FROM "
    "audit_entry) AND NEW.digest = (SELECT digest FROM audit_entry WHERE number = NEW.number)"
)


def upgrade() -> None:
    op.create_table(
        "void_numbers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(length=60), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_void_numbers")),
    )
    op.create_index(op.f("ix_void_numbers_series"), "void_numbers", ["series"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    guard = "BEGIN SELECT raise(ABORT, '" + WORDS + "'); END"
    op.execute(
        f"CREATE TRIGGER audit_next BEFORE INSERT ON audit_entry WHEN NOT ({IS_NEXT} AND "
        f"{IS_NEW}) {guard}"
    )
    op.execute(f"CREATE TRIGGER audit_head_one BEFORE INSERT ON audit_head {guard}")
    op.execute(f"CREATE TRIGGER audit_head_kept BEFORE DELETE ON audit_head {guard}")
    op.execute(
        "CREATE TRIGGER audit_head_follows BEFORE UPDATE ON audit_head WHEN NOT "
        f"coalesce({FOLLOWS}, 0) {guard}"
    )


def _postgresql() -> None:
    for name, condition in (("audit_is_next", IS_NEXT), ("audit_head_follows", FOLLOWS)):
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF ({condition}) IS NOT TRUE THEN RAISE EXCEPTION '{WORDS}'; END IF; RETURN NEW; "
            "END $$"
        )
    op.execute(
        "CREATE TRIGGER audit_next BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION "
        "audit_is_next()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_follows BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE "
        "FUNCTION audit_head_follows()"
    )
    op.execute(
        "CREATE TRIGGER audit_head_kept BEFORE INSERT OR DELETE OR TRUNCATE ON audit_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("audit_next", "audit_head_one", "audit_head_kept", "audit_head_follows"):
            op.execute(f"DROP TRIGGER {name}")
    else:
        op.execute("DROP TRIGGER audit_next ON audit_entry")
        op.execute("DROP TRIGGER audit_head_follows ON audit_head")
        op.execute("DROP TRIGGER audit_head_kept ON audit_head")
        op.execute("DROP FUNCTION audit_is_next()")
        op.execute("DROP FUNCTION audit_head_follows()")
    op.drop_index(op.f("ix_void_numbers_series"), table_name="void_numbers")
    op.drop_table("void_numbers")
