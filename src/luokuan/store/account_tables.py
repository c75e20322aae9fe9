"""The tables of people: accounts, their sessions, links and keys, what they own and used, and what was done."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store.columns import UtcTime, metadata

ROLES = ("viewer", "maker", "admin")
"""Roles, each of which may do all that those before it may."""

_ROLE = "role IN ('viewer', 'maker', 'admin')"
_DIGEST = "length({0}) = 64 AND {0} = lower({0})"

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(40), nullable=False, unique=True),
    sa.Column("role", sa.String(8), nullable=False),
    # Null until the first link was used.
    sa.Column("password", sa.Text, nullable=True),
    sa.Column("language", sa.String(8), nullable=True),
    sa.Column("active", sa.Boolean, nullable=False),
    # Quotas; null: no limit. Jobs and seconds of computing are counted by the month.
    sa.Column("jobs_limit", sa.Integer, nullable=True),
    sa.Column("seconds_limit", sa.BigInteger, nullable=True),
    sa.Column("storage_limit", sa.BigInteger, nullable=True),
    sa.Column("created_at", UtcTime, nullable=False),
    # Rises with each change, so that of two who change it at once the second is told.
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("length(name) > 0 AND name = lower(name)", name="name"),
    sa.CheckConstraint(_ROLE, name="role"),
    sa.CheckConstraint("jobs_limit >= 0 AND seconds_limit >= 0 AND storage_limit >= 0", name="limits"),
    sa.CheckConstraint("version >= 1", name="version"),
)

session = sa.Table(
    "session",
    metadata,
    # The cookie's value is known to the browser alone.
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.CheckConstraint(_DIGEST.format("digest"), name="digest"),
)

link = sa.Table(
    "link",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.CheckConstraint(_DIGEST.format("digest"), name="digest"),
)
"""One-time links with which a password is set; a link that was used is gone."""

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=True),
    sa.Column("used_at", UtcTime, nullable=True),
    sa.Column("revoked_at", UtcTime, nullable=True),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("length(name) > 0", name="name"),
    sa.CheckConstraint(_DIGEST.format("digest"), name="digest"),
    sa.CheckConstraint(_ROLE, name="role"),
)

# Migration 0008 adds triggers: no row changes, and none goes.
event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    # No foreign keys: what was done stays true of those who are gone.
    sa.Column("account_id", sa.String(16), nullable=True),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.CheckConstraint("length(action) > 0", name="action"),
)
"""What was done, by whom, to what, and from where."""

ownership = sa.Table(
    "ownership",
    metadata,
    # Deferred: a job may say whose its work will be before the row of the work is there.
    sa.Column(
        "work_id", sa.String(16), sa.ForeignKey("work.id", deferrable=True, initially="DEFERRED"), primary_key=True
    ),
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), nullable=False, index=True),
)
"""Whose a work is; one that isn't here was made on the command line and belongs to the home's administrators."""

trash = sa.Table(
    "trash",
    metadata,
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True),
    sa.Column("thrown_at", UtcTime, nullable=False),
)
"""Works that somebody has thrown away; they can be taken back until they are erased."""

usage = sa.Table(
    "usage",
    metadata,
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), primary_key=True),
    # Year and month, UTC: 2026-11.
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("jobs", sa.Integer, nullable=False),
    sa.Column("seconds", sa.BigInteger, nullable=False),
    sa.CheckConstraint("jobs >= 0 AND seconds >= 0", name="counts"),
    sa.CheckConstraint("length(month) = 7", name="month"),
)
"""What an account has used of its quotas in a month."""
