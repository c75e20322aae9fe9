"""Settings of the house, and collections of works.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; what isn't set is as it always was."""
    op.create_table(
        "house_setting",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_house_setting"),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_house_setting_name")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_house_setting_version")),
    )
    op.create_table(
        "collection",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_collection"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_collection_account_id_account"),
        sa.UniqueConstraint("account_id", "name", name="uq_collection_account_id"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_collection_id")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_collection_name")),
    )
    op.create_table(
        "collection_work",
        sa.Column("collection_id", sa.String(16), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "work_id", name="pk_collection_work"),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name="fk_collection_work_collection_id_collection", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_collection_work_work_id_work"),
    )
    op.create_index("ix_collection_work_work_id", "collection_work", ["work_id"])


def downgrade() -> None:
    """Remove the tables."""
    for table in ("collection_work", "collection", "house_setting"):
        op.drop_table(table)
