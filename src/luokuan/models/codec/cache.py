"""Latents and tokens of a corpus: every picture encoded once, kept memory-mapped in the cache.

On disk ``latents/KEY-SIZE.npy`` with ``KEY-SIZE.json`` beside it; KEY comes from the pictures' digests, the codec's
digest, the size, the crops and ``FORMAT``. The JSON is written last and holds a SHA-256 over the values and the
figures: whatever doesn't match it is encoded again. A picture costs 2·crops·C·(size/8)² values of 2 bytes (latents)
or 1 byte (tokens of 256 levels at most).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import Image
from torch import Tensor

from luokuan.files import sha256_bytes, write_atomic
from luokuan.foundation.compute import mix_seed
from luokuan.foundation.cores import usable_cores
from luokuan.foundation.corpus.arrays import read_array, read_item, write_array
from luokuan.foundation.corpus.pictures import fit
from luokuan.foundation.corpus.reader import Item
from luokuan.foundation.progress import Progress
from luokuan.i18n import _
from luokuan.models.codec.config import FACTOR
from luokuan.models.codec.model import Codec

FORMAT = 1
"""Part of the key: to be raised when the same arguments would give other values."""
CLOSEST = 0.88
"""Smallest side of a crop, as a share of the middle square's."""
CROPS = 64
"""Most crops of a picture."""
BATCH = 32
"""Pictures that are decoded while the ones before them are encoded."""


@dataclass(frozen=True, slots=True)
class Latents:
    """Normalised continuous latents of a corpus split.

    Args:
        values: float16 (N, 2·crops, C, h, w), memory-mapped, read-only. Variant 2·k is crop k (0: the whole picture),
            variant 2·k + 1 the latents of that crop mirrored left to right.
        mean, std: Of each channel over all of ``values``, float32 (C,). About 0 and 1 where the corpus is like the
            codec's own.
        distance: E‖u - u'‖² of the latents of two independent whole pictures.
        pixel_distance: E‖x - x'‖² of the same pictures, -1..1.
    """

    values: NDArray[np.float16]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    distance: float
    pixel_distance: float

    @property
    def distance_ratio(self) -> float:
        """``distance`` over ``pixel_distance`` (see ``models.gan.objective.automatic_gamma``); 1 if all pictures are
        the same."""
        alike = not self.pixel_distance > 0 or not self.distance > 0
        return 1.0 if alike else self.distance / self.pixel_distance


def load_latents(
    codec: Codec, items: Sequence[Item], size: int, *, cache: Path, crops: int = 1, quiet: bool = True
) -> Latents:
    """Latents of every picture as ``codec.encode`` gives them, in half precision.

    The mirrored variants are encodings of the mirrored picture: mirrored latents are only nearly that. Crops after the
    first are squares of 88 to 100 % of the middle square's side at random places in it; a picture's crops follow from
    its SHA-256, whatever its company.

    Args:
        codec: Any codec.
        items: Which pictures, at least one.
        size: Side to which they are brought, pixels, a multiple of 8.
        cache: Folder of what can be made again.
        crops: Crops of each picture, 1 to 64.
        quiet: No progress.

    Raises:
        UserError: a picture has become unreadable since the corpus was opened; no room for the cache.
        ValueError: no items, or a size or number of crops that can't be.
    """
    values, figures = _load(codec, items, size, "latents", np.float16, cache=cache, crops=crops, quiet=quiet)
    mean, std = (np.array(figures[name], dtype=np.float32) for name in ("mean", "std"))
    return Latents(values, mean, std, float(figures["distance"]), float(figures["pixel_distance"]))


def load_tokens(
    codec: Codec, items: Sequence[Item], size: int, *, cache: Path, crops: int = 1, quiet: bool = True
) -> NDArray[np.uint8 | np.uint16]:
    """Tokens of every picture as ``codec.tokens`` gives them, in the smallest unsigned type that holds its levels.

    Returns:
        (N, 2·crops, C, h, w), memory-mapped, read-only; variants and arguments as in ``load_latents``.

    Raises:
        UserError: the codec has no tokens; see ``load_latents``.
        ValueError: see ``load_latents``.
    """
    if not codec.token_levels:
        codec.tokens(np.zeros((1, FACTOR, FACTOR, 3), dtype=np.uint8))  # raises: it has none
    kind = np.min_scalar_type(max(codec.token_levels) - 1)
    return _load(codec, items, size, "tokens", kind, cache=cache, crops=crops, quiet=quiet)[0]


def _load(
    codec: Codec,
    items: Sequence[Item],
    size: int,
    what: str,
    dtype: DTypeLike,
    *,
    cache: Path,
    crops: int,
    quiet: bool,
) -> tuple[NDArray[Any], dict[str, Any]]:
    if not items or size < FACTOR or size % FACTOR or not 1 <= crops <= CROPS:
        raise ValueError(f"items are needed, a size that is a multiple of {FACTOR}, and 1 to {CROPS} crops")
    parts = [str(FORMAT), what, str(size), str(crops), codec.folder.network_digest, *(item.sha256 for item in items)]
    path = cache / "latents" / f"{sha256_bytes(' '.join(parts).encode())[:32]}-{size}.npy"
    side = size // FACTOR
    shape = (len(items), 2 * crops, codec.channels, side, side)
    found = _read(path, shape, dtype)
    if found is not None:
        return found
    encode = codec.encode if what == "latents" else codec.tokens
    writer = _Writer(encode, codec.folder.name, items, size, crops, quiet)
    values = write_array(path, shape, dtype, writer.fill)
    figures = writer.sums.figures()
    note = {"sha256": _digest(writer.hash, figures), "figures": figures}
    write_atomic(path.with_suffix(".json"), json.dumps(note, indent=1).encode())
    return values, figures


def _read(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[NDArray[Any], dict[str, Any]] | None:
    """What the cache holds, if it is whole."""
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        wanted, figures = str(note["sha256"]), dict(note["figures"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    values = read_array(path, shape, dtype)
    if values is None or _digest(hashlib.sha256(values.data), figures) != wanted:
        return None
    return values, figures


def _digest(values: Any, figures: dict[str, Any]) -> str:
    """SHA-256 over the values' bytes, then the figures as JSON."""
    both = values.copy()
    both.update(json.dumps(figures, sort_keys=True).encode())
    return str(both.hexdigest())


def _views(item: Item, size: int, crops: int) -> NDArray[np.uint8]:
    """Crops of a picture and their mirror images in turn, uint8 (2·crops, size, size, 3)."""
    picture = read_item(item)
    square = min(picture.size)
    left, top = (picture.width - square) // 2, (picture.height - square) // 2
    views = [fit(picture, size)]
    for crop in range(1, crops):
        share, across, down = (mix_seed("crop", item.sha256, crop, axis) / 2**63 for axis in range(3))
        side = square * (CLOSEST + (1 - CLOSEST) * share)
        x, y = left + across * (square - side), top + down * (square - side)
        box = (x, y, min(x + side, picture.width), min(y + side, picture.height))
        views.append(np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS, box=box), dtype=np.uint8))
    return np.stack([view for own in views for view in (own, own[:, ::-1])])


class _Sums:
    """Running sums over blocks of latents and of their pictures, float64."""

    def __init__(self) -> None:
        self.pictures = self.values = 0
        self.channels: list[Any] = [0.0, 0.0]
        self.places: list[Any] = [0.0, 0.0, 0.0, 0.0]

    def add(self, block: NDArray[Any], views: NDArray[np.uint8]) -> None:
        """``block`` (B, V, C, h, w) of the pictures ``views`` (B, V, H, W, 3)."""
        latents = block.astype(np.float64)
        whole, pixels = latents[:, 0], views[:, 0].astype(np.float64) / 127.5 - 1
        for index, values in enumerate((latents, np.square(latents))):
            self.channels[index] = self.channels[index] + values.sum(axis=(0, 1, 3, 4))
        for index, values in enumerate((whole, np.square(whole), pixels, np.square(pixels))):
            self.places[index] = self.places[index] + values.sum(axis=0)
        self.pictures += len(block)
        self.values += latents.size // latents.shape[2]

    def figures(self) -> dict[str, Any]:
        """As ``Latents`` has them. Two independent draws differ by E‖u - u'‖² = 2·Σ Var(u_j)."""
        total, squares = (sums / self.values for sums in self.channels)
        std = np.sqrt(np.maximum(squares - np.square(total), 0))
        means = [sums / self.pictures for sums in self.places]
        spread, pixel_spread = (
            float(2 * np.maximum(second - np.square(first), 0).sum()) for first, second in (means[:2], means[2:])
        )
        return {"mean": total.tolist(), "std": std.tolist(), "distance": spread, "pixel_distance": pixel_spread}


class _Writer:
    """Fills the array of a cache, picture by picture, and keeps sums and SHA-256 on the way."""

    def __init__(
        self,
        encode: Callable[[NDArray[np.uint8]], Tensor],
        name: str,
        items: Sequence[Item],
        size: int,
        crops: int,
        quiet: bool,
    ) -> None:
        self._encode, self._items, self._size, self._crops = encode, items, size, crops
        self._progress = Progress(_("Encoding pictures with {name}", name=name), len(items), quiet=quiet)
        self.sums, self.hash = _Sums(), hashlib.sha256()

    def fill(self, values: NDArray[Any]) -> None:
        """Write every variant of every picture into ``values`` (N, 2·crops, C, h, w)."""
        with self._progress as progress, ThreadPoolExecutor(usable_cores()) as pool:

            def submit(start: int) -> list[Future[NDArray[np.uint8]]]:
                return [
                    pool.submit(_views, item, self._size, self._crops) for item in self._items[start : start + BATCH]
                ]

            pending = submit(0)
            for start in range(0, len(values), BATCH):
                views = np.stack([future.result() for future in pending])  # (B, V, H, W, 3)
                pending = submit(start + BATCH)
                encoded = self._encode(views.reshape(-1, *views.shape[2:])).numpy()  # (B·V, C, h, w)
                block = encoded.reshape(*views.shape[:2], *encoded.shape[1:])
                block = np.ascontiguousarray(block, dtype=values.dtype)  # the encoder works channels last
                values[start : start + len(block)] = block
                self.hash.update(block.data)
                self.sums.add(block, views)
                progress.update(start + len(block))
