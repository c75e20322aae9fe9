"""What the formats of pictures have in common: the label is drawn, the implicit label is an XMP packet."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.base import Encoding, Tagged, damaged
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media, Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

    def tag(self, data: bytes, aigc: Aigc, source: str = xmp.GENERATED, rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with AIGC and IPTC source type, and what is said of rights, in an XMP packet."""
        return Tagged(self.embed_xmp(data, xmp.build(aigc, source, rights.description)))

    def read_labels(self, data: bytes, _sidecars: Mapping[str, bytes]) -> xmp.Labels:
        """What its packet says.

        Raises:
            UserError: container or packet are damaged.
        """
        packet = self.read_xmp(data)
        return xmp.Labels() if packet is None else xmp.parse(packet)

    def samples(self, data: bytes) -> Picture | None:
        """Decode the (first) picture, RGB or RGBA; None if it declares more than ``MAX_PIXELS``: those would fill the
        memory, however small the file is.

        Raises:
            UserError: it can't be decoded.
        """
        import numpy as np
        from PIL import Image

        from luokuan.colophon.enlarge import MAX_PIXELS

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                # This format's reader alone; the header is read here, samples not yet.
                with Image.open(io.BytesIO(data), formats=[self.name]) as opened:
                    if opened.width * opened.height > MAX_PIXELS:
                        return None
                    clear = "A" in opened.getbands() or "transparency" in opened.info
                    return Picture(np.array(opened.convert("RGBA" if clear else "RGB")))
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            return None
        except Exception as error:  # readers of damaged files raise what they like
            raise damaged(self.name) from error

    def check(self, data: bytes, media: Media, encoding: Encoding, decoded: Media | None = None) -> None:
        """Decode, and compare: size always, samples where nothing may be lost.

        Raises:
            RuntimeError: they differ.
        """
        import numpy as np

        assert isinstance(media, Picture)
        found = decoded if isinstance(decoded, Picture) else self.samples(data)
        if found is None or found.pixels.shape[:2] != media.pixels.shape[:2]:
            raise RuntimeError("the picture reads back in another size")
        lossless = self.name == "PNG" or encoding.lossless
        if lossless and self.name != "JPEG" and not np.array_equal(_with_alpha(found), _with_alpha(media)):
            raise RuntimeError("the picture reads back with other samples")


def _with_alpha(picture: Picture) -> NDArray[np.uint8]:
    """(H, W, 4): opaque pictures may come back without the alpha that they had."""
    import numpy as np

    if picture.pixels.shape[2] == 4:
        return picture.pixels
    return np.dstack([picture.pixels, np.full(picture.pixels.shape[:2], 255, np.uint8)])
