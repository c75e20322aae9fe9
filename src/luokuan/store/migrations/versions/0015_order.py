"""Orders of the market, payments, licences, and test money.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_AMOUNT = "amount > 0 AND amount <= 1000000000000000"
_ID = "length(id) = 16 AND id = lower(id)"
_STATES = "state IN ('placed', 'paid', 'granted', 'delivered', 'refunding', 'refunded', 'cancelled')"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "market_order",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("listing_id", sa.String(16), nullable=False),
        sa.Column("buyer", sa.String(16), nullable=False),
        sa.Column("licensee", sa.Text, nullable=True),
        sa.Column("key", sa.String(80), nullable=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("payment_id", sa.String(40), nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("placed_at", sa.DateTime, nullable=False),
        *(sa.Column(f"{name}_at", sa.DateTime, nullable=True) for name in ("paid", "granted", "delivered", "closed")),
        sa.PrimaryKeyConstraint("id", name="pk_market_order"),
        sa.UniqueConstraint("payment_id", name="uq_market_order_payment_id"),
        sa.UniqueConstraint("buyer", "key", name="uq_market_order_buyer"),
        _to("market_order", "listing_id", "listing"),
        _to("market_order", "buyer", "account"),
        *_checks(
            "market_order",
            id=_ID,
            amount=_AMOUNT,
            state=_STATES,
            licensee="licensee IS NULL OR length(licensee) BETWEEN 1 AND 200",
            closed="(state IN ('refunded', 'cancelled')) = (closed_at IS NOT NULL)",
            paid="state IN ('placed', 'cancelled') OR payment_id IS NOT NULL",
        ),
    )
    op.create_index("ix_market_order_listing_id", "market_order", ["listing_id"])
    op.create_index("ix_market_order_state", "market_order", ["state"])
    _payments()
    _grants()


def _payments() -> None:
    op.create_table(
        "payment",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("order_id", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("refunded_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
        _to("payment", "order_id", "market_order"),
        *_checks(
            "payment",
            amount=_AMOUNT,
            state="state IN ('received', 'refund_due', 'refunded')",
            refunded="(state = 'refunded') = (refunded_at IS NOT NULL)",
        ),
    )
    op.create_index("ix_payment_order_id", "payment", ["order_id"])
    op.create_index("ix_payment_state", "payment", ["state"])
    op.create_table(
        "payment_event",
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("id", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("payment_id", sa.String(40), nullable=False),
        sa.Column("order_id", sa.String(40), nullable=False),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name="pk_payment_event"),
    )
    op.create_index("ix_payment_event_payment_id", "payment_event", ["payment_id"])
    op.create_table(
        "test_payment",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("order_id", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_test_payment"),
        *_checks("test_payment", amount=_AMOUNT, state="state IN ('open', 'succeeded', 'refunded')"),
    )
    op.create_index("ix_test_payment_order_id", "test_payment", ["order_id"])
    op.create_table(
        "test_event",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("heard_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_test_event"),
    )


def _grants() -> None:
    op.create_table(
        "licence_grant",
        sa.Column("id", sa.String(16), nullable=False),
        *(sa.Column(name, sa.String(16), nullable=False) for name in ("order_id", "work_id", "root_id")),
        sa.Column("seller", sa.String(16), nullable=True),
        sa.Column("buyer", sa.String(16), nullable=False),
        sa.Column("terms", sa.JSON, nullable=False),
        sa.Column("exclusive", sa.Boolean, nullable=False),
        sa.Column("granted_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=True),
        sa.Column("ended_at", sa.DateTime, nullable=True),
        sa.Column("end_reason", sa.String(16), nullable=True),
        sa.Column("delivered_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_licence_grant"),
        sa.UniqueConstraint("order_id", "work_id", name="uq_licence_grant_order_id"),
        _to("licence_grant", "order_id", "market_order"),
        _to("licence_grant", "work_id", "work"),
        _to("licence_grant", "root_id", "work"),
        _to("licence_grant", "seller", "account"),
        _to("licence_grant", "buyer", "account"),
        *_checks(
            "licence_grant",
            id=_ID,
            ended="(ended_at IS NULL) = (end_reason IS NULL)",
            expires_at="expires_at IS NULL OR expires_at > granted_at",
            end_reason="end_reason IS NULL OR end_reason IN ('refunded', 'expired')",
        ),
    )
    op.create_index("ix_licence_grant_root_id", "licence_grant", ["root_id"])
    op.create_index("ix_licence_grant_buyer", "licence_grant", ["buyer"])
    running = sa.text("exclusive AND ended_at IS NULL")
    op.create_index(
        "uq_licence_grant_exclusive", "licence_grant", ["root_id"], unique=True, sqlite_where=running,
        postgresql_where=running,
    )  # fmt: skip


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")


def _checks(table: str, **rules: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}")) for name, rule in rules.items()]


def downgrade() -> None:
    """Remove the tables."""
    for name in ("licence_grant", "test_event", "test_payment", "payment_event", "payment", "market_order"):
        op.drop_table(name)
