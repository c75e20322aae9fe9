"""What the formats share: what each can do, and what to say of a damaged file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media, Picture

if TYPE_CHECKING:
    from PIL import Image

    from luokuan.colophon.aigc import Aigc
    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.xmp import Labels

HEADER_BYTES = 64
"""How many first bytes tell a format."""

MAX_PACKET = 1 << 20
"""Largest XMP packet that is read or written, in bytes (compressed text is not expanded beyond it)."""


MANIFEST = ".c2pa"
"""Ending, after the file's whole name, of the sidecar with the C2PA manifest of a format that can't hold one."""
LABEL = ".aigc.json"
"""Ending of the sidecar with the AIGC label, ``{"AIGC": {…}}`` as in GB 45438-2025, Annex E."""
SIDECARS = (MANIFEST, LABEL)


@dataclass(frozen=True, slots=True)
class Encoding:
    """``lossless``: for WebP, keep each sample; PNG always does, JPEG never. ``bits``: of a sample in WAV and FLAC, 16
    or 24.

    Raises:
        UserError: samples of so many bits aren't written.
    """

    lossless: bool = False
    bits: int = 16

    def __post_init__(self) -> None:
        if self.bits not in (16, 24):
            raise UserError(
                _("Samples of {bits} bits aren't written.", bits=self.bits),
                _("Choose one of {known}.", known="16, 24"),
                code="format.bits",
            )


@dataclass(frozen=True, slots=True)
class Tagged:
    """A file with its implicit label: ``data``, and what travels beside it, by ending."""

    data: bytes
    sidecars: Mapping[str, bytes] = field(default_factory=dict)


class Format(Protocol):
    """One format in which works leave: what it is called, and what ``finish`` and ``verify`` ask of it."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def kind(self) -> type[Media]:
        """What it holds."""
        ...

    @property
    def media_type(self) -> str:
        """IANA media type."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name endings; the first is the default."""
        ...

    @property
    def encoding(self) -> str:
        """How finish() encodes, in words."""
        ...

    @property
    def place(self) -> str:
        """Where the AIGC label and the IPTC source type lie."""
        ...

    @property
    def manifest(self) -> str:
        """Where the C2PA manifest lies."""
        ...

    @property
    def embeds_manifest(self) -> bool:
        """Whether it lies in the file; else in the sidecar ``MANIFEST``."""
        ...

    def matches(self, data: bytes) -> bool:
        """Whether bytes begin like this format."""
        ...

    def label_text(self, options: LabelOptions) -> str:
        """What the explicit label says."""
        ...

    def labelled(self, media: Media, options: LabelOptions, enlarge: Method, work_id: str) -> Media:
        """``media`` with the explicit label."""
        ...

    def encode(self, media: Media, encoding: Encoding) -> bytes:
        """To bytes, once.

        Raises:
            UserError: it is too large for the format.
        """
        ...

    def tag(self, data: bytes, aigc: Aigc, source: str = GENERATED, rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with its implicit label, AIGC and IPTC source type; it must hold none yet. ``rights``: what
        its fields for terms say, if it has some."""
        ...

    def read_labels(self, data: bytes, sidecars: Mapping[str, bytes]) -> Labels:
        """What the implicit label says. Samples are never decoded.

        Raises:
            UserError: the container or the label is damaged.
        """
        ...

    def samples(self, data: bytes) -> Media | None:
        """The decoded samples, in which a watermark may lie; None: this format has none, or they are too many.

        Raises:
            UserError: they can't be decoded.
        """
        ...

    def check(self, data: bytes, media: Media, encoding: Encoding, decoded: Media | None = None) -> None:
        """Read the final bytes back. ``decoded``: what ``samples`` gave of just these bytes, where it was asked before.

        Raises:
            RuntimeError: they hold something else than ``media``; our fault.
        """
        ...


def image(picture: Picture) -> Image.Image:
    """The picture for Pillow, RGB or RGBA, sharing no memory that Pillow may change."""
    from PIL import Image

    return Image.fromarray(picture.pixels)


def damaged(name: str) -> UserError:
    """The file begins like ``name`` and doesn't go on like it."""
    return UserError(
        _("The {name} file is damaged or cut short.", name=name),
        _("Get a whole copy of it."),
        code="format.damaged",
        status=422,
    )


def has_packet(name: str) -> UserError:
    """A file has more than one packet, or has one where none may be: then nobody knows which one counts."""
    return UserError(
        _("The {name} file has more than one XMP packet.", name=name),
        _("Get a copy from its maker."),
        code="format.packets",
        status=422,
    )


def too_long() -> UserError:
    """The packet doesn't fit."""
    return UserError(
        _("The XMP metadata is too long for the format."), _("Shorten its fields."), code="format.packet_long"
    )
