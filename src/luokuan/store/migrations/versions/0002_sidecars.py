"""Sidecars: what belongs beside a work whose format can't hold its manifest or its label.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; works made before have none."""
    op.add_column("work", sa.Column("sidecars", sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("work", "sidecars")
