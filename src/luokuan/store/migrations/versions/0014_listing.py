"""Listings: what is offered and under which terms, and reduced previews of works.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "listing",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("seller", sa.String(16), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("terms", sa.JSON, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("exclusive", sa.Boolean, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("met", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("published_at", sa.DateTime, nullable=False),
        sa.Column("closed_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_listing"),
        sa.ForeignKeyConstraint(["seller"], ["account.id"], name="fk_listing_seller_account"),
        *_checks(
            "listing",
            id="length(id) = 16 AND id = lower(id)",
            kind="kind IN ('work', 'collection')",
            words="length(title) BETWEEN 1 AND 120 AND length(about) <= 4000",
            amount="amount > 0 AND amount <= 1000000000000000",
            currency="length(currency) = 3 AND currency = upper(currency)",
            state="state IN ('published', 'withdrawn', 'sold')",
            closed="(state = 'published') = (closed_at IS NULL)",
        ),
    )
    op.create_index("ix_listing_seller", "listing", ["seller"])
    op.create_index("ix_listing_state", "listing", ["state", "published_at"])
    op.create_table(
        "listing_work",
        sa.Column("listing_id", sa.String(16), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("root_id", sa.String(16), nullable=False),
        sa.Column("claims", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("listing_id", "work_id", name="pk_listing_work"),
        sa.UniqueConstraint("listing_id", "place", name="uq_listing_work_listing_id"),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name="fk_listing_work_listing_id_listing"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_listing_work_work_id_work"),
        sa.ForeignKeyConstraint(["root_id"], ["work.id"], name="fk_listing_work_root_id_work"),
        *_checks("listing_work", place="place >= 0"),
    )
    op.create_index("ix_listing_work_work_id", "listing_work", ["work_id"])
    op.create_index("ix_listing_work_root_id", "listing_work", ["root_id"])
    op.create_table(
        "work_preview",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("preview_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("work_id", name="pk_work_preview"),
        sa.UniqueConstraint("preview_id", name="uq_work_preview_preview_id"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_work_preview_work_id_work"),
        sa.ForeignKeyConstraint(["preview_id"], ["work.id"], name="fk_work_preview_preview_id_work"),
        *_checks("work_preview", preview_id="preview_id <> work_id"),
    )


def _checks(table: str, **rules: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()]


def downgrade() -> None:
    """Remove the tables."""
    for name in ("work_preview", "listing_work", "listing"):
        op.drop_table(name)
