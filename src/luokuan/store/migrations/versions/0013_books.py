"""The books of the market: transfers that can only be added.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MIRRORED = (
    "SELECT 1 FROM transfer WHERE id = NEW.reverses AND reverses IS NULL AND debit = NEW.credit "
    "AND credit = NEW.debit AND amount = NEW.amount AND currency = NEW.currency"
)
# A second row is refused here and not by the keys alone: INSERT OR REPLACE deletes without a trigger.
_SQLITE = (
    f"""CREATE TRIGGER transfer_insert BEFORE INSERT ON transfer BEGIN
    SELECT RAISE(ABORT, 'a transfer is there already') WHERE EXISTS (SELECT 1 FROM transfer
        WHERE id = NEW.id OR key = NEW.key OR reverses = NEW.reverses);
    SELECT RAISE(ABORT, 'a reversal mirrors its transfer')
        WHERE NEW.reverses IS NOT NULL AND NOT EXISTS ({_MIRRORED});
    END""",  # noqa: S608 - no value from anywhere
    """CREATE TRIGGER transfer_update BEFORE UPDATE ON transfer BEGIN
    SELECT RAISE(ABORT, 'the books can only be added to');
    END""",
    """CREATE TRIGGER transfer_delete BEFORE DELETE ON transfer BEGIN
    SELECT RAISE(ABORT, 'the books can only be added to');
    END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION transfer_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            RAISE EXCEPTION 'the books can only be added to' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.reverses IS NOT NULL AND NOT EXISTS ({_MIRRORED}) THEN
            RAISE EXCEPTION 'a reversal mirrors its transfer' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$""",
    "CREATE TRIGGER transfer_row BEFORE INSERT OR UPDATE OR DELETE ON transfer "
    "FOR EACH ROW EXECUTE FUNCTION transfer_guard()",
    "CREATE TRIGGER transfer_truncate BEFORE TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION transfer_guard()",
)


def upgrade() -> None:
    """Add the table and the triggers."""
    op.create_table(
        "transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("debit", sa.String(80), nullable=False),
        sa.Column("credit", sa.String(80), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("reverses", sa.BigInteger, nullable=True),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("key", name="uq_transfer_key"),
        sa.UniqueConstraint("reverses", name="uq_transfer_reverses"),
        sa.ForeignKeyConstraint(["reverses"], ["transfer.id"], name="fk_transfer_reverses_transfer"),
        *_checks(
            words="length(key) > 0 AND length(debit) > 0 AND length(credit) > 0",
            accounts="debit <> credit",
            amount="amount > 0 AND amount <= 1000000000000000",
            currency="length(currency) = 3 AND currency = upper(currency)",
            purpose="purpose IN ('payment', 'sale', 'royalty', 'reversal')",
            reversal="(purpose = 'reversal') = (reverses IS NOT NULL)",
        ),
    )
    for name in ("debit", "credit", "reference"):
        op.create_index(f"ix_transfer_{name}", "transfer", [name])
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


def _checks(**rules: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(rule, name=op.f(f"ck_transfer_{name}")) for name, rule in rules.items()]


def downgrade() -> None:
    """Remove the table, with the triggers on it."""
    op.drop_table("transfer")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION transfer_guard()")
