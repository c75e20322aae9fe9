"""Belongings: whose corpora and models these are, and archives that are coming in.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "belonging",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_belonging"),
        _of_an_account("belonging"),
        sa.CheckConstraint("kind IN ('corpus', 'model')", name=op.f("ck_belonging_kind")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_belonging_name")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_belonging_size")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_belonging_version")),
    )
    op.create_index("ix_belonging_account_id", "belonging", ["account_id"])
    op.create_table(
        "upload",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sa.UniqueConstraint("name", name="uq_upload_name"),
        _of_an_account("upload"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_upload_id")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_upload_name")),
        sa.CheckConstraint("size > 0", name=op.f("ck_upload_size")),
    )
    op.create_index("ix_upload_account_id", "upload", ["account_id"])


def _of_an_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=f"fk_{table}_account_id_account")


def downgrade() -> None:
    """Remove the tables."""
    for name in ("upload", "belonging"):
        op.drop_table(name)
