"""Works: one row a finished work.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of works."""
    op.create_table(
        "work",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("blob_sha256", sa.String(64), nullable=False),
        sa.Column("blob_size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_digest", sa.String(64), nullable=False),
        sa.Column("recipe", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("salt", sa.LargeBinary(32), nullable=True),
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("licence", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_work"),
        sa.UniqueConstraint("blob_sha256", name="uq_work_blob_sha256"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_work_id")),
        sa.CheckConstraint(
            "length(blob_sha256) = 64 AND blob_sha256 = lower(blob_sha256)", name=op.f("ck_work_blob_sha256")
        ),
        sa.CheckConstraint("blob_size > 0", name=op.f("ck_work_blob_size")),
        sa.CheckConstraint(
            "length(kind) > 0 AND length(media_type) > 0 AND length(licence) > 0", name=op.f("ck_work_words")
        ),
        sa.CheckConstraint(
            "length(model_digest) = 64 AND model_digest = lower(model_digest)", name=op.f("ck_work_model_digest")
        ),
        sa.CheckConstraint(
            "length(commitment) = 64 AND commitment = lower(commitment)", name=op.f("ck_work_commitment")
        ),
        sa.CheckConstraint("(recipe IS NULL) = (salt IS NULL)", name=op.f("ck_work_private")),
        sa.CheckConstraint("salt IS NULL OR length(salt) = 32", name=op.f("ck_work_salt")),
        sa.CheckConstraint("schema_version >= 1", name=op.f("ck_work_schema_version")),
    )
    op.create_index("ix_work_created_at", "work", ["created_at"])
    op.create_index("ix_work_model_digest", "work", ["model_digest"])


def downgrade() -> None:
    """Remove the table of works."""
    op.drop_table("work")
