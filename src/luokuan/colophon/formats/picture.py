"""What the formats of pictures have in common: the label is drawn, the implicit label is an XMP packet."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.base import Encoding, Tagged
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media, Picture

if TYPE_CHECKING:
    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """One format of pictures; see ``Format``.

    Args:
        max_side: Longest side in pixels that the format can hold.
        starts: Whether bytes begin like this format.
        to_bytes: Samples to bytes.
        embed_xmp: (file, packet) to file; the file must hold no packet yet.
        read_xmp: file to packet or None; never decodes samples.
    """

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    encoding: str
    place: str
    manifest: str
    max_side: int
    starts: Callable[[bytes], bool]
    to_bytes: Callable[[Picture, Encoding], bytes]
    embed_xmp: Callable[[bytes, bytes], bytes]
    read_xmp: Callable[[bytes], bytes | None]
    kind: type[Picture] = Picture
    embeds_manifest: bool = True

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` begins like this format."""
        return self.starts(data)

    def label_text(self, options: LabelOptions) -> str:
        """What stands on it."""
        return options.text

    def labelled(self, media: Media, options: LabelOptions, method: Method, _work_id: str) -> Picture:
        """The picture, enlarged if it is small, with the label drawn onto it."""
        # Imported here: who only reads files needs no samples.
        from luokuan.colophon.enlarge import enlarge
        from luokuan.colophon.label import write_label

        assert isinstance(media, Picture)
        return write_label(enlarge(media, method), options)

    def encode(self, media: Media, encoding: Encoding) -> bytes:
        """Encode the samples.

        Raises:
            UserError: the picture is too large for the format.
        """
        assert isinstance(media, Picture)
        side = max(media.width, media.height)
        if side > self.max_side:
            raise UserError(
                _(
                    "{format} holds no side of {side} pixels; {most} at most.",
                    format=self.name,
                    side=side,
                    most=self.max_side,
                ),
                _("Choose PNG, or a smaller picture."),
                code="format.size",
            )
        return self.to_bytes(media, encoding)

    def tag(self, data: bytes, aigc: Aigc, source: str = xmp.GENERATED) -> Tagged:
        """The file with AIGC and IPTC source type in an XMP packet."""
        return Tagged(self.embed_xmp(data, xmp.build(aigc, source)))

    def read_labels(self, data: bytes, _sidecars: Mapping[str, bytes]) -> xmp.Labels:
        """What its packet says.

        Raises:
            UserError: container or packet are damaged.
        """
        packet = self.read_xmp(data)
        return xmp.Labels() if packet is None else xmp.parse(packet)

    def check(self, data: bytes, media: Media, encoding: Encoding) -> None:
        """Decode, and compare: size always, samples where nothing may be lost.

        Raises:
            RuntimeError: they differ.
        """
        import numpy as np
        from PIL import Image

        assert isinstance(media, Picture)
        with Image.open(io.BytesIO(data)) as opened:
            decoded = np.asarray(opened.convert("RGBA" if media.pixels.shape[2] == 4 else "RGB"))
        if decoded.shape[:2] != media.pixels.shape[:2]:
            raise RuntimeError("the picture reads back in another size")
        lossless = self.name == "PNG" or encoding.lossless
        if lossless and self.name != "JPEG" and not np.array_equal(decoded, media.pixels):
            raise RuntimeError("the picture reads back with other samples")
