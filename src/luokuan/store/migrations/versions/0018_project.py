"""Projects on the value chain, as their people wrote them.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "project",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("layer", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_project_account_id_account"),
        sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name=op.f("ck_project_id")),
        sa.CheckConstraint("length(name) > 0 AND length(text) > 0", name=op.f("ck_project_words")),
        sa.CheckConstraint("layer IN ('foundation', 'technology', 'application')", name=op.f("ck_project_layer")),
        sa.CheckConstraint(
            "stage IN ('infrastructure', 'research', 'applications', 'platform')", name=op.f("ck_project_stage")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_project_version")),
    )
    op.create_index("ix_project_account_id", "project", ["account_id"])


def downgrade() -> None:
    """Remove the table, and the projects with it."""
    op.drop_table("project")
