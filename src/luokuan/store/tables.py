"""The tables as this version of the code sees them. Rules that must always hold are constraints of the database."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store import (  # noqa: F401 - they belong to the same metadata
    account_tables,
    belonging_tables,
    house_tables,
    market_tables,
    order_tables,
    project_tables,
    rights_tables,
)
from luokuan.store.columns import UtcTime, metadata

work = sa.Table(
    "work",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("blob_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("blob_size", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("model_name", sa.Text, nullable=False),
    sa.Column("model_digest", sa.String(64), nullable=False, index=True),
    # Recipe and salt go together: erasing both leaves a commitment that nobody can open.
    sa.Column("recipe", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("salt", sa.LargeBinary(32), nullable=True),
    sa.Column("commitment", sa.String(64), nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("schema_version", sa.Integer, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False, index=True),
    sa.Column("sidecars", sa.JSON, nullable=False, server_default="{}"),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("length(blob_sha256) = 64 AND blob_sha256 = lower(blob_sha256)", name="blob_sha256"),
    sa.CheckConstraint("blob_size > 0", name="blob_size"),
    sa.CheckConstraint("length(kind) > 0 AND length(media_type) > 0 AND length(licence) > 0", name="words"),
    sa.CheckConstraint("length(model_digest) = 64 AND model_digest = lower(model_digest)", name="model_digest"),
    sa.CheckConstraint("length(commitment) = 64 AND commitment = lower(commitment)", name="commitment"),
    sa.CheckConstraint("(recipe IS NULL) = (salt IS NULL)", name="private"),
    sa.CheckConstraint("salt IS NULL OR length(salt) = 32", name="salt"),
    sa.CheckConstraint("schema_version >= 1", name="schema_version"),
)
_kept = work.c.recipe.is_not(None)
# The library of some ten thousand works is counted by kind and model on each of its pages.
sa.Index("ix_work_overview", work.c.kind, work.c.model_name, work.c.id, sqlite_where=_kept, postgresql_where=_kept)

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True),
    sa.Column("liked", sa.Boolean, nullable=False),
    sa.Column("given_at", UtcTime, nullable=False),
)

log_head = sa.Table(
    "log_head",
    metadata,
    # The newest log is the one with the largest number; its row is locked by whoever appends.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("origin", sa.String(64), nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary(32), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("checkpoint", sa.Text, nullable=False),
    sa.CheckConstraint("length(origin) > 0 AND length(checkpoint) > 0", name="words"),
    sa.CheckConstraint("size >= 0", name="size"),
    sa.CheckConstraint("length(root) = 32 AND length(public_key) = 32", name="bytes"),
)

log_entry = sa.Table(
    "log_entry",
    metadata,
    sa.Column("log_id", sa.Integer, sa.ForeignKey("log_head.id"), primary_key=True, autoincrement=False),
    sa.Column("leaf_index", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), nullable=True, index=True),
    # As with recipe and salt of a work: erased together, and the leaf stays.
    sa.Column("private", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("salt", sa.LargeBinary(32), nullable=True),
    sa.CheckConstraint("leaf_index >= 0 AND length(kind) > 0 AND length(leaf) > 0", name="leaf"),
    sa.CheckConstraint("(private IS NULL) = (salt IS NULL)", name="private"),
    sa.CheckConstraint("salt IS NULL OR length(salt) = 32", name="salt"),
)

_MADE = log_entry.c.kind == "work"
sa.Index("uq_log_entry_made", log_entry.c.work_id, unique=True, sqlite_where=_MADE, postgresql_where=_MADE)

log_node = sa.Table(
    "log_node",
    metadata,
    sa.Column("log_id", sa.Integer, sa.ForeignKey("log_head.id"), primary_key=True, autoincrement=False),
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.CheckConstraint("level >= 0 AND level < 64 AND position >= 0", name="place"),
    sa.CheckConstraint("length(hash) = 32", name="hash"),
    sqlite_with_rowid=False,
)

# Migration 0006 adds triggers: no row changes, none goes before kept_until, and none is kept for under six months.
waiver = sa.Table(
    "waiver",
    metadata,
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("acknowledged_at", UtcTime, nullable=False),
    sa.Column("kept_until", UtcTime, nullable=False),
    sa.CheckConstraint("length(who) BETWEEN 1 AND 200", name="who"),
    sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
)

waiver_permission = sa.Table(
    "waiver_permission",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("allowed_at", UtcTime, nullable=False),
    sa.CheckConstraint("id = 1", name="one"),
    sa.CheckConstraint("length(who) BETWEEN 1 AND 200", name="who"),
)

ingredient = sa.Table(
    "ingredient",
    metadata,
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    # Null when it is no work of this home.
    sa.Column("parent_id", sa.String(16), sa.ForeignKey("work.id"), nullable=True, index=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("aigc", sa.JSON(none_as_null=True), nullable=True),
    sa.CheckConstraint("place >= 0", name="place"),
    sa.CheckConstraint("role IN ('parentOf', 'inputTo')", name="role"),
    sa.CheckConstraint("purpose IN ('derived', 'licensed', 'edited', 'reference')", name="purpose"),
    sa.CheckConstraint("parent_id IS NULL OR parent_id <> work_id", name="parent_id"),
    sa.CheckConstraint("length(sha256) = 64 AND sha256 = lower(sha256)", name="sha256"),
)
"""What a work starts from."""

fingerprint = sa.Table(
    "fingerprint",
    metadata,
    # Rises, so that who has read the table before reads only what is new.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), nullable=False),
    sa.Column("number", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("bits", sa.LargeBinary, nullable=False),
    sa.Column("quality", sa.SmallInteger, nullable=False),
    sa.UniqueConstraint("work_id", "number"),
    sa.Index("ix_fingerprint_kind", "kind", "id"),
    sa.CheckConstraint("number >= 0", name="number"),
    sa.CheckConstraint("quality BETWEEN 0 AND 100", name="quality"),
    sa.CheckConstraint(
        "(kind = 'picture' AND length(bits) = 32) OR (kind = 'text' AND length(bits) = 8)"
        " OR (kind = 'sound' AND length(bits) > 0 AND length(bits) / 4 * 4 = length(bits))"
        " OR (kind = 'none' AND length(bits) = 0)",
        name="bits",
    ),
)

job = sa.Table(
    "job",
    metadata,
    # Rises with each job: the order of waiting, and where a list goes on.
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(24), nullable=False, unique=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("brief", sa.JSON, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("idempotency_key", sa.String(200), nullable=True),
    sa.Column("body_digest", sa.String(64), nullable=False),
    # What only one job may be making, such as a model of this name.
    sa.Column("makes", sa.String(120), nullable=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("needs", sa.String(16), nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    sa.Column("tries", sa.SmallInteger, nullable=False),
    sa.Column("run_after", UtcTime, nullable=False),
    sa.Column("lease_until", UtcTime, nullable=True),
    sa.Column("worker", sa.String(80), nullable=True),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("cancel_at", UtcTime, nullable=True),
    sa.Column("share", sa.Float, nullable=False),
    sa.Column("seconds_left", sa.Float, nullable=True),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("outputs", sa.Integer, nullable=False),
    sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("claimed_at", UtcTime, nullable=True),
    sa.Column("started_at", UtcTime, nullable=True),
    sa.Column("ended_at", UtcTime, nullable=True),
    sa.Column("compute_seconds", sa.Float, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.UniqueConstraint("owner", "idempotency_key"),
    sa.Index("ix_job_state", "state", "number"),
    sa.Index("ix_job_owner", "owner", "number"),
    sa.Index("ix_job_served", "owner", "claimed_at"),
    sa.CheckConstraint("length(id) = 24 AND length(owner) > 0 AND length(kind) > 0", name="words"),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
    sa.CheckConstraint("(state = 'running') = (worker IS NOT NULL)", name="worker"),
    sa.CheckConstraint("(state IN ('queued', 'running')) = (ended_at IS NULL)", name="ended"),
    sa.CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="error"),
    sa.CheckConstraint("share >= 0 AND share <= 1 AND attempts >= 0 AND tries >= 1 AND outputs >= 0", name="ranges"),
)
"""What was asked for, and how far it has come."""

_LIVE = job.c.state.in_(("queued", "running"))
sa.Index("uq_job_makes", job.c.makes, unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE)

job_output = sa.Table(
    "job_output",
    metadata,
    sa.Column("job_id", sa.String(24), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), nullable=False, unique=True),
    sa.CheckConstraint("place >= 0", name="place"),
)
"""Works of a job: one to a place, so that a second attempt can't make it again."""

job_event = sa.Table(
    "job_event",
    metadata,
    sa.Column("job_id", sa.String(24), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.CheckConstraint("number >= 1", name="number"),
)
"""What happened to a job, in order and without gaps."""

job_preview = sa.Table(
    "job_preview",
    metadata,
    sa.Column("job_id", sa.String(24), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("length(data) > 0", name="data"),
)
"""How a job's result looks so far: unfinished, so that it is shown and never handed out."""
