"""Log: heads, entries and nodes of the transparency log.

Works that are there already are appended when the log is first used: that needs the home's key.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(32), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log_head"),
        sa.UniqueConstraint("origin", name="uq_log_head_origin"),
        sa.CheckConstraint("length(origin) > 0 AND length(checkpoint) > 0", name=op.f("ck_log_head_words")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_log_head_size")),
        sa.CheckConstraint("length(root) = 32 AND length(public_key) = 32", name=op.f("ck_log_head_bytes")),
    )
    op.create_table(
        "log_entry",
        sa.Column("log_id", sa.Integer, nullable=False),
        sa.Column("leaf_index", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("work_id", sa.String(16), nullable=True),
        sa.Column("private", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("salt", sa.LargeBinary(32), nullable=True),
        sa.PrimaryKeyConstraint("log_id", "leaf_index", name="pk_log_entry"),
        sa.ForeignKeyConstraint(["log_id"], ["log_head.id"], name="fk_log_entry_log_id_log_head"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_log_entry_work_id_work"),
        sa.CheckConstraint("leaf_index >= 0 AND length(kind) > 0 AND length(leaf) > 0", name=op.f("ck_log_entry_leaf")),
        sa.CheckConstraint("(private IS NULL) = (salt IS NULL)", name=op.f("ck_log_entry_private")),
        sa.CheckConstraint("salt IS NULL OR length(salt) = 32", name=op.f("ck_log_entry_salt")),
    )
    op.create_index("ix_log_entry_work_id", "log_entry", ["work_id"])
    made = sa.text("kind = 'work'")
    op.create_index(
        "uq_log_entry_made", "log_entry", ["work_id"], unique=True, sqlite_where=made, postgresql_where=made
    )
    op.create_table(
        "log_node",
        sa.Column("log_id", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "level", "position", name="pk_log_node"),
        sa.ForeignKeyConstraint(["log_id"], ["log_head.id"], name="fk_log_node_log_id_log_head"),
        sa.CheckConstraint("level >= 0 AND level < 64 AND position >= 0", name=op.f("ck_log_node_place")),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_log_node_hash")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("log_node")
    op.drop_table("log_entry")
    op.drop_table("log_head")
