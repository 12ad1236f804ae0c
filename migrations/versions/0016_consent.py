"""Consent is a row of its own, and the roster a decision

A yes that the person gave, as the audit trail tells, becomes a consent, and its expert is
"admitted, carried over"; not when something later about the person is in doubt. A refusal stays
one. All others are not asked: `flask people ask` writes to them, never this migration. One entry of
the trail holds the counts; what could not be decided is printed.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

PURPOSES = ("roster", "contact")
WAYS = ("page", "link", "api", "paper", "carried_over")
STATUSES = ("certified", "admitted", "left")
VERSION = "before 2026-11"


def _words(kind: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=kind, native_enum=False, create_constraint=True, length=32)


INSTANT = sa.DateTime(timezone=True)
consent = sa.table(
    "consent",
    sa.column("person_id"),
    sa.column("purpose"),
    sa.column("given", sa.Boolean),
    sa.column("counts", sa.Boolean),
    sa.column("text_version"),
    sa.column("language"),
    sa.column("how"),
    sa.column("at", INSTANT),
)
admission = sa.table(
    "admission", sa.column("expert_id"), sa.column("how"), sa.column("admitted_at", INSTANT)
)
expert = sa.table(
    "expert",
    sa.column("id"),
    sa.column("person_id"),
    sa.column("status"),
    sa.column("consent", sa.Boolean),
)
person = sa.table(
    "person",
    sa.column("id"),
    sa.column("language"),
    sa.column("email_key"),
    sa.column("shared_email_key"),
)
enrollment = sa.table(
    "enrollment",
    sa.column("id"),
    sa.column("person_id"),
    sa.column("enrolled_by_id"),
    sa.column("nominated_by_id"),
    sa.column("roster_consent", sa.Boolean),
    sa.column("created_at", INSTANT),
)
trail = sa.table(
    "audit_entry",
    sa.column("number"),
    sa.column("at", INSTANT),
    sa.column("actor_id"),
    sa.column("action"),
    sa.column("subject"),
    sa.column("body"),
    sa.column("digest"),
)


def upgrade() -> None:
    _make_tables()
    # Column by column: SQLite cannot make a table anew to which others refer.
    words = ", ".join(f"'{one}'" for one in STATUSES)
    op.execute(
        "ALTER TABLE expert ADD COLUMN status VARCHAR(32) DEFAULT 'certified' NOT NULL "
        f"CONSTRAINT expertstatus CHECK (status IN ({words}))"
    )
    op.execute(
        "ALTER TABLE expert ADD COLUMN office_id INTEGER CONSTRAINT fk_expert_office_id "
        "REFERENCES organization (id)"
    )
    connection = op.get_bind()
    if connection.scalar(sa.text("SELECT 1 FROM person LIMIT 1")):
        _carry_over(connection)
    op.execute("ALTER TABLE expert DROP COLUMN consent")


def _make_tables() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("purpose", _words("consentpurpose", *PURPOSES), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.String(20), nullable=False),
        sa.Column("language", sa.String(3), nullable=False),
        sa.Column("how", _words("consentway", *WAYS), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reference", sa.String(120), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("document", sa.String(200), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["person.id"], name=op.f("fk_consent_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_person_id_purpose_id", "consent", ["person_id", "purpose", "id"])
    op.create_table(
        "admission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("expert_id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(80), nullable=True),
        sa.Column(
            "how", _words("admissionway", "reviewed", "rule", "carried_over"), nullable=False
        ),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("admitted_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("end_reason", sa.String(40), nullable=True),
        sa.ForeignKeyConstraint(["expert_id"], ["expert.id"], name=op.f("fk_admission_expert_id")),
        sa.ForeignKeyConstraint(
            ["office_id"], ["organization.id"], name=op.f("fk_admission_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["person.id"], name=op.f("fk_admission_reviewer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission")),
    )
    op.create_index(op.f("ix_admission_expert_id"), "admission", ["expert_id"])
    op.create_table(
        "expert_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("identifier_key", sa.String(60), nullable=True),
        sa.Column("email_key", sa.String(254), nullable=True),
        sa.Column("identity", sa.JSON(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("refused_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_expert_proposal_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["person.id"], name=op.f("fk_expert_proposal_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_proposal")),
        sa.UniqueConstraint("digest", name=op.f("uq_expert_proposal_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_expert_proposal_token_digest")),
    )
    for column in ("person_id", "identifier_key", "email_key", "at"):
        op.create_index(op.f(f"ix_expert_proposal_{column}"), "expert_proposal", [column])


# What people said before


def _carry_over(connection: sa.Connection) -> None:
    now = datetime.now(UTC)
    experts = {
        row.person_id: row
        for row in connection.execute(sa.select(expert.c.id, expert.c.person_id, expert.c.consent))
    }
    said, doubts = _own_answers(connection, experts)
    for row in experts.values():
        if row.consent is False:  # a refusal stays one, whoever noted it
            said[row.person_id] = (said.get(row.person_id, (now, False))[0], False)
    # An answer that is older than what is in doubt decides nothing; one that came later settles it.
    doubts = [
        one
        for one in doubts
        if one[0] not in said or (said[one[0]][1] and said[one[0]][0] <= one[1])
    ]
    in_doubt = {person_id for person_id, _at, _sentence in doubts}
    people = {row.id: row for row in connection.execute(sa.select(person))}
    shared = _shared_keys(people.values())
    rows, admitted = [], []
    counts: Counter[str] = Counter()
    for person_id, (at, given) in sorted(said.items()):
        someone = people[person_id]
        is_shared = bool({someone.email_key, someone.shared_email_key} & shared)
        counted = not given or not (is_shared or person_id in in_doubt)
        rows.append(
            {
                "person_id": person_id,
                "purpose": "roster",
                "given": given,
                "counts": counted,
                "text_version": VERSION,
                "language": someone.language,
                "how": "carried_over",
                "at": at,
            }
        )
        if given and counted and person_id in experts:
            admitted.append(experts[person_id].id)
        if given and is_shared:
            doubts.append((person_id, at, "said yes, but others use the same e-mail address"))
        counts["refused" if not given else "agreed" if counted else "to_confirm"] += 1
    counts["admitted"], counts["not_asked"] = len(admitted), len(experts.keys() - said.keys())
    _keep(connection, rows, admitted, now)
    for person_id, _at, doubt in sorted(doubts, key=lambda one: (one[0], one[2])):
        print(
            f"Not decided: person {person_id}: {doubt}. Not on the roster until the person "
            "answers (flask people ask)."
        )
    summary = ", ".join(
        f"{count} {word.replace('_', ' ')}" for word, count in sorted(counts.items())
    )
    print(f"Earlier consents carried over: {summary}.")
    _note(connection, now, {**counts, "undecided": len(doubts)})


def _keep(connection: sa.Connection, rows: list, admitted: list[int], now: datetime) -> None:
    for start in range(0, len(rows), 1000):
        connection.execute(sa.insert(consent), rows[start : start + 1000])
    for start in range(0, len(admitted), 500):
        some = admitted[start : start + 500]
        connection.execute(sa.update(expert).where(expert.c.id.in_(some)).values(status="admitted"))
        connection.execute(
            sa.insert(admission),
            [{"expert_id": one, "how": "carried_over", "admitted_at": now} for one in some],
        )
    connection.execute(
        sa.text(
            "DELETE FROM expert_search WHERE expert_id IN (SELECT id FROM expert WHERE status <> "
            "'admitted')"
        )
    )


def _own_answers(connection: sa.Connection, experts: dict) -> tuple[dict, list[tuple]]:
    """The latest answer of each person that the trail proves to be the person's own, and what
    remains in doubt."""
    answers: dict[int, list] = {}
    doubts = _answers_in_profiles(connection, {row.id: row for row in experts.values()}, answers)
    made, signed_in = _acts(connection, "enrollment.made"), _first_sign_ins(connection)
    told = (
        sa.select(enrollment)
        .where(enrollment.c.roster_consent.is_not(None))
        .order_by(enrollment.c.id)
    )
    for row in connection.execute(told):
        if row.enrolled_by_id is not None:
            is_own = row.enrolled_by_id == row.person_id
        else:
            is_public = (
                row.nominated_by_id is None
                and made.get(f"enrollment:{row.id}") is None
                and f"enrollment:{row.id}" in made
            )
            is_own = is_public and any(
                at >= _aware(row.created_at) for at in signed_in.get(row.person_id, ())
            )
            if is_public and not is_own and row.roster_consent:
                doubts.append(
                    (
                        row.person_id,
                        _aware(row.created_at),
                        f"ticked yes in application {row.id} and never signed in",
                    )
                )
        if is_own:
            answers.setdefault(row.person_id, []).append(
                (_aware(row.created_at), bool(row.roster_consent))
            )
    return {
        person_id: max(given, key=lambda one: one[0]) for person_id, given in answers.items()
    }, doubts


def _answers_in_profiles(connection: sa.Connection, experts: dict, answers: dict) -> list[tuple]:
    """A profile's answer is the person's own when the person was the last to change it."""
    last: dict[int, tuple] = {}
    entries = sa.select(trail.c.at, trail.c.actor_id, trail.c.subject, trail.c.body).where(
        trail.c.action == "expert.changed"
    )
    for row in connection.execute(entries.order_by(trail.c.number)):
        if "consent" in json.loads(row.body)["facts"].get("changed", ()):
            last.setdefault(int(row.subject.partition(":")[2]), ())
            last[int(row.subject.partition(":")[2])] += ((_aware(row.at), row.actor_id),)
    doubts = []
    for expert_id, changes in last.items():
        one = experts.get(expert_id)
        if one is None:
            continue
        at, actor_id = changes[-1]
        if actor_id == one.person_id and one.consent is not None:
            answers.setdefault(one.person_id, []).append((at, bool(one.consent)))
        elif any(changed_by == one.person_id for _at, changed_by in changes):
            doubts.append(
                (one.person_id, at, "answered in the profile, and staff changed it afterwards")
            )
    return doubts


def _acts(connection: sa.Connection, action: str) -> dict[str, object]:
    """Who did this, by subject: an id, "system", or None for a visitor who was not signed in."""
    rows = connection.execute(
        sa.select(trail.c.subject, trail.c.body).where(trail.c.action == action)
    )
    return {row.subject: json.loads(row.body).get("actor") for row in rows}


def _first_sign_ins(connection: sa.Connection) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = {}
    rows = connection.execute(
        sa.select(trail.c.at, trail.c.subject, trail.c.body).where(trail.c.action == "sign_in.done")
    )
    for row in rows:
        if json.loads(row.body)["facts"].get("method") == "link":
            found.setdefault(int(row.subject.partition(":")[2]), []).append(_aware(row.at))
    return found


def _shared_keys(people: Iterable[sa.Row]) -> set[str]:
    """The addresses that several people have."""
    used = Counter(key for row in people for key in {row.email_key, row.shared_email_key} - {None})
    return {key for key, count in used.items() if count > 1} | {
        row.shared_email_key for row in people if row.shared_email_key
    }


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _note(connection: sa.Connection, now: datetime, facts: dict[str, int]) -> None:
    """One entry of the audit trail, chained to the last as core/audit.py does it."""
    at = now.replace(microsecond=now.microsecond // 1000 * 1000).isoformat(timespec="milliseconds")
    entry = {
        "at": at,
        "actor": "system",
        "token": None,
        "on_behalf_of": None,
        "action": "consents.carried_over",
        "subject": "roster:all",
        "facts": facts,
    }
    body = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    number, last = connection.execute(
        sa.text("SELECT number, digest FROM audit_head WHERE id = 1")
    ).one()
    digest = hashlib.sha256(f"{last}\n{number + 1}\n{body}".encode()).hexdigest()
    row = {
        "number": number + 1,
        "at": datetime.fromisoformat(at),
        "actor_id": None,
        "action": entry["action"],
        "subject": entry["subject"],
        "body": body,
        "digest": digest,
    }
    connection.execute(sa.insert(trail), [row])
    move = "UPDATE audit_head SET number = :number, digest = :digest WHERE id = 1"
    connection.execute(sa.text(move), {"number": number + 1, "digest": digest})


def downgrade() -> None:
    """The latest answer goes back to the profile; what was signed on paper, and who waits, the
    older release cannot keep."""
    op.add_column("expert", sa.Column("consent", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE expert SET consent = (SELECT given FROM consent AS said WHERE said.person_id = "
        "expert.person_id AND said.purpose = 'roster' AND said.counts ORDER BY said.id DESC LIMIT "
        "1)"
    )
    with op.batch_alter_table(
        "expert"
    ) as batch:  # SQLite drops no column that a constraint of the table names
        batch.drop_constraint(op.f("expertstatus"), type_="check")
        batch.drop_column("office_id")
        batch.drop_column("status")
    op.drop_table("expert_proposal")
    op.drop_table("admission")
    op.drop_table("consent")
