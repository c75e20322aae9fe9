"""The table of projects on the value chain, as their people wrote them."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store.columns import UtcTime, metadata

LAYERS = ("foundation", "technology", "application")
"""As ``appraisal.project`` has them (a test compares): that module loads NumPy."""
STAGES = ("infrastructure", "research", "applications", "platform")

project = sa.Table(
    "project",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=False, index=True),
    # These three stand in the text, too: lists of projects do without reading it.
    sa.Column("name", sa.String(300), nullable=False),
    sa.Column("layer", sa.String(16), nullable=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    # Rises with each change, so that of two who change it at once the second is told.
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("length(name) > 0 AND length(text) > 0", name="words"),
    sa.CheckConstraint("layer IN ('foundation', 'technology', 'application')", name="layer"),
    sa.CheckConstraint("stage IN ('infrastructure', 'research', 'applications', 'platform')", name="stage"),
    sa.CheckConstraint("version >= 1", name="version"),
)
