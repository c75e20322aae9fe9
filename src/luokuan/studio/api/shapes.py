"""What programs send and get, for the OpenAPI document; tests hold the answers against it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """JSON with these fields alone."""

    model_config = ConfigDict(extra="forbid")


class Wrong(Shape):
    """What was wrong, what to do, and a code that programs can test."""

    code: str
    what: str
    do: str


class Fault(Shape):
    """Every error."""

    error: Wrong


class JobOrder(Shape):
    """A job to be handed in; ``brief`` is what its kind's schema says, see ``/api/kinds``."""

    kind: str = Field(min_length=1, max_length=64)
    brief: dict[str, Any] = Field(default_factory=dict)


class JobTold(Shape):
    """A job. Times are ISO 8601; ``share`` is what is done, 0 to 1."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    cancelling: bool
    brief: dict[str, Any]
    share: float
    seconds_left: float | None
    message: str
    attempts: int
    tries: int
    outputs: int
    works: list[str]
    result: dict[str, Any] | None
    error: Wrong | None
    compute_seconds: float
    created: str
    started: str | None
    ended: str | None
    revision: int


class JobPage(Shape):
    """Some jobs."""

    jobs: list[JobTold]
    next: int | None


class EventTold(Shape):
    """What happened to a job."""

    number: int
    kind: Literal["state", "text", "work", "preview", "retry", "cancel"]
    data: dict[str, Any]
    time: str


class Watched(Shape):
    """What is new, and what to give as ``after`` next."""

    job: JobTold
    events: list[EventTold]
    next: int


class KindTold(Shape):
    """A kind of job: ``brief`` is a JSON schema, ``families`` are those whose models it works with (empty: any)."""

    name: str
    scope: Literal["create", "train"]
    brief: dict[str, Any]
    families: list[str]


class KindList(Shape):
    """All kinds."""

    kinds: list[KindTold]


class ModelTold(Shape):
    """A model. ``words``: what it can be asked for; ``kinds``: of jobs that it serves."""

    name: str
    family: str
    licence: str
    digest: str
    megabytes: float
    starter: bool
    words: list[str]
    kinds: list[str]


class ModelList(Shape):
    """All models that the key's account may use."""

    models: list[ModelTold]


class ModelGone(Shape):
    """A model that is there no more."""

    name: str
    removed: bool


class UploadOrder(Shape):
    """An archive that is to come: a zip file of ``size`` bytes, which becomes a corpus or model called ``name``."""

    kind: Literal["corpus", "model"]
    name: str = Field(min_length=1, max_length=64)
    size: int = Field(ge=1, le=10**13)


class UploadEnd(Shape):
    """All has come. ``licence``: of a model whose card names none, as SPDX identifier; ``own`` and ``unknown`` are
    answers too."""

    licence: str = Field(default="", max_length=64)


class UploadPiece(Shape):
    """How many bytes have come now."""

    at: int


class UploadTold(Shape):
    """An archive on its way: ``at`` bytes have come, the next piece may have ``piece`` bytes; ``share`` is what is
    unpacked, 0 to 1. Of one that is done, ``size`` and ``at`` count what came out of it."""

    id: str
    kind: Literal["corpus", "model"]
    name: str
    size: int
    at: int
    piece: int
    state: Literal["coming", "unpacking", "failed", "done"]
    share: float
    error: Wrong | None


class UploadList(Shape):
    """Archives on their way."""

    uploads: list[UploadTold]


class Me(Shape):
    """Who a key speaks for."""

    name: str
    role: Literal["viewer", "maker", "admin"]
    scopes: list[str]


class WorkTold(Shape):
    """A work, as anybody may know it."""

    id: str
    kind: str
    file: str
    beside: list[str]
    media_type: str
    sha256: str
    bytes: int
    model: str
    model_digest: str
    licence: str
    credit: str | None = None
    label: str
    created: str
    commitment: str


class WorkWhole(WorkTold):
    """A work with its recipe, which only its owner knows."""

    recipe: dict[str, Any]


class WorkPage(Shape):
    """Some works."""

    works: list[WorkTold]
    next: str | None


class NodeTold(Shape):
    """A thing in a lineage."""

    key: str
    kind: Literal["corpus", "model", "work", "file"]
    title: str
    details: dict[str, str]


class EdgeTold(Shape):
    """``to`` was made from ``from``."""

    source: str = Field(alias="from")
    to: str
    how: str


class LineageTold(Shape):
    """Where a work comes from and what was made from it. Works of others have no names there."""

    this: str
    vouched: bool
    known: bool
    cut: bool
    nodes: list[NodeTold]
    edges: list[EdgeTold]


class EntryTold(Shape):
    """An entry of the log; ``work`` is None of others' works."""

    index: int
    kind: str
    time: str
    work: str | None


class LogTold(Shape):
    """The log: what verifies it (``key``), its newest signed checkpoint, its last entries."""

    origin: str
    key: str
    size: int
    root: str
    checkpoint: str
    earlier: list[dict[str, Any]]
    entries: list[EntryTold]


class Line(Shape):
    """A sentence of evidence, and what it speaks of."""

    about: str
    says: str


class VerdictTold(Shape):
    """What a file is. ``work`` and the whole evidence only where it is a work of the key's account."""

    verdict: str
    summary: str
    evidence: list[Line]
    work: str | None
