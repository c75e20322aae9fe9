"""Lineage: what a work starts from.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; works made before have no ingredients."""
    op.create_table(
        "ingredient",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.String(16), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("aigc", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("work_id", "place", name="pk_ingredient"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_ingredient_work_id_work"),
        sa.ForeignKeyConstraint(["parent_id"], ["work.id"], name="fk_ingredient_parent_id_work"),
        sa.CheckConstraint("place >= 0", name=op.f("ck_ingredient_place")),
        sa.CheckConstraint("role IN ('parentOf', 'inputTo')", name=op.f("ck_ingredient_role")),
        sa.CheckConstraint(
            "purpose IN ('derived', 'licensed', 'edited', 'reference')", name=op.f("ck_ingredient_purpose")
        ),
        sa.CheckConstraint("parent_id IS NULL OR parent_id <> work_id", name=op.f("ck_ingredient_parent_id")),
        sa.CheckConstraint("length(sha256) = 64 AND sha256 = lower(sha256)", name=op.f("ck_ingredient_sha256")),
    )
    op.create_index("ix_ingredient_parent_id", "ingredient", ["parent_id"])


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("ingredient")
