"""The books: accounts, splitting amounts without losing a unit, and taking transfers back by entry.

Accounts are names: ``provider:NAME`` is money that a payment provider holds for this home, ``escrow:ORDER`` what was
paid for an order that isn't settled, ``party:ID`` what belongs to somebody (an account of the studio, or ``house`` for
what was made on the command line), ``paid:ID`` what was paid out to somebody, outside of these books. A transfer goes
from ``debit`` to ``credit``; what a provider holds is therefore negative, and all accounts together are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.rights.money import LARGEST
from luokuan.store.books import Posted, Transfer, insert_transfer, transfers_of

if TYPE_CHECKING:
    import sqlalchemy as sa

HOUSE = "house"
"""The party of works that nobody owns but the home's administrators."""


def provider_account(name: str) -> str:
    """What a payment provider holds."""
    return f"provider:{name}"


def escrow(order_id: str) -> str:
    """What was paid for an order that isn't settled."""
    return f"escrow:{order_id}"


def party_account(party: str) -> str:
    """What belongs to somebody. ``party``: an account's id, or ``HOUSE``."""
    return f"party:{party}"


def paid_account(party: str) -> str:
    """What was paid out to somebody."""
    return f"paid:{party}"


def split(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split an amount in proportion to ``weights``, in whole units that add up to it.

    Each part is its exact share rounded down; the units that are left go one each to the largest remainders, and of
    equal ones to the first (the method of largest remainders, Hamilton 1792).

    Args:
        amount: 0 to ``LARGEST`` minor units.
        weights: Not negative, and not all 0.

    Raises:
        ValueError: see the arguments.
    """
    total = sum(weights)
    if not 0 <= amount <= LARGEST or total <= 0 or min(weights) < 0:
        raise ValueError("an amount is split by weights that aren't negative")
    parts = [amount * weight // total for weight in weights]
    largest = sorted(range(len(weights)), key=lambda at: (-(amount * weights[at] % total), at))
    for at in largest[: amount - sum(parts)]:
        parts[at] += 1
    return tuple(parts)


def reverse(connection: sa.Connection, posted: Posted, at: datetime) -> bool:
    """Take a transfer back by a further entry; False where that was done before.

    Raises:
        ValueError: it is itself one that takes back.
    """
    known = posted.transfer
    if known.reverses is not None:
        raise ValueError("what takes back isn't taken back")
    row = Transfer(
        f"reversal:{posted.id}", known.credit, known.debit, known.amount, known.currency, "reversal", known.reference,
        at, posted.id,
    )  # fmt: skip
    return insert_transfer(connection, row)


def reverse_all(connection: sa.Connection, order_id: str, purposes: Sequence[str], at: datetime) -> int:
    """Take back an order's transfers of these purposes, those that weren't yet. Returns how many."""
    open_ones = [
        one
        for one in transfers_of(connection, reference=order_id)
        if one.transfer.purpose in purposes and not one.reversed
    ]
    return sum(reverse(connection, one, at) for one in open_ones)
