"""Pictures with transparency: those that have one, and those whose plain ground is cut away."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from luokuan.colophon.ingredients import Ingredient
    from luokuan.store.home import Home

NEAR = 26.0
"""How far (of 441, in RGB) a pixel may lie from the colour of the edge and still be ground."""
_SOFT = 40.0  # how far beyond that it is half of it
MOST = 2048
"""Longest side of a picture in a short; larger ones are made smaller when they are read."""


def with_alpha(given: Ingredient, home: Home) -> NDArray[np.uint8]:
    """The picture of a file that was taken in, uint8 (H, W, 4): of a work of this home the one without label.

    Raises:
        UserError: it holds no picture, or a damaged one.
    """
    from PIL import Image as Pillow

    from luokuan.colophon.ingredients import master_of
    from luokuan.create.starting import picture_of

    if not given.media_type.startswith("image/"):
        raise UserError(_("it is no picture"), _("Give a JPEG, PNG or WebP picture."), code="create.like")
    found = master_of(given, home)
    pixels = found.pixels if isinstance(found, Picture) else picture_of(given, home).pixels
    image = Pillow.fromarray(pixels).convert("RGBA")
    if not isinstance(found, Picture) and given.media_type != "image/jpeg":
        image = _transparent(given.data, image)
    image.thumbnail((MOST, MOST), Pillow.Resampling.LANCZOS)
    return np.asarray(image).copy()


def _transparent(data: bytes, plain: Image) -> Image:
    """The picture with its own transparency; it was read whole before, so that it is known to be sound."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    with Pillow.open(io.BytesIO(data), formats=["PNG", "WEBP"]) as image:
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            return ImageOps.exif_transpose(image.convert("RGBA"))
    return plain


def cut_out(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture without its plain ground: what has about the colour of the edge and hangs together with it.

    Args:
        pixels: uint8 (H, W, 3 or 4).

    Returns:
        uint8 (H, W, 4); as it is, where its edge has no one colour or it has transparency of its own.
    """
    from scipy import ndimage

    if pixels.shape[2] == 4 and pixels[..., 3].min() < 250:
        return pixels
    colours = pixels[..., :3].astype(np.float32)
    edge = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    tone = np.median(edge, axis=0)
    away = np.linalg.norm(colours - tone, axis=2)
    if np.mean(np.linalg.norm(edge - tone, axis=1) < NEAR) < 0.6:
        return np.dstack([pixels[..., :3], np.full(away.shape, 255, np.uint8)])
    labels, _count = ndimage.label(away < NEAR)
    outer = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    ground = np.isin(labels, outer[outer > 0])
    # What lies just within the edge of the ground holds some of its colour: it is half transparent.
    rim = ndimage.binary_dilation(ground, iterations=2) & ~ground
    alpha = np.where(ground, 0.0, 1.0)
    alpha[rim] = np.clip((away[rim] - NEAR) / _SOFT, 0.0, 1.0)
    alpha = ndimage.gaussian_filter(alpha, 0.6)
    share = np.clip(alpha, 0.4, 1.0)[..., None]
    bare = np.where(rim[..., None], (colours - (1 - share) * tone) / share, colours)
    return np.dstack([np.clip(np.rint(bare), 0, 255), np.rint(alpha * 255)]).astype(np.uint8)


def cropped(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without its transparent margins, uint8 (h, w, 4)."""
    rows, columns = np.nonzero(pixels[..., 3] > 8)
    if not len(rows):
        return pixels
    return pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def premultiplied(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (H, W, 4) with straight alpha to float32 (H, W, 4), colours times alpha, all 0 to 1: what may be resized
    and laid over something without fringes."""
    found = pixels.astype(np.float32) / np.float32(255)
    found[..., :3] *= found[..., 3:]
    return found
