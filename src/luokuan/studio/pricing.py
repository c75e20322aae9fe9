"""The price table by which a studio counts what works, models and projects cost: administrators settle it for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.store.events import insert_event
from luokuan.store.house import PriceSetting, price_setting, set_prices
from luokuan.studio.access import principal
from luokuan.studio.state import address_of, now, studio_of

if TYPE_CHECKING:
    import sqlalchemy as sa
    from starlette.requests import Request

    from luokuan.appraisal.prices import PriceTable


def setting(request: Request) -> PriceSetting:
    """What is settled."""
    with studio_of(request).database.read() as connection:
        return price_setting(connection)


def table(request: Request) -> PriceTable:
    """The prices that count here.

    Raises:
        UserError: what is settled can't be read any more.
    """
    from luokuan.appraisal.prices import parse_prices, read_prices  # NumPy with it, which an idle server does without

    text = setting(request).text
    return parse_prices(text) if text else read_prices()


def text_of(found: PriceSetting) -> str:
    """The table as text, whichever counts."""
    from luokuan.appraisal.prices import beginning

    return found.text or beginning()


def settle(request: Request, text: str, version: int) -> None:
    """Settle another table, in the place of the one that ``version`` saw.

    Raises:
        UserError: it is none (422), or somebody has changed it since (409).
    """
    from luokuan.appraisal.prices import parse_prices

    try:
        parse_prices(text)
    except UserError as error:
        raise UserError(error.what, error.do, code=error.code, status=422) from error
    _keep(request, PriceSetting(text, version))


def take_back(request: Request, version: int) -> None:
    """Count by the table that comes with Luokuan again.

    Raises:
        UserError: somebody has changed it since (409).
    """
    _keep(request, PriceSetting("", version))


def _keep(request: Request, wanted: PriceSetting) -> None:
    with studio_of(request).database.write() as connection:
        set_prices(connection, wanted, now())
        _event(connection, request)


def _event(connection: sa.Connection, request: Request) -> None:
    who = principal(request).person.id
    insert_event(
        connection, at=now(), account_id=who, action="appraisal.prices", subject="", address=address_of(request)
    )
