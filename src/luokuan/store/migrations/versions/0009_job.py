"""Jobs: what was asked for, their works, their events, and how they look so far.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _job()
    op.create_table(
        "job_output",
        sa.Column("job_id", sa.String(24), nullable=False),
        sa.Column("place", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "place", name="pk_job_output"),
        _of_a_job("job_output"),
        sa.ForeignKeyConstraint(["work_id"], ["work.id"], name="fk_job_output_work_id_work"),
        sa.UniqueConstraint("work_id", name="uq_job_output_work_id"),
        sa.CheckConstraint("place >= 0", name=op.f("ck_job_output_place")),
    )
    op.create_table(
        "job_event",
        sa.Column("job_id", sa.String(24), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_event"),
        _of_a_job("job_event"),
        sa.CheckConstraint("number >= 1", name=op.f("ck_job_event_number")),
    )
    op.create_table(
        "job_preview",
        sa.Column("job_id", sa.String(24), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_preview"),
        _of_a_job("job_preview"),
        sa.CheckConstraint("length(data) > 0", name=op.f("ck_job_preview_data")),
    )


def _job() -> None:
    rising = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "job",
        sa.Column("number", rising, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("brief", sa.JSON, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("idempotency_key", sa.String(200), nullable=True),
        sa.Column("body_digest", sa.String(64), nullable=False),
        sa.Column("makes", sa.String(120), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("needs", sa.String(16), nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("tries", sa.SmallInteger, nullable=False),
        sa.Column("run_after", sa.DateTime, nullable=False),
        sa.Column("lease_until", sa.DateTime, nullable=True),
        sa.Column("worker", sa.String(80), nullable=True),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("cancel_at", sa.DateTime, nullable=True),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("seconds_left", sa.Float, nullable=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("outputs", sa.Integer, nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("claimed_at", sa.DateTime, nullable=True),
        sa.Column("started_at", sa.DateTime, nullable=True),
        sa.Column("ended_at", sa.DateTime, nullable=True),
        sa.Column("compute_seconds", sa.Float, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_job"),
        sa.UniqueConstraint("id", name="uq_job_id"),
        sa.UniqueConstraint("owner", "idempotency_key", name="uq_job_owner"),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_job_{name}"))
            for name, rule in {
                "words": "length(id) = 24 AND length(owner) > 0 AND length(kind) > 0",
                "state": "state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
                "lease": "(state = 'running') = (lease_until IS NOT NULL)",
                "worker": "(state = 'running') = (worker IS NOT NULL)",
                "ended": "(state IN ('queued', 'running')) = (ended_at IS NULL)",
                "error": "(state = 'failed') = (error IS NOT NULL)",
                "ranges": "share >= 0 AND share <= 1 AND attempts >= 0 AND tries >= 1 AND outputs >= 0",
            }.items()
        ),
    )
    op.create_index("ix_job_state", "job", ["state", "number"])
    op.create_index("ix_job_owner", "job", ["owner", "number"])
    op.create_index("ix_job_served", "job", ["owner", "claimed_at"])
    live = sa.text("state IN ('queued', 'running')")
    op.create_index("uq_job_makes", "job", ["makes"], unique=True, sqlite_where=live, postgresql_where=live)


def _of_a_job(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=f"fk_{table}_job_id_job", ondelete="CASCADE")


def downgrade() -> None:
    """Remove the tables."""
    for name in ("job_preview", "job_event", "job_output", "job"):
        op.drop_table(name)
