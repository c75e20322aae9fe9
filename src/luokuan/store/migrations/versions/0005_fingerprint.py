"""Fingerprints: what each work looks, reads or sounds like.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; fingerprints of works made before are taken from their bytes by and by."""
    op.create_table(
        "fingerprint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("number", sa.SmallInteger, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("bits", sa.LargeBinary, nullable=False),
        sa.Column("quality", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fingerprint"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_fingerprint_work_id_work"),
        sa.UniqueConstraint("work_id", "number", name="uq_fingerprint_work_id"),
        sa.CheckConstraint("number >= 0", name=op.f("ck_fingerprint_number")),
        sa.CheckConstraint("quality BETWEEN 0 AND 100", name=op.f("ck_fingerprint_quality")),
        sa.CheckConstraint(
            "(kind = 'picture' AND length(bits) = 32) OR (kind = 'text' AND length(bits) = 8)"
            " OR (kind = 'sound' AND length(bits) > 0 AND length(bits) / 4 * 4 = length(bits))"
            " OR (kind = 'none' AND length(bits) = 0)",
            name=op.f("ck_fingerprint_bits"),
        ),
    )
    op.create_index("ix_fingerprint_kind", "fingerprint", ["kind", "id"])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("fingerprint")
