"""Paying out: what belongs to somebody leaves the books by an entry, with the reason of whoever decided it.

The money itself goes another way, such as a bank's: the books only say that it went. A payout that was wrong is taken
back by an entry.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.colophon.tlog import log
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.market.books import paid_account, party_account, reverse
from luokuan.rights.market.opening import opened
from luokuan.rights.market.statements import decimal
from luokuan.rights.money import Money
from luokuan.rights.override import plain_line
from luokuan.store.books import (
    PayoutRow,
    Transfer,
    balances,
    find_payout,
    insert_payout,
    insert_transfer,
    transfers_of,
)
from luokuan.store.database import Database

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home

MAX_REASON = 500
Clock = Callable[[], datetime]


def new_key() -> str:
    """What a payout is called, drawn before it is made: the same again is the same payout."""
    return secrets.token_hex(8)


def pay_out(
    party: str,
    money: Money,
    home: Home,
    *,
    reason: str,
    decided_by: str | None = None,
    key: str = "",
    now: Clock = now_utc,
    shared: Database | None = None,
) -> PayoutRow:
    """Enter that somebody was paid.

    Args:
        party: An account's id, or ``books.HOUSE``.
        money: How much.
        home: Whose books.
        reason: Why, one line.
        decided_by: The administrator's account; None: on the command line.
        key: See ``new_key``; empty: one is drawn.
        now: The clock.
        shared: The home's database, if it is open already.

    Raises:
        UserError: nothing is paid, there isn't so much, there is no reason, or the key stands for another payout.
    """
    name, why, at = key or new_key(), plain_line(reason, MAX_REASON), now()
    if why is None:
        raise UserError(_("A payout needs a reason: one line of 1 to {most} characters.", most=MAX_REASON),
                        _("Say why with --reason."), code="payout.reason", status=422)  # fmt: skip
    if money.minor <= 0:
        raise UserError(_("A payout is more than nothing."), _("Give an amount above 0."), code="payout.amount",
                        status=422)  # fmt: skip
    if re.fullmatch("[0-9a-f]{16}", name) is None:
        raise UserError(_("The key of a payout has 16 hexadecimal digits."), _("Leave it out: one is drawn."),
                        code="payout.key", status=422)  # fmt: skip
    row = PayoutRow(name, party, money.minor, money.currency, why, decided_by, at)
    with opened(home, shared) as database, database.write() as connection:
        # The log's head is held: of two who pay out the same balance one comes first.
        log.writer(connection, home)
        known = find_payout(connection, name)
        if known is not None:
            if (known.party, known.amount, known.currency) != (row.party, row.amount, row.currency):
                raise UserError(_("Another payout is called '{key}'.", key=name), _("Take another key."),
                                code="payout.key", status=409)  # fmt: skip
            return known
        _check_balance(connection, party, money)
        insert_transfer(connection, Transfer(
            f"payout:{name}", party_account(party), paid_account(party), money.minor, money.currency, "payment", name,
            at,
        ))  # fmt: skip
        insert_payout(connection, row)
    return row


def take_back(payout_id: str, home: Home, *, now: Clock = now_utc, shared: Database | None = None) -> bool:
    """Take a payout back by an entry, because the money didn't go; False where that was done before.

    Raises:
        UserError: there is no such payout.
    """
    with opened(home, shared) as database, database.write() as connection:
        log.writer(connection, home)
        found = [one for one in transfers_of(connection, reference=payout_id)
                 if one.transfer.key == f"payout:{payout_id}"]  # fmt: skip
        if not found:
            raise UserError(_("There is no payout {id}.", id=payout_id[:40]), _("A statement names them."),
                            code="payout.unknown", status=404)  # fmt: skip
        return reverse(connection, found[0], now())


def undone(connection: sa.Connection) -> set[str]:
    """Ids of payouts that were taken back."""
    return {
        one.transfer.reference for one in transfers_of(connection) if one.transfer.what == "payout" and one.reversed
    }


def _check_balance(connection: sa.Connection, party: str, money: Money) -> None:
    account = party_account(party)
    there = balances(connection, [account]).get(account, {}).get(money.currency, 0)
    if there < money.minor:
        raise UserError(
            _(
                "So much isn't there: {money} of {there}.",
                money=money,
                there=f"{decimal(there, money.currency)} {money.currency}",
            ),
            _("Pay out at most what the statement shows."),
            code="payout.balance",
            status=409,
        )
