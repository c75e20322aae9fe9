"""For those who run a studio: is it alive, is it ready, what does it do."""

from __future__ import annotations

import os

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from luokuan.studio.access import Needs
from luokuan.studio.state import studio_of

router = APIRouter()


@router.get("/healthz", dependencies=[Depends(Needs())])
def alive() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", dependencies=[Depends(Needs())])
def ready(request: Request) -> Response:
    """It can do its work: the database answers, and the home can be written. Nothing more is told."""
    studio = studio_of(request)
    try:
        with studio.database.read() as connection:
            connection.execute(sa.text("SELECT 1"))
        fine = os.access(studio.home.blobs, os.W_OK)
    except Exception:
        fine = False
    return JSONResponse({"status": "ready" if fine else "not ready"}, 200 if fine else 503)


@router.get("/metrics", dependencies=[Depends(Needs("admin", scope="metrics"))])
def metrics(request: Request) -> Response:
    """Counts for Prometheus."""
    return Response(studio_of(request).counters.text(), media_type=CONTENT_TYPE_LATEST)
