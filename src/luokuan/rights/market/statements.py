"""Statements: what came to somebody and what went back, line by line from the books; as CSV and as paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from luokuan.i18n import _
from luokuan.rights.market.books import party_account
from luokuan.rights.market.paper import Sheet
from luokuan.rights.money import DIGITS
from luokuan.store.books import transfers_of

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Line:
    """One transfer, as one party sees it.

    Args:
        number: In the books.
        at: When.
        purpose: What for.
        order: The order that it belongs to.
        amount: In minor units; negative: it went away.
        currency: ISO 4217 code.
        balance: What the party has in that currency after it.
    """

    number: int
    at: datetime
    purpose: str
    order: str
    amount: int
    currency: str
    balance: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values; amounts in minor units."""
        return {
            "number": self.number, "at": self.at.isoformat(), "purpose": self.purpose, "order": self.order,
            "amount": self.amount, "currency": self.currency, "balance": self.balance,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines of a time, and what the party had in each currency when it began and when it ended."""

    party: str
    lines: tuple[Line, ...]
    before: Mapping[str, int]
    after: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        lines = [one.to_json() for one in self.lines]
        return {"party": self.party, "before": dict(self.before), "after": dict(self.after), "lines": lines}


def statement(
    connection: sa.Connection, party: str, since: datetime | None = None, until: datetime | None = None
) -> Statement:
    """A party's statement.

    Args:
        connection: For reading.
        party: An account's id, or ``books.HOUSE``.
        since: The first moment; None: from the beginning.
        until: The first moment after it; None: to the end.
    """
    account = party_account(party)
    lines, before, now = [], dict[str, int](), dict[str, int]()
    for one in transfers_of(connection, account=account):
        known = one.transfer
        if until is not None and known.made_at >= until:
            continue  # numbers rise with time, but a clock may have been set back
        amount = known.amount if known.credit == account else -known.amount
        now[known.currency] = now.get(known.currency, 0) + amount
        if since is not None and known.made_at < since:
            before[known.currency] = before.get(known.currency, 0) + amount
            continue
        balance = now[known.currency]
        lines.append(
            Line(one.id, known.made_at, known.what, known.reference, amount, known.currency, balance)
        )  # fmt: skip
    return Statement(party, tuple(lines), before, now)


def as_csv(found: Statement) -> str:
    """The lines as CSV with amounts as decimal numbers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("number", "date", "purpose", "order", "amount", "currency", "balance"))
    for one in found.lines:
        amount, balance = decimal(one.amount, one.currency), decimal(one.balance, one.currency)
        writer.writerow((one.number, one.at.date(), one.purpose, one.order, amount, one.currency, balance))
    return out.getvalue()


def as_receipts(found: Statement) -> str:
    """The lines as ``luokuan appraisal`` reads revenue: ``date``, ``amount``, ``currency``, ``reference``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("date", "amount", "currency", "reference"))
    for one in found.lines:
        reference = f"{one.order}/{one.number}"
        writer.writerow((one.at.date(), decimal(one.amount, one.currency), one.currency, reference))
    return out.getvalue()


def as_sheet(found: Statement, name: str, made: datetime) -> Sheet:
    """The statement as paper. ``name``: of the party, for people."""
    rows = [
        (
            str(one.number), f"{one.at:%Y-%m-%d %H:%M}", purpose_word(one.purpose), one.order,
            f"{decimal(one.amount, one.currency)} {one.currency}",
            f"{decimal(one.balance, one.currency)} {one.currency}",
        )
        for one in found.lines
    ]  # fmt: skip
    facts = [(_("Account"), name), (_("Made at"), f"{made:%Y-%m-%d %H:%M} UTC")]
    facts += [
        (_("Balance in {currency}", currency=currency), f"{decimal(amount, currency)} {currency}")
        for currency, amount in sorted(found.after.items())
    ]
    columns = ("№", _("Date"), _("What for"), _("Order"), _("Amount"), _("Balance"))
    return Sheet(_("Statement"), made, facts, columns=columns, rows=rows)


def purpose_word(purpose: str) -> str:
    """What a transfer is for, for people."""
    return {
        "payment": _("payment"),
        "sale": _("sale"),
        "royalty": _("royalty"),
        "fee": _("fee of the house"),
        "payout": _("paid out"),
        "reversal": _("taken back"),
    }.get(purpose, purpose)


def decimal(minor: int, currency: str) -> str:
    """Minor units as a decimal number, with a sign where it is negative: ``-12.50``."""
    digits = DIGITS.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"
