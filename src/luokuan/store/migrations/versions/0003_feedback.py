"""Feedback: whether a person liked a work.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "feedback",
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("liked", sa.Boolean, nullable=False),
        sa.Column("given_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("work_id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_feedback_work_id_work"),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("feedback")
