"""What administrators enter in the books, by a page or a program: each is an event of the studio, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luokuan.rights.market.books import HOUSE
from luokuan.rights.market.buyers import account_of
from luokuan.rights.market.payouts import pay_out, take_back
from luokuan.store.events import insert_event
from luokuan.store.house import MarketSetting, market_setting, set_market
from luokuan.studio.access import principal
from luokuan.studio.state import address_of, now, studio_of

if TYPE_CHECKING:
    import sqlalchemy as sa
    from starlette.requests import Request

    from luokuan.rights.money import Money
    from luokuan.store.books import PayoutRow


def settled(request: Request, fee: int) -> None:
    """Settle what the house takes of sales, in basis points.

    Raises:
        UserError: it can't be so much, or somebody else settles it at the same time.
    """
    with studio_of(request).database.write() as connection:
        set_market(connection, MarketSetting(fee, market_setting(connection).version), now())
        _event(connection, request, "market.fee", f"{fee}")


def entered(request: Request, party: str, money: Money, reason: str, key: str = "") -> PayoutRow:
    """Enter that somebody was paid. ``party``: the name of an account, or ``house``.

    Raises:
        UserError: see ``payouts.pay_out``, or there is no such account.
    """
    studio = studio_of(request)
    name = HOUSE if party == HOUSE else account_of(party, studio.home, studio.database).id
    by = principal(request).person.id
    row = pay_out(name, money, studio.home, reason=reason, decided_by=by, key=key, shared=studio.database)
    with studio.database.write() as connection:
        _event(connection, request, "market.paid", row.id)
    return row


def undone(request: Request, payout_id: str) -> None:
    """Take a payout back.

    Raises:
        UserError: there is none.
    """
    studio = studio_of(request)
    if take_back(payout_id, studio.home, shared=studio.database):
        with studio.database.write() as connection:
            _event(connection, request, "market.unpaid", payout_id)


def _event(connection: sa.Connection, request: Request, action: str, subject: str) -> None:
    insert_event(
        connection,
        at=now(),
        account_id=principal(request).person.id,
        action=action,
        subject=subject,
        address=address_of(request),
    )
