"""Granting: one transaction in which an order gets its licences, everybody gets their share, and the log says so."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.entries import notice as log_notice
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.market import offers, steps
from luokuan.rights.market.books import HOUSE, escrow, party_account, split
from luokuan.rights.market.opening import opened
from luokuan.rights.market.royalties import Claim, Share, grants_in, shares
from luokuan.rights.market.unwinding import unwind
from luokuan.rights.terms import WHOLE
from luokuan.store.books import Transfer, insert_transfer, transfers_of
from luokuan.store.database import Database
from luokuan.store.grants import GrantRow, end_expired, find_grant, grants, insert_grant
from luokuan.store.house import market_setting
from luokuan.store.listings import ItemRow, ListingRow, close_listing, find_listing, items_of, offers_of
from luokuan.store.orders import OrderRow, find_order, find_payment, move_order, move_payment
from luokuan.store.works import find_work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home

Clock = Callable[[], datetime]


def grant(order_id: str, home: Home, *, now: Clock = now_utc, shared: Database | None = None) -> bool:
    """Give a paid order its licences; False where it wasn't paid, or can't be granted: its money is then to go back.

    All of it, or nothing: licences, shares, the log's entries, and that an exclusive offer ends.
    """
    at = now()
    with opened(home, shared) as database:
        with database.write() as connection:
            # The log's head is held until the end: of two who want the same exclusive licence one comes first.
            book = log.writer(connection, home)
            order = find_order(connection, order_id, lock=True)
            if order is None or order.state != "paid":
                return False
            listing = find_listing(connection, order.listing_id)
            assert listing is not None
            items = items_of(connection, listing.id)
            end_expired(connection, [one.root_id for one in items], at)
            why = impossible(connection, listing, at)
            if why is None:
                _grant(connection, book, order, listing, items, at)
            else:
                unwind(connection, book, order, why, at)
                paid = find_payment(connection, order.payment_id or "")
                if paid is not None:
                    move_payment(connection, paid.id, "refund_due")
        log.remember(home, book.head)
    steps.reached("granted")
    return why is None


def impossible(connection: sa.Connection, listing: ListingRow, at: datetime) -> str | None:
    """Why something can't be licensed now, in a sentence; None: it can."""
    if listing.state != "published":
        return _("it isn't offered any more.")
    for item in items_of(connection, listing.id):
        row = find_work(connection, item.work_id)
        try:
            assert row is not None
            offers.check_there(connection, row)
            offers.check_exclusive(connection, item.root_id, listing.seller, exclusive=listing.exclusive, at=at)
        except UserError as error:
            return error.what
        for name in grants_in([Claim.from_json(one) for one in item.claims]):
            upstream = find_grant(connection, name)
            if upstream is None or not upstream.holds(at):
                return _("a licence on which it rests has ended.")
    return None


def _grant(
    connection: sa.Connection, book: Any, order: OrderRow, listing: ListingRow, items: Sequence[ItemRow], at: datetime
) -> None:
    fee = _take_fee(connection, order, listing, at)
    days = listing.terms.get("days")
    until = None if days is None else at + timedelta(days=int(days))
    entries = []
    for item, part in zip(items, split(order.amount - fee, [1] * len(items)), strict=True):
        made = GrantRow(
            secrets.token_hex(8), order.id, item.work_id, item.root_id, listing.seller, order.buyer,
            dict(listing.terms), listing.exclusive, at, until,
        )  # fmt: skip
        insert_grant(connection, made)
        for one in _parts(order.id, listing, item, part):
            share = one.share
            insert_transfer(connection, Transfer(
                one.key, escrow(order.id), party_account(share.party), share.amount, order.currency,
                "royalty" if share.grant else "sale", order.id, at,
            ))  # fmt: skip
        told = {"grant": made.id, "order": order.id, "listing": listing.id, "terms": dict(listing.terms),
                "until": None if until is None else until.isoformat()}  # fmt: skip
        entries.append(log_notice("grant", item.work_id, told, at))
        sold = {"grant": made.id, "order": order.id, "amount": part, "currency": order.currency}
        entries.append(log_notice("sale", item.work_id, sold, at))
    book.append(entries)
    move_order(connection, order.id, ("paid",), state="granted", granted_at=at)
    if listing.exclusive:
        close_listing(connection, listing.id, "sold", at)
        for other in offers_of(connection, [one.root_id for one in items]):
            close_listing(connection, other.id, "sold", at)


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody got of an order: the key of its transfer, their share, and the work that was sold."""

    key: str
    share: Share
    work: str


def parts_of(connection: sa.Connection, order_id: str) -> list[Part]:
    """How the price of an order was shared out, the house's fee left aside; none where the order isn't known."""
    order = find_order(connection, order_id)
    listing = None if order is None else find_listing(connection, order.listing_id)
    if order is None or listing is None:
        return []
    fee = sum(one.transfer.amount for one in transfers_of(connection, reference=order_id)
              if one.transfer.key == f"fee:{order_id}")  # fmt: skip
    items = items_of(connection, listing.id)
    amounts = split(order.amount - fee, [1] * len(items))
    return [
        part
        for item, amount in zip(items, amounts, strict=True)
        for part in _parts(order_id, listing, item, amount)
    ]  # fmt: skip


def _parts(order_id: str, listing: ListingRow, item: ItemRow, amount: int) -> list[Part]:
    claims = [Claim.from_json(one) for one in item.claims]
    found = shares(amount, listing.seller or HOUSE, claims) if amount else []
    return [Part(f"sale:{order_id}:{item.place}:{at}", share, item.work_id) for at, share in enumerate(found)]


def _take_fee(connection: sa.Connection, order: OrderRow, listing: ListingRow, at: datetime) -> int:
    """Enter what the house takes of somebody else's sale, rounded down; what it sells itself costs nothing."""
    points = 0 if listing.seller is None else market_setting(connection).fee
    amount = order.amount * points // WHOLE
    if amount:
        insert_transfer(connection, Transfer(
            f"fee:{order.id}", escrow(order.id), party_account(HOUSE), amount, order.currency, "sale", order.id, at,
        ))  # fmt: skip
    return amount


def holding(connection: sa.Connection, order_id: str, at: datetime) -> list[GrantRow]:
    """An order's licences that hold."""
    return [one for one in grants(connection, order_id=order_id) if one.holds(at)]
