"""A buyer's orders: paying, the library of what was bought, certificates."""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import APIRouter, Depends
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from luokuan.errors import UserError
from luokuan.rights.market import delivery, orders
from luokuan.rights.market.certificate import certificate
from luokuan.rights.market.delivery import Bought
from luokuan.rights.market.listings import terms_of
from luokuan.rights.money import Money
from luokuan.rights.words import describe
from luokuan.store.listings import find_listing
from luokuan.studio.access import Needs, principal
from luokuan.studio.deliveries import ask, job_of
from luokuan.studio.errors import missing
from luokuan.studio.files import disposition, work_file
from luokuan.studio.guard.headers import FILES
from luokuan.studio.rendering import render
from luokuan.studio.state import now, studio_of

router = APIRouter()


@router.get("/orders", dependencies=[Depends(Needs("viewer"))])
def orders_page(request: Request) -> Response:
    """All of one's own, the newest first."""
    with studio_of(request).database.read() as connection:
        rows = delivery.bought(connection, principal(request).person.id)
    return render(request, "orders.html", {"rows": rows, "money": _money, "state_word": orders.state_word})


@router.get("/orders/{order_id}", dependencies=[Depends(Needs("viewer"))])
def order_page(request: Request, order_id: str) -> Response:
    """One order; asked for again by itself while its copies are being made."""
    return _page(request, _own(request, order_id), part="hx-request" in request.headers)


@router.post("/orders/{order_id}/pay", dependencies=[Depends(Needs("viewer"))])
def pay(request: Request, order_id: str) -> Response:
    """Pay with test money; the licence follows at once, and copies by a job."""
    studio, found = studio_of(request), _own(request, order_id)
    try:
        paid = orders.pay(found.order.id, studio.home, shared=studio.database)
        if paid.state == "granted":
            ask(studio.queue, paid.id)
    except UserError as error:
        return _page(request, _own(request, order_id), error=error)
    return RedirectResponse(f"/orders/{found.order.id}", 303)


@router.post("/orders/{order_id}/deliver", dependencies=[Depends(Needs("viewer"))])
def deliver(request: Request, order_id: str) -> Response:
    """Have copies made that aren't there yet."""
    studio, found = studio_of(request), _own(request, order_id)
    if found.order.state == "granted":
        ask(studio.queue, found.order.id)
    return RedirectResponse(f"/orders/{found.order.id}", 303)


@router.post("/orders/{order_id}/cancel", dependencies=[Depends(Needs("viewer"))])
def cancel(request: Request, order_id: str) -> Response:
    """Give up an order that wasn't paid; a refund is the seller's to give."""
    studio, found = studio_of(request), _own(request, order_id)
    if found.order.state == "placed":
        orders.refund(found.order.id, studio.home, reason="cancelled by the buyer", shared=studio.database)
    return RedirectResponse(f"/orders/{found.order.id}", 303)


@router.get("/orders/{order_id}/download", dependencies=[Depends(Needs("viewer"))])
def download(request: Request, order_id: str) -> Response:
    """Copies, certificates and proofs, as a zip file that is removed once it was sent."""
    studio, found = studio_of(request), _own(request, order_id)
    folder = tempfile.TemporaryDirectory(prefix="luokuan-")
    try:
        path = delivery.bundle(found.order.id, Path(folder.name) / "order.zip", studio.home, shared=studio.database)
    except BaseException:
        folder.cleanup()
        raise
    name = f"order-{found.order.id}.zip"
    headers = {"content-security-policy": FILES, "content-disposition": disposition(name, attached=True)}
    return FileResponse(path, media_type="application/zip", headers=headers, background=BackgroundTask(folder.cleanup))


@router.get("/orders/{order_id}/copies/{grant_id}", dependencies=[Depends(Needs("viewer"))])
def copy(request: Request, order_id: str, grant_id: str) -> Response:
    """One copy, to be shown or kept."""
    studio, found = studio_of(request), _own(request, order_id)
    licence = next((one for one in found.grants if one.id == grant_id), None)
    if licence is None:
        raise missing()
    with studio.database.read() as connection:
        row = delivery.copy_of(connection, licence, now())
    return work_file(request, row, studio.home, download="keep" in request.query_params)


@router.get("/orders/{order_id}/certificates/{grant_id}", dependencies=[Depends(Needs("viewer"))])
def paper(request: Request, order_id: str, grant_id: str) -> Response:
    """The certificate of one licence."""
    studio, found = studio_of(request), _own(request, order_id)
    licence = next((one for one in found.grants if one.id == grant_id), None)
    if licence is None:
        raise missing()
    with studio.database.read() as connection:
        data, suffix = certificate(connection, licence, studio.home, now())
    media_type = "application/pdf" if suffix == ".pdf" else "text/plain; charset=utf-8"
    name = f"licence-{licence.id}{suffix}"
    headers = {"content-security-policy": FILES, "content-disposition": disposition(name, attached=True)}
    return Response(data, media_type=media_type, headers=headers)


def _own(request: Request, order_id: str) -> Bought:
    """The order, if it is the reader's; another's is nobody's (404)."""
    with studio_of(request).database.read() as connection:
        rows = delivery.bought(connection, principal(request).person.id, order_id)
    if not rows or not order_id:
        raise missing()
    return rows[0]


def _page(request: Request, found: Bought, *, error: UserError | None = None, part: bool = False) -> Response:
    at = now()
    with studio_of(request).database.read() as connection:
        listing = find_listing(connection, found.order.listing_id)
        job = job_of(connection, found.order.id) if found.order.state == "granted" else None
    assert listing is not None
    values = {
        "found": found,
        "order": found.order,
        "price": _money(found.order.amount, found.order.currency),
        "state": orders.state_word(found.order.state),
        "terms": describe(terms_of(listing)),
        "holding": {one.id: one.holds(at) for one in found.grants},
        "error": error,
        "making": job is not None and job.live,
        "broken": job.error if job is not None and job.state == "failed" else None,
    }
    return render(
        request, "_order.html" if part else "order.html", values, status=200 if error is None else error.status
    )


def _money(amount: int, currency: str) -> str:
    return str(Money(amount, currency))
