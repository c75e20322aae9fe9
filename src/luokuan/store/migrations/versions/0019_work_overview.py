"""An index along which works are counted by kind and model without reading their recipes.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    kept = sa.text("recipe IS NOT NULL")
    op.create_index("ix_work_overview", "work", ["kind", "model_name", "id"], sqlite_where=kept, postgresql_where=kept)


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_work_overview", "work")
