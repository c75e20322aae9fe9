"""Checks of offers, so that a server that is started anew knows of them.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "offer_check",
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("run", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("typed", sa.Text, nullable=False),
        sa.Column("listing_id", sa.String(16), nullable=True),
        sa.Column("error", sa.JSON, nullable=True),
        sa.Column("begun_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_offer_check"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_offer_check_account_id_account"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_offer_check_listing_id_listing"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_offer_check_id")),
        sa.CheckConstraint("state IN ('checking', 'published', 'refused')", name=op.f("ck_offer_check_state")),
        sa.CheckConstraint("(state = 'published') = (listing_id IS NOT NULL)", name=op.f("ck_offer_check_listing")),
        sa.CheckConstraint("(state = 'refused') = (error IS NOT NULL)", name=op.f("ck_offer_check_error")),
    )


def downgrade() -> None:
    """Remove the table; offers that were made stay."""
    op.drop_table("offer_check")
