"""`luokuan market fee`, `payout`, `payouts`, `payout-undo`: what the house takes, and what leaves the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.books import PayoutRow

FEE = _("Show what the house takes of each sale of others, or settle it, in per cent; it counts from the next sale on.")
PAYOUT = _("Enter that a seller was paid: it leaves their account by an entry with a reason. No money moves by it.")
PAYOUTS = _("Show what was paid out, the oldest first.")
UNDO = _("Take a payout back by an entry, because the money didn't go.")

Seller = Annotated[str, typer.Argument(metavar="NAME", help=_("Account of the seller; 'house' for the home itself."))]


def fee(
    percent: Annotated[
        str, typer.Argument(metavar="PERCENT", help=_("Such as 10 or 12.5; without it the fee is shown."))
    ] = "",
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Shown or settled."""
    from luokuan.rights.guard import now_utc
    from luokuan.rights.money import points_of
    from luokuan.rights.words import percent as words
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home
    from luokuan.store.house import MarketSetting, market_setting, set_market

    wanted = points_of(percent) if percent else None
    with open_database(open_home(home)) as database:
        with database.read() as connection:
            found = market_setting(connection)
        if wanted is not None:
            with database.write() as connection:
                set_market(connection, MarketSetting(wanted, found.version), now_utc())
    points = found.fee if wanted is None else wanted
    if json:
        emit_json({"fee": points})
    else:
        say(_("The house takes {share} of each sale of others.", share=words(points)), quiet=quiet)


def payout(
    seller: Seller,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help=_("Such as 12.50."), show_default=False)],
    currency: Annotated[str, typer.Option("--currency", help=_("ISO 4217: CNY, EUR, JPY …"), show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help=_("Why."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """One entry."""
    from luokuan.rights.market.books import HOUSE
    from luokuan.rights.market.buyers import account_of
    from luokuan.rights.market.payouts import pay_out
    from luokuan.rights.money import money
    from luokuan.store.home import open_home

    place = open_home(home)
    party = HOUSE if seller == HOUSE else account_of(seller, place).id
    row = pay_out(party, money(amount, currency), place, reason=reason)
    if json:
        emit_json(_values(row, taken_back=False))
    else:
        say(_("The payout {id} stands in the books.", id=row.id), quiet=quiet)


def payouts(json: options.Json = False, home: options.Home = None) -> None:
    """All rows."""
    from luokuan.rights.market.payouts import undone
    from luokuan.rights.money import Money
    from luokuan.store.books import payouts as all_payouts
    from luokuan.store.database import open_database
    from luokuan.store.home import open_home

    with open_database(open_home(home)) as database, database.read() as connection:
        rows, back = all_payouts(connection), undone(connection)
    if json:
        emit_json({"payouts": [_values(row, taken_back=row.id in back) for row in rows]})
        return
    if not rows:
        say(_("Nothing was paid out."))
    for row in rows:
        end = _("taken back") if row.id in back else ""
        parts = [row.id, f"{row.made_at:%F}", row.party, str(Money(row.amount, row.currency)), row.reason, end]
        say(visible("  ".join(part for part in parts if part)))


def undo(
    payout_id: Annotated[str, typer.Argument(metavar="PAYOUT", help=_("The payout's id."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """One entry more."""
    from luokuan.rights.market.payouts import take_back
    from luokuan.store.home import open_home

    done = take_back(payout_id, open_home(home))
    if json:
        emit_json({"id": payout_id, "taken_back": done})
    else:
        say(_("Taken back.") if done else _("It was taken back before."), quiet=quiet)


def _values(row: PayoutRow, *, taken_back: bool) -> dict[str, Any]:
    return {
        "id": row.id, "party": row.party, "amount": row.amount, "currency": row.currency, "reason": row.reason,
        "decided_by": row.decided_by, "made_at": row.made_at.isoformat(), "taken_back": taken_back,
    }  # fmt: skip
