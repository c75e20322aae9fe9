"""`/v1/content_provenance_checks`: what a file says of where it comes from."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.i18n import _
from luokuan.studio.access import Needs, check_turn
from luokuan.studio.checking import coarse
from luokuan.studio.openai.bodies import form_body
from luokuan.studio.openai.fields import Fields, missing, wrong
from luokuan.studio.sentfiles import is_own
from luokuan.studio.state import studio_of

router = APIRouter(prefix="/v1")
PATH = "/v1/content_provenance_checks"
_STATES = {
    "ours": "trusted", "trusted": "trusted", "unknown_signer": "valid", "expired_in_time": "trusted",
    "expired": "invalid", "revoked": "invalid", "ours_changed": "invalid", "altered": "invalid",
}  # fmt: skip
"""What our verdicts mean for a signature; all others: there is none."""


@router.post("/content_provenance_checks", dependencies=[Depends(check_turn), Depends(Needs("viewer"))])
async def check(request: Request) -> Response:
    """Check a file, which isn't kept. SynthID is nothing that can be looked for here, so no result speaks of it."""
    values, form = await form_body(request, files=1)
    with tempfile.TemporaryDirectory(prefix="luokuan-check-") as folder:
        path = Path(folder) / "file"
        try:
            fields = Fields(values, form=True)
            given = fields.any("file")
            fields.done()
            if given is None:
                raise missing("file")
            if not isinstance(given, UploadFile) or not given.size:
                raise wrong("file", _("one file that isn't empty"))
            await run_in_threadpool(path.write_bytes, await given.read())
        finally:
            await form.close()
        verdict = await studio_of(request).checkers.check(path)
    studio_of(request).counters.verdicts.labels(verdict["verdict"]).inc()
    own = await run_in_threadpool(is_own, request, verdict.get("work"))
    return JSONResponse(
        {
            "object": "content_provenance_check",
            "created_at": int(time.time()),
            "results": [_c2pa(verdict)],
            "luokuan": _ours(verdict, own=own),
        }
    )


def _c2pa(verdict: dict[str, Any]) -> dict[str, Any]:
    state = _STATES.get(str(verdict["verdict"]), "not_present")
    there, holds = state != "not_present", state in ("trusted", "valid")
    return {
        "type": "c2pa",
        "outcome": "detected" if there else "not_detected",
        "validation_state": state,
        "issuer": verdict["signer"] if holds else None,
        "generated_at": verdict["created"] if holds else None,
        "model": verdict["model"] if holds else None,
    }


def _ours(verdict: dict[str, Any], *, own: bool) -> dict[str, Any]:
    """The verdict in coarse words; to the owner of the work that it names, all of it."""
    told = coarse(verdict)
    if not own:
        evidence = [{"about": about, "says": says} for about, says in told.evidence]
        return {"verdict": told.word, "summary": told.says, "evidence": evidence}
    named = ("work", "model", "model_digest", "licence", "created", "stamped", "log", "unchanged", "watermark", "alike")
    found = {name: verdict.get(name) for name in named}
    return {"verdict": told.word, "summary": verdict["summary"], "evidence": verdict["table"], **found}
