"""The tables of what people bring and train: whose corpora and models of the home these are, and what is on its way."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store.columns import UtcTime, metadata

KINDS = ("corpus", "model")

belonging = sa.Table(
    "belonging",
    metadata,
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    # Null: the home's, as is what has no row here.
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=True, index=True),
    # What counts against the owner's quota of storage.
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    # Rises with each change, so that of two who change it at once the second is told.
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("kind IN ('corpus', 'model')", name="kind"),
    sa.CheckConstraint("length(name) > 0", name="name"),
    sa.CheckConstraint("size >= 0", name="size"),
    sa.CheckConstraint("version >= 1", name="version"),
)
"""Whose a folder of ``corpora`` or ``models`` (with its run) is; the row is there before the folder."""

upload = sa.Table(
    "upload",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(8), nullable=False),
    # Of the corpus or model that is to be.
    sa.Column("name", sa.String(64), nullable=False),
    # Bytes of the archive, all of which count against the quota from the start.
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.UniqueConstraint("kind", "name"),
    sa.CheckConstraint("kind IN ('corpus', 'model')", name="kind"),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("length(name) > 0", name="name"),
    sa.CheckConstraint("size > 0", name="size"),
)
"""Archives that are coming in; how much of one is there, its file says."""
