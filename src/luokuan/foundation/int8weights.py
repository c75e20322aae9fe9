"""Weights stored as int8, half as large as in float16: for each row of a matrix or kernel the numbers w are kept as
q = round(w / s), -127 ≤ q ≤ 127, with one scale s = max|w| / 127, so that s·q differs from w by at most s / 2
(symmetric uniform quantisation per channel; Krishnamoorthi 2018, arXiv 1806.08342, 2.1). Networks don't know of it:
what is read is float32 again. Small tensors, vectors and all that isn't float16 stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from luokuan.i18n import _

if TYPE_CHECKING:
    from torch import Tensor

INT8 = "int8"
"""What config.json says in ``stored``."""
SCALE = ".scale"
"""What the name of the scales has more than that of their tensor."""
STEPS = 127
LEAST = 1 << 14
"""Numbers of a tensor below which it stays in float16: all of these together are a few per cent of a model."""
ROW = 32
"""Numbers under one scale, at least, so that the scales (four bytes each) cost little of what int8 spares."""

Header = tuple[tuple[int, ...], str]


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are stored: the larger ones of float16 as int8 under their name, with their scales, float32,
    of the same leading axes and 1 in place of the others.

    Raises:
        ValueError: such a tensor holds numbers that aren't finite, or has scales already.
    """
    import torch

    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        axes = _axes(tuple(value.shape)) if value.dtype == torch.float16 else 0
        if not axes:
            found[name] = value
            continue
        if name + SCALE in tensors or not bool(value.isfinite().all()):
            raise ValueError(_("'{name}' holds numbers that are not finite, or has scales already", name=name[:80]))
        rows = value.float().flatten(axes)  # (…, numbers under one scale)
        scale = rows.abs().amax(-1, keepdim=True) / STEPS
        # A row of zeros has the scale 0, and any divisor will do.
        steps = (rows / scale.where(scale > 0, 1)).round().clamp(-STEPS, STEPS)
        found[name] = steps.to(torch.int8).view(value.shape).contiguous()
        found[name + SCALE] = scale.view(*value.shape[:axes], *(1,) * (value.ndim - axes)).contiguous()
    return found


def _axes(shape: tuple[int, ...]) -> int:
    """How many leading axes have a scale for each of their places, as many as leave ``ROW`` numbers to each; 0: the
    tensor stays as it is. So a stack of matrices has a scale for each row of each, a kernel one for each channel."""
    if math.prod(shape) < LEAST:
        return 0
    return max((axes for axes in range(1, len(shape)) if math.prod(shape[axes:]) >= ROW), default=0)


def seen(headers: Mapping[str, Header]) -> tuple[dict[str, Header], list[str]]:
    """Shapes and types as the family expects them, for shapes and types as they are stored; and what is wrong with the
    scales, in words."""
    found, wrong = {}, []
    for name, (shape, dtype) in headers.items():
        base = headers.get(name.removesuffix(SCALE)) if name.endswith(SCALE) else None
        if base is not None and base[1] == "int8":
            continue
        if dtype != "int8":
            found[name] = (shape, dtype)
            continue
        found[name] = (shape, "float16")
        scale = headers.get(name + SCALE)
        if scale is None:
            wrong.append(_("'{name}' has no scales", name=name))
        elif scale[1] != "float32" or not _fits(scale[0], shape):
            wrong.append(_("the scales of '{name}', {found}, don't fit {shape}", name=name, found=scale, shape=shape))
    return found, wrong


def _fits(scale: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    ones = len(shape)
    return any(scale == shape[:axes] + (1,) * (ones - axes) for axes in range(1, ones))


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of ``packed``, for tensors whose headers ``seen`` found right: s·q in float32.

    Raises:
        ValueError: scales are negative or not finite.
    """
    import torch

    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        scale = tensors.get(name + SCALE) if value.dtype == torch.int8 else None
        if scale is not None:
            if not bool((scale.isfinite() & (scale >= 0)).all()):
                raise ValueError(_("the scales of '{name}' are not all finite and at least 0", name=name[:80]))
            found[name] = value.float() * scale
        elif not (name.endswith(SCALE) and _is_int8(tensors.get(name.removesuffix(SCALE)))):
            found[name] = value
    return found


def _is_int8(value: Tensor | None) -> bool:
    import torch

    return value is not None and value.dtype == torch.int8
