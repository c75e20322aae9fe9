"""Delivery: for each licence a copy, finished again from the master, whose one watermark is the licence's id; with its
certificate and with the proofs that both stand in the log."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.colophon.collection import name_of
from luokuan.colophon.tlog.proof import ENDING, prove, prove_work
from luokuan.errors import UserError
from luokuan.files import new_file
from luokuan.i18n import _
from luokuan.rights.guard import now_utc
from luokuan.rights.market import steps
from luokuan.rights.market.address import page_of
from luokuan.rights.market.certificate import certificate, seller_name
from luokuan.rights.market.opening import opened
from luokuan.rights.market.orders import no_order
from luokuan.rights.metadata import usage
from luokuan.rights.terms import Terms
from luokuan.store import logbook
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database
from luokuan.store.grants import GrantRow, find_grant, grants, set_delivered
from luokuan.store.listings import find_listing
from luokuan.store.orders import OrderRow, find_order, move_order, orders
from luokuan.store.rights import is_withdrawn
from luokuan.store.works import WorkRow, find_work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.store.home import Home
    from luokuan.store.logbook import Found

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Bought:
    """What somebody bought. ``grants``: its licences; none before it is paid."""

    order: OrderRow
    title: str
    grants: tuple[GrantRow, ...]


def deliver(
    order_id: str,
    home: Home,
    *,
    now: Clock = now_utc,
    shared: Database | None = None,
    check: Callable[[], None] | None = None,
) -> int:
    """Make the copies of an order that aren't there yet. May be called again. Returns how many were made.

    Args:
        order_id: Whose.
        home: Where.
        now: The clock.
        shared: The home's database, if it is open already.
        check: Called before each copy; what it raises ends it there.

    Raises:
        UserError: there is no such order, it has no licences that hold, or a copy can't be made, see ``finish_again``.
    """
    with opened(home, shared) as database, database.read() as connection:
        order, given = find_order(connection, order_id), grants(connection, order_id=order_id)
    if order is None:
        raise no_order(order_id)
    waiting = [one for one in given if one.delivered_at is None and one.ended_at is None]
    if order.state not in ("granted", "delivered"):
        raise _not_licensed(order_id)
    for one in waiting:
        if check is not None:
            check()
        _copy(one, home, now, shared)
        steps.reached("copied")
    steps.reached("delivered")
    return len(waiting)


def _copy(licence: GrantRow, home: Home, now: Clock, shared: Database | None) -> None:
    def check(connection: sa.Connection) -> None:
        found = find_grant(connection, licence.id)
        if found is None or found.ended_at is not None:
            raise _not_licensed(licence.order_id)

    from luokuan.colophon.derive import finish_again  # heavy: a studio that sells nothing needn't load it

    def record(connection: sa.Connection, _work: str) -> None:
        at = now()
        set_delivered(connection, licence.id, at)
        if all(one.delivered_at is not None for one in grants(connection, order_id=licence.order_id)):
            move_order(connection, licence.order_id, ("granted",), state="delivered", delivered_at=at)

    terms = Terms.from_json(dict(licence.terms))
    with opened(home, shared) as database, database.read() as connection:
        order = find_order(connection, licence.order_id)
        page = "" if order is None else page_of(order.listing_id)
        said = usage(terms, owner=seller_name(connection, licence.seller), statement=page)
    try:
        # The copy is nobody's own work: its recipe is its maker's, and its buyer comes to it by the order.
        finish_again(
            licence.work_id, home=home, purpose="licensed", copy_id=licence.id, at_commit=check, at_record=record,
            usage=said,
        )  # fmt: skip
    except UserError:
        raise
    except Exception:
        with opened(home, shared) as database, database.read() as connection:
            found = find_grant(connection, licence.id)
        if found is None or found.delivered_at is None:
            raise  # else somebody else has made it meanwhile: the database keeps one


def bought(connection: sa.Connection, buyer: str, order_id: str = "") -> list[Bought]:
    """What a buyer ordered, the newest first; all, or one."""
    found = []
    for order in orders(connection, buyer=buyer):
        if order_id in ("", order.id):
            listing = find_listing(connection, order.listing_id)
            title = "" if listing is None else listing.title
            found.append(Bought(order, title, tuple(grants(connection, order_id=order.id))))
    return found


def copy_of(connection: sa.Connection, licence: GrantRow, at: datetime) -> WorkRow:
    """The copy that a licence gives.

    Raises:
        UserError: it isn't made yet, the licence has ended, or the work was withdrawn.
    """
    row = find_work(connection, licence.id)
    if row is None or row.erased or licence.delivered_at is None:
        raise UserError(
            _("The copy for the licence {id} isn't there yet.", id=licence.id), _("Try again in a moment."),
            code="delivery.waits", status=409,
        )  # fmt: skip
    if not licence.holds(at):
        raise UserError(
            _("The licence {id} has ended.", id=licence.id), _("Buy another one."), code="delivery.ended", status=410
        )
    if is_withdrawn(connection, row.id):
        raise UserError(
            _("The work {id} was withdrawn and isn't served any more.", id=licence.work_id),
            _("Ask the seller for a refund."),
            code="work.withdrawn",
            status=410,
        )
    return row


def bundle(order_id: str, target: Path, home: Home, *, now: Clock = now_utc, shared: Database | None = None) -> Path:
    """Write all that an order gives as a zip file: copies with what lies beside them, certificates, and proofs.

    Raises:
        UserError: see ``copy_of``, or no room.
    """
    at, blobs = now(), Blobs(home)
    with opened(home, shared) as database, database.read() as connection:
        given = grants(connection, order_id=order_id)
        if not given:
            raise _not_licensed(order_id)
        copies = [(one, copy_of(connection, one, at)) for one in given]
        with new_file(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for licence, row in copies:
                name = name_of(row)
                archive.writestr(name, blobs.get(row.blob_sha256), zipfile.ZIP_STORED)
                for ending, sha256 in row.sidecars.items():
                    archive.writestr(name + ending, blobs.get(sha256))
                if (proof := prove_work(connection, row.id)) is not None:
                    archive.writestr(name + ENDING, proof.to_bytes())
                data, suffix = certificate(connection, licence, home, at)
                archive.writestr(f"licence-{licence.id}{suffix}", data)
                for ending, data in evidence(connection, licence).items():
                    archive.writestr(f"licence-{licence.id}{ending}", data)
    return target


def evidence(connection: sa.Connection, licence: GrantRow) -> dict[str, bytes]:
    """What proves that a licence was logged, by the ending of the file's name: the proof of its entry, and what opens
    the entry's commitment. Nothing where it wasn't logged, or was erased."""
    found = entry_of_grant(connection, licence)
    if found is None or found.entry.private is None or found.entry.salt is None:
        return {}
    head = next(one for one in logbook.heads(connection) if one.id == found.log_id)
    opened: dict[str, Any] = {"private": dict(found.entry.private), "salt": found.entry.salt.hex()}
    return {ENDING: prove(connection, head, found).to_bytes(), ".json": json.dumps(opened, indent=1).encode()}


def entry_of_grant(connection: sa.Connection, licence: GrantRow) -> Found | None:
    """The entry of the log that a licence was granted."""
    for one in logbook.entries_of_work(connection, licence.work_id):
        if one.entry.kind == "grant" and (one.entry.private or {}).get("grant") == licence.id:
            return one
    return None


def _not_licensed(order_id: str) -> UserError:
    return UserError(
        _("The order {id} gives no licence now.", id=order_id[:40]), _("Look at your orders."), code="delivery.none",
        status=409,
    )  # fmt: skip
