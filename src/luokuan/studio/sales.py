"""What others ordered of what one sells, and taking a sale back; for pages and programs alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.market import orders
from luokuan.store.listings import find_listing
from luokuan.store.orders import find_order
from luokuan.studio.access import principal
from luokuan.studio.errors import missing
from luokuan.studio.state import studio_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from luokuan.store.accounts import AccountRow
    from luokuan.store.orders import OrderRow

BACK = ("refunding", "refunded")
"""States of an order that was taken back."""


def sellers_of(person: AccountRow) -> list[str | None]:
    """For whom somebody sells: for themselves, and administrators for the home (None)."""
    return [person.id, None] if person.role == "admin" else [person.id]


def own_sale(request: Request, order_id: str) -> OrderRow:
    """An order of something that the asker sells.

    Raises:
        UserError: there is none, or another sells it (404).
    """
    with studio_of(request).database.read() as connection:
        row = find_order(connection, order_id)
        listing = None if row is None else find_listing(connection, row.listing_id)
    if row is None or listing is None or listing.seller not in sellers_of(principal(request).person):
        raise missing()
    return row


def refund(request: Request, order_id: str, reason: str) -> OrderRow:
    """Take a sale back. What was taken back already stays as it is, with its first reason; what stopped halfway goes
    on.

    Raises:
        UserError: it isn't the asker's sale (404), it wasn't paid or was cancelled (409), or there is no reason (422).
    """
    studio, row = studio_of(request), own_sale(request, order_id)
    if row.state not in BACK:
        if row.state == "placed":  # the buyer's to pay or to cancel
            raise UserError(
                _("The order {id} can't be refunded: it is {state}.", id=row.id, state=orders.state_word(row.state)),
                _("Only what was paid can be given back."),
                code="order.closed",
                status=409,
            )
        try:
            return orders.refund(row.id, studio.home, reason=reason, shared=studio.database)
        except UserError as error:
            # Somebody else may have done it meanwhile.
            if error.code != "order.closed" or own_sale(request, order_id).state not in BACK:
                raise
    return orders.advance(row.id, studio.home, shared=studio.database)
