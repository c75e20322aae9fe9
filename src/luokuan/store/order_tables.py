"""The tables of the market's orders: orders, payments and what their provider said, licences; and test money."""

from __future__ import annotations

import sqlalchemy as sa

from luokuan.store.columns import UtcTime, metadata

ORDER_STATES = ("placed", "paid", "granted", "delivered", "refunding", "refunded", "cancelled")
"""Where an order stands; see ``rights.market.orders``."""
_ORDER = "state IN ('placed', 'paid', 'granted', 'delivered', 'refunding', 'refunded', 'cancelled')"
_ID = "length(id) = 16 AND id = lower(id)"
_AMOUNT = "amount > 0 AND amount <= 1000000000000000"

market_order = sa.Table(
    "market_order",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("listing_id", sa.String(16), sa.ForeignKey("listing.id"), nullable=False, index=True),
    sa.Column("buyer", sa.String(16), sa.ForeignKey("account.id"), nullable=False),
    # Whose name stands in the licence; null when it was erased. The books know of no names.
    sa.Column("licensee", sa.Text, nullable=True),
    # What the buyer called it: the same word twice is the same order.
    sa.Column("key", sa.String(80), nullable=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("payment_id", sa.String(40), nullable=True, unique=True),
    # Why it was refunded or cancelled.
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("placed_at", UtcTime, nullable=False),
    sa.Column("paid_at", UtcTime, nullable=True),
    sa.Column("granted_at", UtcTime, nullable=True),
    sa.Column("delivered_at", UtcTime, nullable=True),
    sa.Column("closed_at", UtcTime, nullable=True),
    sa.UniqueConstraint("buyer", "key"),
    sa.Index("ix_market_order_state", "state"),
    sa.CheckConstraint(_ID, name="id"),
    sa.CheckConstraint(_AMOUNT, name="amount"),
    sa.CheckConstraint(_ORDER, name="state"),
    sa.CheckConstraint("licensee IS NULL OR length(licensee) BETWEEN 1 AND 200", name="licensee"),
    sa.CheckConstraint("(state IN ('refunded', 'cancelled')) = (closed_at IS NOT NULL)", name="closed"),
    sa.CheckConstraint("state IN ('placed', 'cancelled') OR payment_id IS NOT NULL", name="paid"),
)

payment = sa.Table(
    "payment",
    metadata,
    # As the provider calls it.
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("order_id", sa.String(16), sa.ForeignKey("market_order.id"), nullable=False, index=True),
    sa.Column("provider", sa.String(20), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("refunded_at", UtcTime, nullable=True),
    sa.Index("ix_payment_state", "state"),
    sa.CheckConstraint(_AMOUNT, name="amount"),
    sa.CheckConstraint("state IN ('received', 'refund_due', 'refunded')", name="state"),
    sa.CheckConstraint("(state = 'refunded') = (refunded_at IS NOT NULL)", name="refunded"),
)
"""Money that reached us. An order has one; who pays twice has two, of which one goes back."""

payment_event = sa.Table(
    "payment_event",
    metadata,
    sa.Column("provider", sa.String(20), primary_key=True),
    # As the provider calls it: the same event twice is one.
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("payment_id", sa.String(40), nullable=False, index=True),
    sa.Column("order_id", sa.String(40), nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
)
"""What a provider said, in the order in which it came."""

licence_grant = sa.Table(
    "licence_grant",
    metadata,
    # Also the id of the copy that is delivered, and what its watermark says.
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("order_id", sa.String(16), sa.ForeignKey("market_order.id"), nullable=False),
    sa.Column("work_id", sa.String(16), sa.ForeignKey("work.id"), nullable=False),
    sa.Column("root_id", sa.String(16), sa.ForeignKey("work.id"), nullable=False, index=True),
    sa.Column("seller", sa.String(16), sa.ForeignKey("account.id"), nullable=True),
    sa.Column("buyer", sa.String(16), sa.ForeignKey("account.id"), nullable=False, index=True),
    sa.Column("terms", sa.JSON, nullable=False),
    sa.Column("exclusive", sa.Boolean, nullable=False),
    sa.Column("granted_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=True),
    sa.Column("ended_at", UtcTime, nullable=True),
    sa.Column("end_reason", sa.String(16), nullable=True),
    sa.Column("delivered_at", UtcTime, nullable=True),
    sa.UniqueConstraint("order_id", "work_id"),
    sa.CheckConstraint(_ID, name="id"),
    sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended"),
    sa.CheckConstraint("expires_at IS NULL OR expires_at > granted_at", name="expires_at"),
    sa.CheckConstraint("end_reason IS NULL OR end_reason IN ('refunded', 'expired')", name="end_reason"),
)
"""Licences that somebody got."""

_EXCLUSIVE = sa.and_(licence_grant.c.exclusive, licence_grant.c.ended_at.is_(None))
# Of a work and all its copies there is one exclusive licence at a time, whatever the program does.
sa.Index(
    "uq_licence_grant_exclusive", licence_grant.c.root_id, unique=True, sqlite_where=_EXCLUSIVE,
    postgresql_where=_EXCLUSIVE,
)  # fmt: skip

test_payment = sa.Table(
    "test_payment",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("order_id", sa.String(16), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    sa.CheckConstraint(_AMOUNT, name="amount"),
    sa.CheckConstraint("state IN ('open', 'succeeded', 'refunded')", name="state"),
)
"""The embedded provider's own book of test money, which stands for another company's."""

test_event = sa.Table(
    "test_event",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("made_at", UtcTime, nullable=False),
    # Null: nobody has said yet that it came.
    sa.Column("heard_at", UtcTime, nullable=True),
)
"""What the embedded provider has to say."""
