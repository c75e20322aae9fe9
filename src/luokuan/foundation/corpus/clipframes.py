"""Frames of a clip, from a file or a folder of pictures: by content, with limits, without metadata.

A file is an animation (GIF, APNG, WebP), a short video (MP4, WebM), or a strip: one picture of square frames side by
side, or one below the other.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.foundation.corpus import videos
from luokuan.foundation.corpus.pictures import BYTE_LIMIT, PIXEL_LIMIT, BrokenPicture, decode, fit, to_rgb
from luokuan.i18n import _

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = frozenset((".gif", ".png", ".apng", ".webp")) | videos.ENDINGS
"""Of files that may be a clip by themselves."""
MOST_FRAMES = 512
"""Frames above which a clip is too long for a model of clips."""
_FORMATS = ("GIF", "PNG", "WEBP")


class BrokenClip(Exception):
    """The file or folder can't be used as a clip; the message says why, in a few translated words."""


@dataclass(frozen=True, slots=True)
class Moving:
    """What was read: ``frames`` uint8 (frames, H, W, 3), two or more; ``fps``: frames a second, where it is said;
    ``sha256`` over the bytes of its files."""

    frames: NDArray[np.uint8]
    fps: float | None
    sha256: str


def read_clip(place: Path, *, limit: int | None = None) -> Moving:
    """The frames of a file, or of a folder whose pictures are frames, in the natural order of their names.

    Args:
        limit: So many frames at most are taken: a strip may be filled up with repetitions.

    Raises:
        BrokenClip: it is none, has one frame only, or is too large.
    """
    try:
        found = _of_folder(place) if place.is_dir() else _of_file(place, _bytes(place))
    except OSError as error:
        raise BrokenClip(_("it can't be read ({why})", why=error.strerror)) from error
    except BrokenPicture as error:
        raise BrokenClip(str(error)) from error
    frames = found.frames if limit is None else found.frames[: max(limit, 0)]
    if len(frames) < 2:
        raise BrokenClip(_("it has one frame only"))
    return Moving(frames, found.fps, found.sha256)


def _bytes(path: Path) -> bytes:
    if not path.is_file():  # reading a pipe would wait for ever
        raise BrokenClip(_("it is no ordinary file"))
    if path.stat().st_size > BYTE_LIMIT:
        raise BrokenClip(_("the file is larger than {limit} MB", limit=BYTE_LIMIT >> 20))
    return path.read_bytes()


def frame_files(folder: Path) -> list[Path]:
    """The pictures in a folder, ``2.png`` before ``10.png``."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp")]
    return sorted(
        found, key=lambda path: [(len(p), p) if p.isdigit() else (0, p) for p in re.split(r"(\d+)", path.name)]
    )


def _of_folder(folder: Path) -> Moving:
    files = frame_files(folder)
    if len(files) > MOST_FRAMES:
        raise BrokenClip(_("it has {count} frames, more than {limit}", count=len(files), limit=MOST_FRAMES))
    frames, digests = [], []
    for path in files:
        data = _bytes(path)
        frames.append(np.asarray(decode(data), dtype=np.uint8))
        digests.append(sha256_bytes(data))
        if frames[-1].shape != frames[0].shape:
            raise BrokenClip(_("its frames have different sizes"))
        if len(files) * frames[0].size // 3 > PIXEL_LIMIT:
            raise BrokenClip(_("it would unpack to an enormous clip"))
    if not frames:
        raise BrokenClip(_("it holds no frames"))
    return Moving(np.stack(frames), None, sha256_bytes("".join(digests).encode()))


def _of_file(path: Path, data: bytes) -> Moving:
    from PIL import Image, ImageSequence, UnidentifiedImageError

    if videos.is_video(data):
        return _of_video(path, data)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=list(_FORMATS))
    except Image.DecompressionBombError as error:
        raise BrokenClip(_("it would unpack to an enormous clip")) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BrokenClip(_("it is no GIF, PNG, WebP, MP4 or WebM file")) from error
    try:
        count = int(getattr(picture, "n_frames", 1))
        if count > MOST_FRAMES:
            raise BrokenClip(_("it has {count} frames, more than {limit}", count=count, limit=MOST_FRAMES))
        if count * picture.width * picture.height > PIXEL_LIMIT:
            raise BrokenClip(_("it would unpack to an enormous clip"))
        if count == 1:
            return Moving(_strip(to_rgb(picture)), None, sha256_bytes(data))
        frames, times = [], []
        for frame in ImageSequence.Iterator(picture):
            frames.append(np.asarray(to_rgb(frame.copy()), dtype=np.uint8))
            times.append(float(frame.info.get("duration") or 0))
    except BrokenClip:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds on damaged data
        raise BrokenClip(_("its data is damaged or cut off")) from error
    usual = float(np.median(times))
    return Moving(np.stack(frames), 1000 / usual if usual >= 10 else None, sha256_bytes(data))


def _of_video(path: Path, data: bytes) -> Moving:
    try:
        frames, fps = videos.read_video(path, data, frames=MOST_FRAMES, pixels=PIXEL_LIMIT)
    except videos.LongVideo as error:
        raise BrokenClip(_("it has more than {limit} frames", limit=MOST_FRAMES)) from error
    except videos.LargeVideo as error:
        raise BrokenClip(_("it would unpack to an enormous clip")) from error
    except videos.BrokenVideo as error:
        raise BrokenClip(_("its data is damaged or cut off")) from error
    except UserError as error:
        raise BrokenClip(_("MP4 and WebM need ffmpeg: install luokuan[media]")) from error
    return Moving(frames, fps, sha256_bytes(data))


def _strip(picture: Image) -> NDArray[np.uint8]:
    """Square frames that lie side by side or below each other."""
    pixels = np.asarray(picture, dtype=np.uint8)
    side, long = sorted(pixels.shape[:2])
    if long == side:
        raise BrokenClip(_("it has one frame only"))
    if long % side:
        raise BrokenClip(_("it has one frame, and is no strip of square ones"))
    if long // side > MOST_FRAMES:
        raise BrokenClip(_("it has {count} frames, more than {limit}", count=long // side, limit=MOST_FRAMES))
    across = pixels.shape[1] == long
    return np.stack(np.split(pixels, long // side, axis=1 if across else 0))


def fitted(frames: NDArray[np.uint8], count: int, size: int) -> NDArray[np.uint8]:
    """``count`` frames of the middle square, uint8 (count, size, size, 3).

    Of more frames some are left out, evenly; after the last of fewer it stands still. Small drawings are enlarged by
    whole times without smoothing, all else by Lanczos.
    """
    from PIL import Image

    whole = len(frames)
    places = (
        np.linspace(0, whole - 1, count).round().astype(int) if whole > count else np.arange(count).clip(max=whole - 1)
    )
    found: dict[int, NDArray[np.uint8]] = {}
    for place in sorted(set(places.tolist())):
        frame = frames[place]
        side = min(frame.shape[:2])
        if side < size and size % side == 0 and frame.shape[0] == frame.shape[1]:
            found[place] = frame.repeat(size // side, axis=0).repeat(size // side, axis=1)
        elif frame.shape[:2] == (size, size):
            found[place] = frame
        else:
            found[place] = fit(Image.fromarray(frame), size)
    return np.stack([found[place] for place in places.tolist()])


def seen(frames: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> str:
    """SHA-256 of the samples: copies of one clip have the same, however they were stored."""
    pixels = np.ascontiguousarray(frames)
    return sha256_bytes(str(pixels.shape).encode() + pixels.tobytes())
