"""Pictures as arrays: decoded once, kept memory-mapped in the cache."""

from __future__ import annotations

import fcntl
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from luokuan.errors import UserError
from luokuan.files import disk_errors, sha256_bytes
from luokuan.foundation.cores import usable_cores
from luokuan.foundation.corpus.pictures import BrokenPicture, fit, read_picture
from luokuan.foundation.corpus.reader import Item
from luokuan.i18n import _

if TYPE_CHECKING:
    from PIL.Image import Image

PART = ".part"
"""Ends the name of an array that is being written."""
YOUNG = 10.0
"""Seconds in which such a file is surely locked by its writer."""


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
    mapped = read_array(path, (len(items), size, size, 3), np.uint8)
    if mapped is not None:
        return mapped
    return write_array(path, (len(items), size, size, 3), np.uint8, lambda pixels: _decode_into(pixels, items, size))


def write_array(
    path: Path, shape: tuple[int, ...], dtype: DTypeLike, fill: Callable[[NDArray[Any]], None]
) -> NDArray[Any]:
    """Write an array that may be larger than the memory to ``path`` (.npy), whole or not at all.

    Args:
        shape, dtype: Of the array; no axis is empty.
        fill: Writes the values into the mapped temporary file; its exceptions leave nothing behind.

    Returns:
        The array, memory-mapped, read-only: what was written here, even if another process replaces the file meanwhile.

    Raises:
        UserError: no room, or the place can't be written.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=PART)
        hold(handle)
        part = Path(name)
        try:
            # The room is taken first: a full disk must be an error here, not a bus error on the mapped pages.
            with part.open("r+b") as stream:
                header = np.lib.format.header_data_from_array_1_0(np.empty((0,), dtype=dtype))
                header["shape"] = shape
                np.lib.format.write_array_header_1_0(stream, header)
                total = stream.tell() + math.prod(shape) * np.dtype(dtype).itemsize
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(stream.fileno(), 0, total)
                else:
                    stream.truncate(total)
            writable = np.load(part, mmap_mode="r+", allow_pickle=False)
            fill(writable)
            writable.flush()
            del writable
            mapped: NDArray[Any] = np.load(part, mmap_mode="r", allow_pickle=False)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
    return mapped


def hold(handle: int) -> None:
    """Lock a file that is being written, until it is closed or the process is gone: others then let it be."""
    with suppress(OSError):  # a file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_abandoned(folder: Path) -> None:
    """What killed processes left half-written: nobody holds its lock."""
    for part in folder.glob(f"*{PART}"):
        with suppress(OSError), part.open("rb") as stream:
            # One that was made just now may not be locked yet.
            if time.time() - part.stat().st_mtime > YOUNG:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()


def read_array(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any] | None:
    """The array at ``path``, memory-mapped, read-only; None if it is absent, cut off, or of another shape or type."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array if array.shape == shape and array.dtype == np.dtype(dtype) else None


def read_item(item: Item) -> Image:
    """The picture of ``item``, upright RGB.

    Raises:
        UserError: it has become unreadable since the corpus was opened.
    """
    try:
        return read_picture(item.path)
    except BrokenPicture as error:
        raise UserError(
            _("{path} can't be used: {reason}.", path=item.path, reason=error),
            _("Run `luokuan corpus check` on the corpus."),
            code="corpus.picture",
        ) from error


def _decode_into(pixels: NDArray[np.uint8], items: Sequence[Item], size: int) -> None:
    def one(index: int) -> None:
        pixels[index] = fit(read_item(items[index]), size)

    with ThreadPoolExecutor(usable_cores()) as pool:
        for _done in pool.map(one, range(len(items))):
            pass
