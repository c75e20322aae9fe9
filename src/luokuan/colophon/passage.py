"""What ``finish`` works on: the order, and the draft on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from luokuan.colophon import aigc, xmp
from luokuan.colophon.enlarge import Method
from luokuan.colophon.fingerprint import Fingerprint
from luokuan.colophon.formats import Encoding, Format
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import Recipe, Work
from luokuan.colophon.tlog.note import LogKey
from luokuan.colophon.usage import Usage
from luokuan.media import Media
from luokuan.store.database import Database
from luokuan.store.home import Home
from luokuan.store.keys import Signing
from luokuan.store.logbook import HeadRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.colophon.ingredients import Origin


@dataclass(frozen=True, slots=True)
class Order:
    """How a work is to be finished: what the caller chose, and the tools of the home."""

    home: Home
    database: Database
    signing: Signing
    format: Format
    encoding: Encoding
    label: LabelOptions
    enlarge: Method
    producer: str
    at_commit: Callable[[sa.Connection], None] | None
    at_record: Callable[[sa.Connection, str], None] | None
    secret: bytes = field(repr=False)
    log: LogKey
    origin: Origin | None = None
    owner: str | None = None
    work_id: str | None = None
    usage: Usage | None = None

    @property
    def source(self) -> str:
        """IPTC digital source type of the work."""
        return xmp.GENERATED if self.origin is None else self.origin.source


@dataclass(slots=True)
class Passage:
    """A draft on its way: each step fills in what it makes."""

    order: Order
    kind: str
    recipe: Recipe
    media: Media
    created_at: datetime
    work_id: str = ""
    salt: bytes = b""
    commitment: str = ""
    aigc: aigc.Aigc | None = None
    data: bytes = b""
    watermark: str | None = None
    decoded: tuple[Media | None, bytes] | None = None
    fingerprints: tuple[Fingerprint, ...] | None = None
    sha256: str = ""
    sidecars: dict[str, bytes] = field(default_factory=dict)
    logged: HeadRow | None = None
    proof: bytes = b""


Step = Callable[[Passage], None]
"""One step: it adds to the passage."""

Finisher = Callable[..., Work]
"""What may stand in the place of ``finish`` where works are created: it takes the same, and calls it or knows that the
work was finished before."""
