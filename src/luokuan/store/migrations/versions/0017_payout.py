"""Why money was paid out, and who decided it.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "payout",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("decided_by", sa.String(16), nullable=True),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payout"),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name="fk_payout_decided_by_account"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_payout_id")),
        sa.CheckConstraint("amount > 0 AND amount <= 1000000000000000", name=op.f("ck_payout_amount")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_payout_reason")),
    )
    op.create_index("ix_payout_party", "payout", ["party"])


def downgrade() -> None:
    """Remove the table; what was paid out stands in the books."""
    op.drop_table("payout")
