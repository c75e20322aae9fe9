"""The tables of the market: the books, and what is offered."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store.columns import UtcTime, metadata

PURPOSES = ("payment", "sale", "royalty", "reversal")
"""What a transfer is for."""

_PURPOSE = "purpose IN ('payment', 'sale', 'royalty', 'reversal')"

# Migration 0013 adds triggers: no row changes, none goes, and a reversal mirrors what it takes back.
transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    # What it is, in words that can't come twice: whoever does a step again finds that it was done.
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("debit", sa.String(80), nullable=False, index=True),
    sa.Column("credit", sa.String(80), nullable=False, index=True),
    # Whole minor units of the currency.
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    # Of an order. No foreign key: the books stay whatever becomes of all else.
    sa.Column("reference", sa.String(40), nullable=False, index=True),
    sa.Column("reverses", sa.BigInteger, sa.ForeignKey("transfer.id"), nullable=True, unique=True),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.CheckConstraint("length(key) > 0 AND length(debit) > 0 AND length(credit) > 0", name="words"),
    sa.CheckConstraint("debit <> credit", name="accounts"),
    sa.CheckConstraint("amount > 0 AND amount <= 1000000000000000", name="amount"),
    sa.CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency"),
    sa.CheckConstraint(_PURPOSE, name="purpose"),
    sa.CheckConstraint("(purpose = 'reversal') = (reverses IS NOT NULL)", name="reversal"),
)
"""The books: money that went from one account (``debit``) to another (``credit``)."""

# No foreign key to the party: the house is one, too, and the books outlive accounts.
payout = sa.Table(
    "payout",
    metadata,
    # Its transfer is called ``payout:ID``.
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("party", sa.String(16), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    # Null: on the command line.
    sa.Column("decided_by", sa.String(16), sa.ForeignKey("account.id"), nullable=True),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("amount > 0 AND amount <= 1000000000000000", name="amount"),
    sa.CheckConstraint("length(reason) > 0", name="reason"),
)
"""Why money was paid out to somebody, and who decided it."""

LISTING_STATES = ("published", "withdrawn", "sold")
"""Where a listing stands; ``sold``: exclusively, or because what it offers was."""
_LISTING = "state IN ('published', 'withdrawn', 'sold')"

listing = sa.Table(
    "listing",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    # Null: the home's own, made on the command line.
    sa.Column("seller", sa.String(16), sa.ForeignKey("account.id"), nullable=True, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    # Licence terms with their price, as ``rights.terms`` writes them; they never change.
    sa.Column("terms", sa.JSON, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("exclusive", sa.Boolean, nullable=False),
    # Title and text as they are searched: without case, marks and spaces, with one letter for all that look like it.
    sa.Column("folded", sa.Text, nullable=False),
    # Conditions of the permission that the seller says they meet.
    sa.Column("met", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("published_at", UtcTime, nullable=False),
    sa.Column("closed_at", UtcTime, nullable=True),
    sa.Index("ix_listing_state", "state", "published_at"),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("kind IN ('work', 'collection')", name="kind"),
    sa.CheckConstraint("length(title) BETWEEN 1 AND 120 AND length(about) <= 4000", name="words"),
    sa.CheckConstraint("amount > 0 AND amount <= 1000000000000000", name="amount"),
    sa.CheckConstraint("length(currency) = 3 AND currency = upper(currency)", name="currency"),
    sa.CheckConstraint(_LISTING, name="state"),
    sa.CheckConstraint("(state = 'published') = (closed_at IS NULL)", name="closed"),
)
"""What is offered, under which terms."""

listing_work = sa.Table(
    "listing_work",
    metadata,
    sa.Column("listing_id", sa.String(16), sa.ForeignKey("listing.id"), primary_key=True),
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True, index=True),
    sa.Column("place", sa.Integer, nullable=False),
    # The work of which it is a copy, or itself: an exclusive licence holds for all copies.
    sa.Column("root_id", sa.String(16), sa.ForeignKey("work.id"), nullable=False, index=True),
    # Who gets what of its price, see ``rights.market.royalties``.
    sa.Column("claims", sa.JSON, nullable=False),
    sa.UniqueConstraint("listing_id", "place"),
    sa.CheckConstraint("place >= 0", name="place"),
)

work_preview = sa.Table(
    "work_preview",
    metadata,
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), primary_key=True),
    sa.Column("preview_id", sa.String(16), sa.ForeignKey("work.id"), nullable=False, unique=True),
    sa.CheckConstraint("preview_id <> work_id", name="preview_id"),
)
"""Reduced copies that may be shown to everybody."""

CHECK_STATES = ("checking", "published", "refused")
"""How far a check of an offer is; where no process checks any more, ``checking`` was broken off."""

offer_check = sa.Table(
    "offer_check",
    metadata,
    sa.Column("account_id", sa.String(16), sa.ForeignKey("account.id"), primary_key=True),
    # Of what is offered: the same again is the same check.
    sa.Column("id", sa.String(16), primary_key=True),
    # Of the process that checks: one that was left behind by a server that died publishes nothing any more.
    sa.Column("run", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # What the seller's form held, for showing it again; empty: a program asked.
    sa.Column("typed", sa.Text, nullable=False),
    sa.Column("listing_id", sa.String(16), sa.ForeignKey("listing.id"), nullable=True),
    # Why it was refused: what, do, code and status.
    sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("begun_at", UtcTime, nullable=False),
    sa.CheckConstraint("length(id) = 16 AND id = lower(id)", name="id"),
    sa.CheckConstraint("state IN ('checking', 'published', 'refused')", name="state"),
    sa.CheckConstraint("(state = 'published') = (listing_id IS NOT NULL)", name="listing"),
    sa.CheckConstraint("(state = 'refused') = (error IS NOT NULL)", name="error"),
)
"""Offers that are looked at before they are published, and what became of them."""
