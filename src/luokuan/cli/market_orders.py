"""`luokuan market order`, `pay`, `deliver`, `grants`, `refund`, `buyer`: from an order to a licence, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.grants import GrantRow
    from luokuan.store.orders import OrderRow

ORDER = _("Order what is offered, for an account.")
LIST = _("Show orders, the newest first.")
PAY = _("Pay an order with test money: it gets its licences, and its copies are made.")
DELIVER = _("Make the copies of an order, if they aren't there yet, and write them with certificates and proofs.")
GRANTS = _("Show licences that were granted, the oldest first.")
REFUND = _("Take a sale back: its licences end, and all money goes back; an order that wasn't paid is cancelled.")
BUYER = _("Make an account for somebody who buys.")
ERASE = _("Erase who a buyer is: account and names go, books and licences stay.")

OrderId = Annotated[str, typer.Argument(metavar="ORDER", help=_("The order's id."), show_default=False)]
Name = Annotated[str, typer.Argument(metavar="NAME", help=_("Name of the account."), show_default=False)]
Buyer = Annotated[str, typer.Option("--buyer", metavar="NAME", help=_("Name of the account."), show_default=False)]


def order(
    listing: Annotated[str, typer.Argument(metavar="LISTING", help=_("The listing's id."), show_default=False)],
    buyer: Buyer,
    licensee: Annotated[str, typer.Option("--licensee", help=_("In whose name; without it the account's."))] = "",
    key: Annotated[str, typer.Option("--key", help=_("What you call it: the same key again, the same order."))] = "",
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """A new order."""
    from luokuan.rights.market.buyers import account_of
    from luokuan.rights.market.orders import place
    from luokuan.store.home import open_home

    where = open_home(home)
    row = place(listing, account_of(buyer, where), where, licensee=licensee, key=key)
    _tell(row, json=json, quiet=quiet)
    if not json:
        say(_("Pay it with `luokuan market pay {id}`.", id=row.id), quiet=quiet)


def orders(
    buyer: Annotated[str, typer.Option("--buyer", metavar="NAME", help=_("Only this account's."))] = "",
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """All rows, or a buyer's."""
    from luokuan.rights.market.buyers import account_of
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.orders import orders as all_orders

    where = open_home(home)
    account = account_of(buyer, where).id if buyer else ""
    with open_database(where) as database, database.read() as connection:
        rows = all_orders(connection, buyer=account)
    if json:
        emit_json({"orders": [_values(row) for row in rows]})
        return
    if not rows:
        say(_("There are no orders."))
    for row in rows:
        say(visible(_line(row)))


def pay(order: OrderId, json: options.Json = False, quiet: options.Quiet = False, home: options.Home = None) -> None:
    """Payment, licence, delivery."""
    from luokuan.rights.market import delivery
    from luokuan.rights.market import orders as market
    from luokuan.store.home import open_home

    where = open_home(home)
    if market.pay(order, where).state == "granted":
        delivery.deliver(order, where)
    _tell(market.order_of(order, where), json=json, quiet=quiet)


def deliver(
    order: OrderId,
    output: options.Output = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """The zip file."""
    from luokuan.files import expand
    from luokuan.rights.market import delivery
    from luokuan.rights.market.orders import order_of
    from luokuan.store.home import open_home

    where = open_home(home)
    row = order_of(order, where)
    delivery.deliver(row.id, where)
    target = delivery.bundle(row.id, expand(output or Path(f"order-{row.id}.zip")), where)
    if json:
        emit_json({"order": row.id, "output": str(target)})
    else:
        say(_("Written to {path}.", path=target), quiet=quiet)


def grants(
    order: Annotated[str, typer.Option("--order", metavar="ORDER", help=_("Only this order's."))] = "",
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """All licences, or an order's."""
    from luokuan.rights.guard import now_utc
    from luokuan.store.database import open_database
    from luokuan.store.grants import grants as all_grants
    from luokuan.store.home import open_home

    with open_database(open_home(home)) as database, database.read() as connection:
        rows = all_grants(connection, order_id=order)
    if json:
        emit_json({"grants": [_licence(row) for row in rows]})
        return
    if not rows:
        say(_("No licences were granted."))
    for row in rows:
        until = _("without end") if row.expires_at is None else f"→ {row.expires_at:%F}"
        held = _("holds") if row.holds(now_utc()) else _("has ended")
        say(f"{row.id}  {row.work_id}  {row.granted_at:%F}  {until}  {held}")


def refund(
    order: OrderId,
    reason: Annotated[str, typer.Option("--reason", help=_("Why."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Back to the beginning."""
    from luokuan.rights.market.orders import refund as take_back
    from luokuan.store.home import open_home

    _tell(take_back(order, open_home(home), reason=reason), json=json, quiet=quiet)


def buyer(name: Name, json: options.Json = False, quiet: options.Quiet = False, home: options.Home = None) -> None:
    """A new account."""
    from luokuan.rights.market.buyers import new_buyer
    from luokuan.store.home import open_home

    row = new_buyer(name, open_home(home))
    if json:
        emit_json({"id": row.id, "name": row.name})
    else:
        say(_("There is an account {name} now; `luokuan studio link` lets them set a password.", name=row.name),
            quiet=quiet)  # fmt: skip


def erase_buyer(
    name: Name, json: options.Json = False, quiet: options.Quiet = False, home: options.Home = None
) -> None:
    """Names go."""
    from luokuan.rights.market.buyers import erase_buyer as erase
    from luokuan.store.home import open_home

    count = erase(name, open_home(home))
    if json:
        emit_json({"erased": name, "orders": count})
    else:
        say(_("Erased: the account, and the name in {count} orders. Books and licences stay.", count=count),
            quiet=quiet)  # fmt: skip


def _tell(row: OrderRow, *, json: bool, quiet: bool) -> None:
    if json:
        emit_json(_values(row))
    else:
        say(visible(_line(row)), quiet=quiet)


def _line(row: OrderRow) -> str:
    from luokuan.rights.market.orders import state_word
    from luokuan.rights.money import Money

    parts = [row.id, row.listing_id, f"{row.placed_at:%F}", str(Money(row.amount, row.currency)), state_word(row.state)]
    return "  ".join([*parts, row.licensee or "–", *([row.reason] if row.reason else [])])


def _values(row: OrderRow) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import datetime

    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(row).items()}


def _licence(row: GrantRow) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import datetime

    values = {**asdict(row), "terms": dict(row.terms)}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}
