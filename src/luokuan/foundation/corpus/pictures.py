"""Reading one picture file safely: by content, with limits, upright, without its metadata."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from luokuan.i18n import _

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "WEBP": (".webp",)}
ENDINGS = frozenset(ending for endings in FORMATS.values() for ending in endings)
PIXEL_LIMIT = 64_000_000
"""Pixels above which a picture is refused before decoding (8000 × 8000)."""
BYTE_LIMIT = 256 << 20


class BrokenPicture(Exception):
    """The file can't be used as a picture; the message says why, in a few translated words."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the file's first bytes say, without decoding. Sides in pixels, upright (after EXIF orientation)."""

    format: str
    width: int
    height: int
    frames: int


def _open(data: bytes) -> Image:
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise BrokenPicture(_("the file is empty"))
    if len(data) > BYTE_LIMIT:
        raise BrokenPicture(_("the file is larger than {limit} MB", limit=BYTE_LIMIT >> 20))
    try:
        with warnings.catch_warnings():
            # Pillow's own bomb warning begins at 89 megapixels; our limit below is lower and always raises.
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=list(FORMATS))
    except Image.DecompressionBombError as error:
        raise BrokenPicture(_("it would unpack to an enormous picture")) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BrokenPicture(_("it is no JPEG, PNG or WebP picture")) from error
    width, height = picture.size
    if width * height > PIXEL_LIMIT:
        raise BrokenPicture(_("it has {width} × {height} pixels, more than the limit", width=width, height=height))
    return picture


def _orientation(picture: Image) -> int:
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # a damaged EXIF block must not cost the picture
        return 1


def read_header(data: bytes) -> Header:
    """Format and size of an encoded picture.

    Raises:
        BrokenPicture: it is no picture, or too large.
    """
    picture = _open(data)
    return _header(picture, *picture.size)


def _header(picture: Image, width: int, height: int) -> Header:
    if _orientation(picture) >= 5:
        width, height = height, width
    return Header(str(picture.format), width, height, int(getattr(picture, "n_frames", 1)))


def verify(data: bytes) -> Header:
    """``read_header`` after a decode of the whole data, so that a file that is cut off is found.

    JPEGs are decoded at an eighth of their size: all their data is read, at a fraction of the cost.

    Raises:
        BrokenPicture: it is no picture, too large, or cut off.
    """
    picture = _open(data)
    width, height = picture.size
    try:
        picture.draft(None, (max(width // 8, 1), max(height // 8, 1)))
        picture.load()
    except Exception as error:  # Pillow's decoders raise many kinds on damaged data
        raise BrokenPicture(_("its data is damaged or cut off")) from error
    return _header(picture, width, height)


def decode(data: bytes, *, at_least: int | None = None) -> Image:
    """An encoded picture as upright RGB: first frame, CMYK and 16 bit converted, transparency on white.

    Args:
        at_least: Where a look will do: JPEGs larger than twice this side are decoded at a half, a quarter or an
            eighth, never below it.

    Raises:
        BrokenPicture: it is no picture, too large, or cut off.
    """
    from PIL import ImageOps

    picture = _open(data)
    try:
        picture.seek(0)
        if at_least is not None:
            picture.draft(None, (at_least, at_least))
        picture.load()
        upright = ImageOps.exif_transpose(picture) if _orientation(picture) != 1 else picture
        return to_rgb(upright)
    except Exception as error:  # Pillow's decoders raise many kinds on damaged data
        raise BrokenPicture(_("its data is damaged or cut off")) from error


def to_rgb(picture: Image) -> Image:
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        # 16-bit grey: scale to 8 bits. Pillow's own conversion clips everything above 255 to white.
        values = np.asarray(picture).astype(np.float64) / 257.0
        rgb = Image.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    elif picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        rgb = Image.alpha_composite(white, layer).convert("RGB")
    else:
        rgb = picture.convert("RGB")
    # From the samples alone: whatever else the file said (EXIF, ICC, comments) is left behind.
    return Image.fromarray(np.asarray(rgb))


def fit(picture: Image, size: int) -> NDArray[np.uint8]:
    """The middle square, resized with Lanczos to uint8 (size, size, 3)."""
    from PIL import Image

    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), Image.Resampling.LANCZOS), dtype=np.uint8)


def read_picture(path: Path, *, at_least: int | None = None) -> Image:
    """``decode`` of a file.

    Raises:
        BrokenPicture: see ``decode``; or the file can't be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BrokenPicture(_("it can't be read ({why})", why=error.strerror)) from error
    return decode(data, at_least=at_least)
