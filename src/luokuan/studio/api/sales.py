"""`/api/market/sales`: what others ordered of what one sells, and refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.store.grants import grants
from luokuan.store.library import Mark
from luokuan.store.listings import find_listing
from luokuan.store.orders import OrderRow, orders
from luokuan.studio import sales
from luokuan.studio.access import Needs, principal
from luokuan.studio.api.bodies import body_of, id_in, json_body
from luokuan.studio.api.market import MOST, SCOPE, granted
from luokuan.studio.api.trade_shapes import RefundOrder, SalePage, SaleTold
from luokuan.studio.marks import mark_of, text_of
from luokuan.studio.state import studio_of

if TYPE_CHECKING:
    import sqlalchemy as sa

router = APIRouter(prefix="/api/market/sales")


@router.get("", dependencies=[Depends(Needs("maker", scope=SCOPE))], response_model=SalePage)
def sale_list(
    request: Request,
    after: Annotated[str, Query(max_length=80, description="The ``next`` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST)] = 24,
) -> Response:
    """Orders of what one sells, the newest first; administrators see those of the home's own works besides."""
    mark = mark_of(after)
    with studio_of(request).database.read() as connection:
        rows = orders(
            connection,
            sellers=sales.sellers_of(principal(request).person),
            limit=limit + 1,
            after=None if mark is None else (mark.at, mark.id),
        )
        found = [_sale(connection, row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return JSONResponse({"sales": found, "next": None if last is None else text_of(Mark(last.placed_at, last.id))})


@router.get("/{order_id}", dependencies=[Depends(Needs("maker", scope=SCOPE))], response_model=SaleTold)
def sale(request: Request, order_id: str) -> Response:
    """One of them."""
    return _told(request, sales.own_sale(request, id_in(order_id)))


@router.post(
    "/{order_id}/refund",
    dependencies=[Depends(Needs("maker", scope=SCOPE))],
    response_model=SaleTold,
    openapi_extra=body_of(RefundOrder),
)
async def refund(request: Request, order_id: str) -> Response:
    """Take a sale back: its licences end, shares go back, the buyer gets the whole price. The same again changes
    nothing: the first reason stays."""
    wanted = await json_body(request, RefundOrder)
    return await run_in_threadpool(_refund, request, order_id, wanted.reason)


def _refund(request: Request, order_id: str, reason: str) -> Response:
    return _told(request, sales.refund(request, id_in(order_id), reason))


def _told(request: Request, row: OrderRow) -> Response:
    with studio_of(request).database.read() as connection:
        return JSONResponse(_sale(connection, row))


def _sale(connection: sa.Connection, row: OrderRow) -> dict[str, Any]:
    listing = find_listing(connection, row.listing_id)
    return {
        "id": row.id, "listing": row.listing_id, "title": "" if listing is None else listing.title,
        "amount": row.amount, "currency": row.currency, "state": row.state, "placed": row.placed_at.isoformat(),
        "reason": row.reason or "", "grants": [granted(one) for one in grants(connection, order_id=row.id)],
    }  # fmt: skip
