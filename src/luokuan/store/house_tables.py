"""The tables of what a house has settled, and of what its people have gathered."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store.columns import UtcTime, metadata

house_setting = sa.Table(
    "house_setting",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
    # Rises with each change, so that of two who change it at once the second is told.
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
    sa.CheckConstraint("length(name) > 0", name="name"),
    sa.CheckConstraint("version >= 1", name="version"),
)
"""What an administrator has settled for everybody; what isn't here is as it always was."""

collection = sa.Table(
    "collection",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.UniqueConstraint("account_id", "name"),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("length(name) > 0", name="name"),
)

collection_work = sa.Table(
    "collection_work",
    metadata,
    sa.Column("collection_id", sa.String(16), sa.ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True, index=True),
    sa.Column("added_at", UtcTime, nullable=False),
)
"""Which works lie in which collections: a work may lie in many."""
