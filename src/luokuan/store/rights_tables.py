"""The tables of rights: what was recorded of sources, protected names, overrides of the guard, notices, withdrawals."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store.columns import UtcTime, metadata

GROUNDS = ("copyright", "trademark", "person", "privacy", "other")
"""What a notice may be about."""
STATES = ("open", "withdrawn", "countered", "rejected", "upheld", "restored")
"""Where a notice stands."""

_GROUND = "ground IN ('copyright', 'trademark', 'person', 'privacy', 'other')"
_STATE = "state IN ('open', 'withdrawn', 'countered', 'rejected', 'upheld', 'restored')"

source_record = sa.Table(
    "source_record",
    metadata,
    # Digest of a corpus, a model, a voice, or SHA-256 of a file.
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("credit", sa.Text, nullable=False),
    sa.Column("consent", sa.Text, nullable=False),
    sa.Column("personal_data", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.CheckConstraint("length(digest) = 64 AND digest = lower(digest)", name="digest"),
    sa.CheckConstraint("length(who) BETWEEN 1 AND 200", name="who"),
)
"""What somebody says of a source, and answers for."""

protected_name = sa.Table(
    "protected_name",
    metadata,
    # As it is compared: without case, marks, spaces, and with one letter for all that look like it.
    sa.Column("skeleton", sa.String(200), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.CheckConstraint("length(skeleton) > 0 AND length(name) BETWEEN 1 AND 200", name="name"),
    sa.CheckConstraint("kind IN ('name', 'mark')", name="kind"),
)

# Migration 0010 adds triggers: no row changes, none goes before kept_until, and none is kept for under six months.
guard_override = sa.Table(
    "guard_override",
    metadata,
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True),
    # Of what was found: another finding isn't covered.
    sa.Column("findings_digest", sa.String(64), primary_key=True),
    sa.Column("findings", sa.JSON, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.Column("kept_until", UtcTime, nullable=False),
    sa.CheckConstraint("length(findings_digest) = 64", name="findings_digest"),
    sa.CheckConstraint("length(who) BETWEEN 1 AND 200", name="who"),
    sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
)

rights_notice = sa.Table(
    "rights_notice",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("ground", sa.String(16), nullable=False),
    sa.Column("claimant", sa.Text, nullable=False),
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    # Until when the next step is to be done; null when nothing is left to do.
    sa.Column("due_at", UtcTime, nullable=True),
    sa.Column("decided_at", UtcTime, nullable=True),
    sa.Column("decision", sa.Text, nullable=True),
    sa.Column("counter_by", sa.Text, nullable=True),
    sa.Column("counter_statement", sa.Text, nullable=True),
    sa.Column("countered_at", UtcTime, nullable=True),
    sa.Column("closed_at", UtcTime, nullable=True),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint(_STATE, name="state"),
    sa.CheckConstraint(_GROUND, name="ground"),
    sa.CheckConstraint("length(claimant) BETWEEN 1 AND 200 AND length(contact) BETWEEN 1 AND 200", name="claimant"),
    sa.CheckConstraint("length(statement) BETWEEN 1 AND 4000", name="statement"),
    sa.CheckConstraint(
        "(countered_at IS NULL) = (counter_by IS NULL) AND (countered_at IS NULL) = (counter_statement IS NULL)",
        name="counter",
    ),
    sa.CheckConstraint("(state IN ('rejected', 'upheld', 'restored')) = (closed_at IS NOT NULL)", name="closed"),
    sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
)

withdrawal = sa.Table(
    "withdrawal",
    metadata,
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("notice_id", sa.String(16), sa.ForeignKey("rights_notice.id"), nullable=True),
    sa.Column("withdrawn_at", UtcTime, nullable=False),
    sa.CheckConstraint("length(who) BETWEEN 1 AND 200", name="who"),
    sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
)
"""Works that aren't served any more; that they were made stays provable."""
