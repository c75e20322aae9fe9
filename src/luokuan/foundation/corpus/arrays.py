"""Pictures as arrays: decoded once, kept memory-mapped in the cache."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.files import disk_errors, sha256_bytes
from luokuan.foundation.cores import usable_cores
from luokuan.foundation.corpus.pictures import BrokenPicture, fit, read_picture
from luokuan.foundation.corpus.reader import Item
from luokuan.i18n import _


def load_labels(items: Sequence[Item]) -> NDArray[np.int64]:
    """Classes, int64 (N,).

    Raises:
        ValueError: an item has no class.
    """
    labels = [item.label for item in items]
    if any(label is None for label in labels):
        raise ValueError("an item has no class")
    return np.array(labels, dtype=np.int64)


def load_pixels(items: Sequence[Item], size: int, *, cache: Path | None = None) -> NDArray[np.uint8]:
    """Pictures as uint8 (N, size, size, 3): middle square, Lanczos.

    Args:
        items: Which.
        size: Side in pixels, 1 to 4096.
        cache: A folder for the decoded array; the result is then memory-mapped, read-only, and costs no memory
            that isn't looked at. None decodes into memory.

    Raises:
        UserError: a picture has become unreadable since the corpus was opened; no room for the cache.
    """
    if cache is None:
        pixels = np.empty((len(items), size, size, 3), dtype=np.uint8)
        _decode_into(pixels, items, size)
        return pixels
    key = sha256_bytes(f"{size} {' '.join(item.sha256 for item in items)}".encode())[:32]
    path = cache / "pictures" / f"{key}-{size}.npy"
    mapped = _mapped(path, (len(items), size, size, 3))
    if mapped is not None:
        return mapped
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            # The room is taken first: a full disk must be an error here, not a bus error on the mapped pages.
            with part.open("r+b") as stream:
                header = np.lib.format.header_data_from_array_1_0(np.empty((0,), dtype=np.uint8))
                header["shape"] = (len(items), size, size, 3)
                np.lib.format.write_array_header_1_0(stream, header)
                offset = stream.tell()
                total = offset + len(items) * size * size * 3
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(stream.fileno(), 0, total)
                else:
                    stream.truncate(total)
            writable = np.load(part, mmap_mode="r+", allow_pickle=False)
            _decode_into(writable, items, size)
            writable.flush()
            del writable
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    found = _mapped(path, (len(items), size, size, 3))
    assert found is not None
    return found


def _mapped(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    try:
        array: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return array if array.shape == shape and array.dtype == np.uint8 else None


def _decode_into(pixels: NDArray[np.uint8], items: Sequence[Item], size: int) -> None:
    def one(index: int) -> None:
        try:
            pixels[index] = fit(read_picture(items[index].path), size)
        except BrokenPicture as error:
            raise UserError(
                _("{path} can't be used: {reason}.", path=items[index].path, reason=error),
                _("Run `luokuan corpus check` on the corpus."),
                code="corpus.picture",
            ) from error

    with ThreadPoolExecutor(usable_cores()) as pool:
        for _done in pool.map(one, range(len(items))):
            pass
