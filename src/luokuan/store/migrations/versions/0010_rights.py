"""Rights: records of sources, protected names, overrides of the guard with a guard over their rows, notices,
withdrawals.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# As for waivers: a second row is refused here and not by the key alone: INSERT OR REPLACE deletes without a trigger.
_SQLITE = (
    """CREATE TRIGGER guard_override_insert BEFORE INSERT ON guard_override BEGIN
    SELECT RAISE(ABORT, 'an override is there already')
        WHERE EXISTS (SELECT 1 FROM guard_override
            WHERE work_id = NEW.work_id AND findings_digest = NEW.findings_digest);
    SELECT RAISE(ABORT, 'an override is kept for six months')
        WHERE julianday(NEW.kept_until) - julianday(NEW.made_at) < 184 - 0.00001;
    END""",
    """CREATE TRIGGER guard_override_update BEFORE UPDATE ON guard_override BEGIN
    SELECT RAISE(ABORT, 'an override can''t be changed');
    END""",
    """CREATE TRIGGER guard_override_delete BEFORE DELETE ON guard_override
    WHEN julianday(OLD.kept_until) > julianday('now') BEGIN
    SELECT RAISE(ABORT, 'an override is kept for six months');
    END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION guard_override_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.kept_until < NEW.made_at + interval '184 days' THEN
                RAISE EXCEPTION 'an override is kept for six months' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        ELSIF TG_OP = 'DELETE' THEN
            IF OLD.kept_until > (clock_timestamp() AT TIME ZONE 'UTC') THEN
                RAISE EXCEPTION 'an override is kept for six months' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'an override can''t be changed' USING ERRCODE = 'restrict_violation';
    END $$""",
    "CREATE TRIGGER guard_override_row BEFORE INSERT OR UPDATE OR DELETE ON guard_override "
    "FOR EACH ROW EXECUTE FUNCTION guard_override_guard()",
    "CREATE TRIGGER guard_override_truncate BEFORE TRUNCATE ON guard_override "
    "FOR EACH STATEMENT EXECUTE FUNCTION guard_override_guard()",
)


def upgrade() -> None:
    """Add the tables and the triggers."""
    op.create_table(
        "source_record",
        sa.Column("digest", sa.String(64), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("title", "licence", "credit", "consent")),
        sa.Column("personal_data", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_source_record"),
        *_checks(
            "source_record",
            digest="length(digest) = 64 AND digest = lower(digest)",
            who="length(who) BETWEEN 1 AND 200",
        ),
    )
    op.create_table(
        "protected_name",
        sa.Column("skeleton", sa.String(200), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("skeleton", name="pk_protected_name"),
        *_checks(
            "protected_name",
            name="length(skeleton) > 0 AND length(name) BETWEEN 1 AND 200",
            kind="kind IN ('name', 'mark')",
        ),
    )
    op.create_table(
        "guard_override",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("findings_digest", sa.String(64), nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("kept_until", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("work_id", "findings_digest", name="pk_guard_override"),
        _of_a_work("guard_override"),
        *_checks(
            "guard_override",
            findings_digest="length(findings_digest) = 64",
            who="length(who) BETWEEN 1 AND 200",
            reason="length(reason) BETWEEN 1 AND 500",
        ),
    )
    _notices()
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def _notices() -> None:
    op.create_table(
        "rights_notice",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ground", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("claimant", "contact", "statement")),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("due_at", sa.DateTime, nullable=True),
        sa.Column("decided_at", sa.DateTime, nullable=True),
        *(sa.Column(name, sa.Text, nullable=True) for name in ("decision", "counter_by", "counter_statement")),
        sa.Column("countered_at", sa.DateTime, nullable=True),
        sa.Column("closed_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rights_notice"),
        _of_a_work("rights_notice"),
        *_checks(
            "rights_notice",
            id="length(id) = 16 AND id = lower(id)",
            state="state IN ('open', 'withdrawn', 'countered', 'rejected', 'upheld', 'restored')",
            ground="ground IN ('copyright', 'trademark', 'person', 'privacy', 'other')",
            claimant="length(claimant) BETWEEN 1 AND 200 AND length(contact) BETWEEN 1 AND 200",
            statement="length(statement) BETWEEN 1 AND 4000",
            counter="(countered_at IS NULL) = (counter_by IS NULL) "
            "AND (countered_at IS NULL) = (counter_statement IS NULL)",
            closed="(state IN ('rejected', 'upheld', 'restored')) = (closed_at IS NOT NULL)",
            decided="(state = 'open') = (decided_at IS NULL)",
        ),
    )
    op.create_index("ix_rights_notice_work_id", "rights_notice", ["work_id"])
    op.create_table(
        "withdrawal",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("notice_id", sa.String(16), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("work_id", name="pk_withdrawal"),
        _of_a_work("withdrawal"),
        sa.ForeignKeyConstraint(["notice_id"], ["rights_notice.id"], name="fk_withdrawal_notice_id_rights_notice"),
        *_checks("withdrawal", who="length(who) BETWEEN 1 AND 200", reason="length(reason) BETWEEN 1 AND 500"),
    )


def _of_a_work(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["work_id"], ["work.id"], name=f"fk_{table}_work_id_work")


def _checks(table: str, **rules: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()]


def downgrade() -> None:
    """Remove the tables, with the triggers on them."""
    for name in ("withdrawal", "rights_notice", "guard_override", "protected_name", "source_record"):
        op.drop_table(name)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION guard_override_guard()")
