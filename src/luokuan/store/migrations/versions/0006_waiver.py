"""Waivers: works without explicit label, who answers for them, and the guard over these rows.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# A second row for a work is refused here and not by the key alone: INSERT OR REPLACE deletes without a trigger.
_SQLITE = (
    """CREATE TRIGGER waiver_insert BEFORE INSERT ON waiver BEGIN
    SELECT RAISE(ABORT, 'a waiver is there already')
        WHERE EXISTS (SELECT 1 FROM waiver WHERE work_id = NEW.work_id);
    SELECT RAISE(ABORT, 'a waiver is kept for six months')
        WHERE julianday(NEW.kept_until) - julianday(NEW.acknowledged_at) < 184 - 0.00001;
    END""",
    """CREATE TRIGGER waiver_update BEFORE UPDATE ON waiver BEGIN
    SELECT RAISE(ABORT, 'a waiver can''t be changed');
    END""",
    """CREATE TRIGGER waiver_delete BEFORE DELETE ON waiver
    WHEN julianday(OLD.kept_until) > julianday('now') BEGIN
    SELECT RAISE(ABORT, 'a waiver is kept for six months');
    END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION waiver_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.kept_until < NEW.acknowledged_at + interval '184 days' THEN
                RAISE EXCEPTION 'a waiver is kept for six months' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        ELSIF TG_OP = 'DELETE' THEN
            IF OLD.kept_until > (clock_timestamp() AT TIME ZONE 'UTC') THEN
                RAISE EXCEPTION 'a waiver is kept for six months' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a waiver can''t be changed' USING ERRCODE = 'restrict_violation';
    END $$""",
    "CREATE TRIGGER waiver_row BEFORE INSERT OR UPDATE OR DELETE ON waiver "
    "FOR EACH ROW EXECUTE FUNCTION waiver_guard()",
    "CREATE TRIGGER waiver_truncate BEFORE TRUNCATE ON waiver FOR EACH STATEMENT EXECUTE FUNCTION waiver_guard()",
)


def upgrade() -> None:
    """Add both tables and the triggers."""
    op.create_table(
        "waiver",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("acknowledged_at", sa.DateTime, nullable=False),
        sa.Column("kept_until", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("work_id", name="pk_waiver"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_waiver_work_id_work"),
        sa.CheckConstraint("length(who) BETWEEN 1 AND 200", name=op.f("ck_waiver_who")),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name=op.f("ck_waiver_reason")),
    )
    op.create_table(
        "waiver_permission",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("allowed_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_waiver_permission"),
        sa.CheckConstraint("id = 1", name=op.f("ck_waiver_permission_one")),
        sa.CheckConstraint("length(who) BETWEEN 1 AND 200", name=op.f("ck_waiver_permission_who")),
    )
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Remove both tables, with the triggers on them."""
    op.drop_table("waiver_permission")
    op.drop_table("waiver")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION waiver_guard()")
