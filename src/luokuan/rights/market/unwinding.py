"""Taking back what was done for an order: its licences end, and who got money gives it back to the order's escrow."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from luokuan.colophon.tlog.entries import notice as log_notice
from luokuan.rights.market import books
from luokuan.store.grants import end_grants, grants
from luokuan.store.orders import OrderRow, move_order

if TYPE_CHECKING:
    import sqlalchemy as sa

OPEN = ("paid", "granted", "delivered")
"""States in which money is there that can go back."""


def unwind(connection: sa.Connection, book: Any, order: OrderRow, reason: str, at: datetime) -> bool:
    """Turn an order towards its refund, in the caller's transaction; whether there was something to take back. The log
    says of each licence that it ended.

    Args:
        connection: For writing.
        book: The log's writer.
        order: As it stands, locked.
        reason: Why.
        at: Now.
    """
    if not move_order(connection, order.id, OPEN, state="refunding", reason=reason[:500]):
        return False
    ended = [one for one in grants(connection, order_id=order.id) if one.ended_at is None]
    end_grants(connection, [one.id for one in ended], "refunded", at)
    books.reverse_all(connection, order.id, ("sale", "royalty"), at)
    about = [{"grant": one.id, "order": order.id, "refunded": True, "reason": reason} for one in ended]
    book.append([
        log_notice("correction", one.work_id, words, at) for one, words in zip(ended, about, strict=True)
    ])  # fmt: skip
    return True
