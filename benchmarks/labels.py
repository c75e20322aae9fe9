"""Measure the explicit label on grounds of all kinds: height of its ink, contrast, and what it costs.

    python benchmarks/labels.py [--side 512] [--seed 0]

Prints one JSON line a ground: ``ink``: rows of ink of the ideograph 人 as a share of the shortest side; ``contrast``:
the lowest WCAG 2.2 ratio between full ink and any pixel of the panel without ink, over black, grey and white where the
ground is transparent; ``jpeg``: its 1st percentile after JPEG at quality 92; ``ms``: median of five labellings.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from luokuan.colophon.label import LabelOptions, write_label
from luokuan.media import Picture

Pixels = NDArray[np.uint8]


def plain(side: int, colour: tuple[int, ...]) -> Pixels:
    """One colour."""
    return np.full((side, side, len(colour)), colour, np.uint8)


def grounds(side: int, seed: int) -> dict[str, Pixels]:
    """Plain, noisy, like a photo (1/f noise in colour), with edges, transparent; ``side`` × ``side``."""
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :])
    frequency[0, 0] = 1.0
    layers = [np.fft.ifft2(np.fft.fft2(random.normal(size=(side, side))) / frequency).real for _ in range(3)]
    photo = np.stack([(layer - layer.min()) / np.ptp(layer) * 255 for layer in layers], axis=-1).astype(np.uint8)
    odd = np.indices((side, side)).sum(axis=0) // 8 % 2
    alpha = random.integers(0, 256, (side, side, 1), dtype=np.uint8)
    return {
        "white": plain(side, (255, 255, 255)),
        "black": plain(side, (0, 0, 0)),
        "grey": plain(side, (119, 119, 119)),
        "noise": noise,
        "photo": photo,
        "checks": np.repeat((odd * 255)[..., None], 3, axis=2).astype(np.uint8),
        "transparent": plain(side, (200, 30, 90, 0)),
        "half transparent": np.concatenate([noise, alpha], axis=2),
    }


def stroke_and_ground(side: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the label has full ink, and where its panel has none: the same on every ground of this size."""
    white, clear = (write_label(Picture(plain(side, c)), LabelOptions()).pixels for c in ((255,) * 3, (0,) * 4))
    opaque = clear[..., 3] == 255
    return opaque & (white == 0).all(axis=2), opaque & (white == 255).all(axis=2)


def luminances(pixels: Pixels) -> NDArray[np.float64]:
    """Relative luminance of each pixel (n, 3) (WCAG 2.2)."""
    share = pixels / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def ratios(seen: Pixels, stroke: NDArray[np.bool_], ground: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Contrast of the ink (its median) with each pixel of the panel."""
    ink, below = np.median(luminances(seen[stroke])), luminances(seen[ground])
    return (np.maximum(ink, below) + 0.05) / (np.minimum(ink, below) + 0.05)


def measure(name: str, pixels: Pixels) -> dict[str, object]:
    """The figures of one ground."""
    side, spent = pixels.shape[0], []
    for _ in range(5):
        start = time.perf_counter()
        after = write_label(Picture(pixels), LabelOptions()).pixels
        spent.append(time.perf_counter() - start)
    stroke, ground = stroke_and_ground(side)
    views = []
    for behind in (0, 128, 255) if pixels.shape[2] == 4 else (0,):
        alpha = after[..., 3:] / 255.0 if pixels.shape[2] == 4 else 1.0
        views.append(np.rint(after[..., :3] * alpha + behind * (1 - alpha)).astype(np.uint8))
    coded = []
    for view in views:
        out = io.BytesIO()
        Image.fromarray(view).save(out, "JPEG", quality=92, subsampling=0)
        coded.append(np.asarray(Image.open(out)))
    columns = np.flatnonzero(stroke.any(axis=0))
    first = stroke[:, columns[0] : columns[np.flatnonzero(np.diff(columns) > 1)[0]] + 1]
    rows = np.flatnonzero(first.any(axis=1))
    return {
        "ground": name,
        "side": side,
        "ink": round(float(rows[-1] - rows[0] + 1) / side, 4),
        "contrast": round(min(float(ratios(view, stroke, ground).min()) for view in views), 2),
        "jpeg": round(min(float(np.quantile(ratios(view, stroke, ground), 0.01)) for view in coded), 2),
        "ms": round(statistics.median(spent) * 1000, 1),
    }


def main() -> None:
    """Measure all grounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name, pixels in grounds(options.side, options.seed).items():
        print(json.dumps(measure(name, pixels)), flush=True)


if __name__ == "__main__":
    main()
