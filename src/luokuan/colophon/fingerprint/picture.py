"""What a picture looks like: PDQ, 256 bits (Facebook, The TMK+PDQF video-hashing algorithm and the PDQ image-hashing
algorithm, 2019), by ``pdqhash``.

PDQ asks for a picture that was made smaller first and leaves open how. Here each is squeezed into 256 × 256 pixels:
then half of a picture has nearly the hash of the whole, which it hasn't where the size depends on the picture's.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.colophon.fingerprint.base import Fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

SIDE = 256
"""Width and height in pixels of what is hashed."""
MAX_PIXELS = 1 << 26
"""Most pixels that a file may declare and still be decoded."""
PDQ_QUALITY = 50
"""PDQ's own quality (0-100) below which its authors advise to discard a hash."""
STEP = 12
"""Difference between the lightest and the darkest place of a part, of 256, from which on the part shows something."""

_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


class TooLarge(Exception):
    """The file declares more than ``MAX_PIXELS``."""


def fingerprints(data: bytes, media_type: str) -> tuple[Fingerprint, ...]:
    """Of a picture on white and, if any of it is transparent, on black; of no picture, none."""
    try:
        small = _small(data, media_type)
    except TooLarge:
        return ()
    if small is None:
        return ()
    grounds = ("white", "black") if _transparent(small) else ("white",)
    return tuple(_fingerprint(_on(small, ground)) for ground in grounds)


def glance(data: bytes, media_type: str) -> Mapping[str, Any] | None:
    """What to look a picture up by; see the package's ``glance``."""
    try:
        small = _small(data, media_type)
    except TooLarge:
        return {"kind": "picture", "problem": "size"}
    if small is None:
        return None
    pixels = _on(small, "white")
    found = _fingerprint(pixels)
    mirrored = _fingerprint(np.ascontiguousarray(pixels[:, ::-1]))
    return {
        "kind": "picture",
        "bits": found.bits.hex(),
        "mirrored": mirrored.bits.hex(),
        "quality": found.quality,
    }


def of_pixels(pixels: NDArray[np.uint8]) -> Fingerprint:
    """Of samples in memory, uint8 (H, W, 3)."""
    from PIL import Image

    return _fingerprint(_on(_squeezed(Image.fromarray(pixels)), "white"))


def declared_size(data: bytes, media_type: str) -> tuple[int, int] | None:
    """Width and height that a file declares, by its header alone; None if it has none.

    Pillow makes room for a whole WebP as soon as it opens one, so that one is read by hand (RFC 9649, section 2.5 and
    following).
    """
    if media_type == "image/webp":
        return _webp_size(data)
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=(_FORMATS[media_type],)) as opened:
        return opened.size


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def _small(data: bytes, media_type: str) -> Image.Image | None:
    """The picture in ``SIDE`` × ``SIDE`` pixels, RGB or RGBA; None if it can't be decoded.

    Raises:
        TooLarge: before anything is decoded.
    """
    from PIL import Image

    if media_type not in _FORMATS:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pixels Pillow thinks too many; ours are fewer
        try:
            size = declared_size(data, media_type)
            if size is not None and size[0] * size[1] > MAX_PIXELS:
                raise TooLarge
            with Image.open(io.BytesIO(data), formats=(_FORMATS[media_type],)) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise TooLarge
                opened.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is decoded at a fraction of its size
                return _squeezed(opened)
        except (TooLarge, Image.DecompressionBombError) as error:
            raise TooLarge from error
        except Exception:
            # A damaged picture makes decoders raise whatever they like; it then simply has no fingerprint.
            return None


def _squeezed(picture: Image.Image) -> Image.Image:
    from PIL import Image

    opaque = picture.mode in ("RGB", "L", "CMYK", "YCbCr") and "transparency" not in picture.info
    # Colours under transparent pixels have no say: Pillow weighs RGBA by its alpha.
    whole = picture.convert("RGB" if opaque else "RGBA")
    return whole.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)


def _transparent(picture: Image.Image) -> bool:
    return picture.mode == "RGBA" and int(np.asarray(picture)[:, :, 3].min()) < 255


def _on(picture: Image.Image, ground: str) -> NDArray[np.uint8]:
    from PIL import Image

    if picture.mode == "RGBA":
        below = Image.new("RGBA", picture.size, ground)
        below.alpha_composite(picture)
        picture = below.convert("RGB")
    return np.asarray(picture)


def _fingerprint(pixels: NDArray[np.uint8]) -> Fingerprint:
    import pdqhash

    bits, quality = pdqhash.compute(pixels)
    packed = np.packbits(np.asarray(bits, dtype=np.uint8)).tobytes()
    return Fingerprint("picture", packed, _shown(pixels) if quality >= PDQ_QUALITY else 0)


def _shown(pixels: NDArray[np.uint8]) -> int:
    """Share of the 8 × 8 parts of a picture that show something to PDQ, per cent.

    PDQ's quality adds up all differences, so that words on a plain ground, such as our own label, make it the best. And
    it counts stripes and ramps, of which the hash knows nothing: it leaves out the lowest frequency of either
    direction, the means of rows and columns.
    """
    luma = pixels @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    cells = luma.reshape(64, SIDE // 64, 64, SIDE // 64).mean(axis=(1, 3))
    found = []
    for axes in ((0, 1), (1, 0)):
        left = cells
        for axis in axes:  # medians, so that a label at the edge makes no difference elsewhere
            left = left - np.median(left, axis=axis, keepdims=True)
        parts = left.reshape(8, 8, 8, 8)
        found.append(int((np.ptp(parts, axis=(1, 3)) >= STEP).sum() * 100 // 64))
    return min(found)
