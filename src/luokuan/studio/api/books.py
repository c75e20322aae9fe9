"""`/api/books`: the house's fee and payouts; `/api/chain`, `/api/appraisal`: what the records say."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.rights.market.payouts import undone
from luokuan.rights.money import Money
from luokuan.store.books import PayoutRow, payouts
from luokuan.store.house import market_setting
from luokuan.studio import bookkeeping, pricing
from luokuan.studio.access import Needs, principal
from luokuan.studio.api.bodies import body_of, id_in, json_body
from luokuan.studio.api.trade_shapes import (
    ChainTold,
    CostTold,
    FeeTold,
    PayoutList,
    PayoutOrder,
    PayoutTold,
    PricesChange,
    PricesTold,
    RevenueTold,
)
from luokuan.studio.chainview import chain_view
from luokuan.studio.state import studio_of

router = APIRouter(prefix="/api")
SCOPE = "books"


@router.get("/books/fee", dependencies=[Depends(Needs("admin", scope=SCOPE))], response_model=FeeTold)
def fee(request: Request) -> Response:
    """What the house takes of each sale of others."""
    with studio_of(request).database.read() as connection:
        return JSONResponse({"fee": market_setting(connection).fee})


@router.put(
    "/books/fee",
    dependencies=[Depends(Needs("admin", scope=SCOPE))],
    response_model=FeeTold,
    openapi_extra=body_of(FeeTold),
)
async def set_fee(request: Request) -> Response:
    """Settle it; it counts from the next sale on."""
    wanted = await json_body(request, FeeTold)
    await run_in_threadpool(bookkeeping.settled, request, wanted.fee)
    return JSONResponse({"fee": wanted.fee})


@router.get("/books/payouts", dependencies=[Depends(Needs("admin", scope=SCOPE))], response_model=PayoutList)
def payout_list(request: Request) -> Response:
    """All payouts, the oldest first."""
    with studio_of(request).database.read() as connection:
        rows, back = payouts(connection), undone(connection)
    return JSONResponse({"payouts": [_payout(row, row.id in back) for row in rows]})


@router.post(
    "/books/payouts",
    dependencies=[Depends(Needs("admin", scope=SCOPE))],
    status_code=201,
    response_model=PayoutTold,
    openapi_extra=body_of(PayoutOrder),
)
async def payout(request: Request) -> Response:
    """Enter that somebody was paid. No money moves by it."""
    wanted = await json_body(request, PayoutOrder)
    money = Money(wanted.amount, wanted.currency)
    row = await run_in_threadpool(bookkeeping.entered, request, wanted.party, money, wanted.reason, wanted.key)
    return JSONResponse(_payout(row, back=False), 201)


@router.post(
    "/books/payouts/{payout_id}/take-back",
    dependencies=[Depends(Needs("admin", scope=SCOPE))],
    response_model=PayoutTold,
)
def undo(request: Request, payout_id: str) -> Response:
    """Take a payout back by an entry, because the money didn't go."""
    bookkeeping.undone(request, id_in(payout_id))
    with studio_of(request).database.read() as connection:
        (row,) = [one for one in payouts(connection) if one.id == payout_id]
    return JSONResponse(_payout(row, back=True))


@router.get("/chain", dependencies=[Depends(Needs("viewer", scope="works:read"))], response_model=ChainTold)
def chain(request: Request) -> Response:
    """The home's contract, its anchors, and works of one's own that were registered. No node is asked."""
    return JSONResponse(chain_view(studio_of(request), principal(request).person))


@router.get("/appraisal/revenue", dependencies=[Depends(Needs("admin", scope=SCOPE))], response_model=RevenueTold)
def revenue(request: Request) -> Response:
    """Revenue of models and works by the market's books, with the entries that it comes from."""
    from luokuan.appraisal.revenue import by, earnings_in  # NumPy with it, which a server that idles does without

    with studio_of(request).database.read() as connection:
        lines = earnings_in(connection)
    return JSONResponse({
        "models": [row.to_json() for row in by(lines, "model")],
        "works": [row.to_json() for row in by(lines, "work")],
        "entries": [line.to_json() for line in lines],
    })  # fmt: skip


@router.get("/appraisal/costs", dependencies=[Depends(Needs("admin", scope=SCOPE))], response_model=CostTold)
def costs(request: Request) -> Response:
    """What models and their works have cost, by the home's records and the house's price table."""
    from luokuan.appraisal.cost import costs_of

    found = costs_of(studio_of(request).home, pricing.table(request))
    return JSONResponse({
        "currency": found.currency,
        "on": found.on.isoformat(),
        "total": found.total,
        "models": [
            {
                "model": m.name, "training": m.training, "works": m.works, "making": m.making, "total": m.total,
                "unit_cost": m.unit, "estimated": m.estimated, "without_time": m.untimed,
            }
            for m in found.models
        ],
        "notes": [*found.notes],
    })  # fmt: skip


@router.get("/appraisal/prices", dependencies=[Depends(Needs("admin", scope=SCOPE))], response_model=PricesTold)
def prices(request: Request) -> Response:
    """The price table by which costs are counted."""
    return JSONResponse(_prices(request))


@router.put(
    "/appraisal/prices",
    dependencies=[Depends(Needs("admin", scope=SCOPE))],
    response_model=PricesTold,
    openapi_extra=body_of(PricesChange),
)
async def set_prices(request: Request) -> Response:
    """Settle another; 409 where it isn't any more what ``version`` saw."""
    wanted = await json_body(request, PricesChange)
    await run_in_threadpool(pricing.settle, request, wanted.text, wanted.version)
    return JSONResponse(await run_in_threadpool(_prices, request))


@router.delete("/appraisal/prices", dependencies=[Depends(Needs("admin", scope=SCOPE))], response_model=PricesTold)
def take_back_prices(request: Request, version: Annotated[int, Query(ge=0, le=2**31 - 2)]) -> Response:
    """Count by the table that comes with Luokuan again; 409 where it isn't any more what ``version`` saw."""
    pricing.take_back(request, version)
    return JSONResponse(_prices(request))


def _prices(request: Request) -> dict[str, Any]:
    found = pricing.setting(request)
    return {"text": pricing.text_of(found), "own": bool(found.text), "version": found.version}


def _payout(row: PayoutRow, back: bool) -> dict[str, Any]:
    return {
        "id": row.id, "party": row.party, "amount": row.amount, "currency": row.currency, "reason": row.reason,
        "decided_by": row.decided_by, "made": row.made_at.isoformat(), "taken_back": back,
    }  # fmt: skip
