"""What somebody thinks of their works: from it models can learn, see ``luokuan feedback``."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from luokuan.create.feedback import OPINIONS
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.feedback import put_feedback
from luokuan.studio.access import Needs, form_of
from luokuan.studio.forms import text_in
from luokuan.studio.rendering import render
from luokuan.studio.state import now, studio_of
from luokuan.studio.works import own_work

router = APIRouter()


@router.post("/works/{work_id}/opinion", dependencies=[Depends(Needs("maker"))])
def opinion(request: Request, work_id: str) -> Response:
    """Note it, in the place of what was thought before."""
    row = own_work(request, work_id)
    given = text_in(form_of(request), "opinion")
    if given not in OPINIONS:
        raise UserError(
            _("'{opinion}' is no feedback.", opinion=given[:40]),
            _("Say {allowed}.", allowed=", ".join(OPINIONS)),
            code="feedback.opinion",
            status=422,
        )
    with studio_of(request).database.write() as connection:
        put_feedback(connection, row.id, OPINIONS[given], now().replace(microsecond=0))
    if "hx-request" in request.headers:
        return render(request, "_opinion.html", {"work_id": row.id, "liked": OPINIONS[given]})
    return RedirectResponse(f"/works/{row.id}", 303)
