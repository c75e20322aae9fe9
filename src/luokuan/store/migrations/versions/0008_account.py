"""Accounts: people, sessions, links, keys, what they own and used, and the guard over what was done.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The insert is guarded too: INSERT OR REPLACE deletes without a trigger.
_SQLITE = (
    """CREATE TRIGGER event_insert BEFORE INSERT ON event BEGIN
    SELECT RAISE(ABORT, 'an event is there already') WHERE EXISTS (SELECT 1 FROM event WHERE id = NEW.id);
    END""",
    "CREATE TRIGGER event_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'an event can''t be changed'); END",
    "CREATE TRIGGER event_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'an event can''t be removed'); END",
)
_POSTGRESQL = (
    """CREATE FUNCTION event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'an event can''t be changed or removed' USING ERRCODE = 'restrict_violation';
    END $$""",
    "CREATE TRIGGER event_row BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_guard()",
    "CREATE TRIGGER event_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION event_guard()",
)
_ROLE = "role IN ('viewer', 'maker', 'admin')"


def upgrade() -> None:
    """Add the tables; works that are there already belong to the home's administrators."""
    op.create_table(
        "account",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("password", sa.Text, nullable=True),
        sa.Column("language", sa.String(8), nullable=True),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("jobs_limit", sa.Integer, nullable=True),
        sa.Column("seconds_limit", sa.BigInteger, nullable=True),
        sa.Column("storage_limit", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_account_id")),
        sa.CheckConstraint("length(name) > 0 AND name = lower(name)", name=op.f("ck_account_name")),
        sa.CheckConstraint(_ROLE, name=op.f("ck_account_role")),
        sa.CheckConstraint(
            "jobs_limit >= 0 AND seconds_limit >= 0 AND storage_limit >= 0", name=op.f("ck_account_limits")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_account_version")),
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_session_account_id_account"),
        sa.CheckConstraint("length(digest) = 64 AND digest = lower(digest)", name=op.f("ck_session_digest")),
    )
    op.create_table(
        "link",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_link"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_link_account_id_account"),
        sa.CheckConstraint("length(digest) = 64 AND digest = lower(digest)", name=op.f("ck_link_digest")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=True),
        sa.Column("used_at", sa.DateTime, nullable=True),
        sa.Column("revoked_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_api_key_account_id_account"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_api_key_id")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_api_key_name")),
        sa.CheckConstraint("length(digest) = 64 AND digest = lower(digest)", name=op.f("ck_api_key_digest")),
        sa.CheckConstraint(_ROLE, name=op.f("ck_api_key_role")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("account_id", sa.String(16), nullable=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.CheckConstraint("length(action) > 0", name=op.f("ck_event_action")),
    )
    op.create_table(
        "ownership",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("work_id", name="pk_ownership"),
        sa.ForeignKeyConstraint(
            ["work_id"], ["work.id"], name="fk_ownership_work_id_work", deferrable=True, initially="DEFERRED"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_ownership_account_id_account"),
    )
    op.create_table(
        "trash",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("thrown_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("work_id", name="pk_trash"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_trash_work_id_work"),
    )
    op.create_table(
        "usage",
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("jobs", sa.Integer, nullable=False),
        sa.Column("seconds", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "month", name="pk_usage"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_usage_account_id_account"),
        sa.CheckConstraint("jobs >= 0 AND seconds >= 0", name=op.f("ck_usage_counts")),
        sa.CheckConstraint("length(month) = 7", name=op.f("ck_usage_month")),
    )
    for table in ("session", "link", "api_key", "ownership"):
        op.create_index(f"ix_{table}_account_id", table, ["account_id"])
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Remove the tables, with the triggers on them."""
    for table in ("usage", "trash", "ownership", "event", "api_key", "link", "session", "account"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION event_guard()")
