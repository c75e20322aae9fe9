"""What passes between rooms: pictures, sound, symbolic music, clips and text, and nothing else about them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _refuse(what: str) -> UserError:
    return UserError(what, _("Pass samples in the documented shape and type."), code="media.shape")


@dataclass(frozen=True, slots=True)
class Picture:
    """A still picture. ``pixels``: uint8, (H, W, 3) sRGB or (H, W, 4) with straight alpha, 0 to 255."""

    pixels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != "uint8" or len(shape) != 3 or shape[2] not in (3, 4) or 0 in shape:
            raise _refuse(_("A picture is uint8 (H, W, 3 or 4), not {shape}.", shape=shape))

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class Word:
    """A word of speech: its ``text``, with the marks and spaces after it, and its ``start`` and ``end`` in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound. ``samples``: float32, (channels, samples), -1 to 1; ``rate``: samples a second and channel; ``words``:
    what is said in it, in the order of time, where that is known."""

    samples: NDArray[np.float32]
    rate: int
    words: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        if self.samples.dtype != "float32" or self.samples.ndim != 2 or self.rate <= 0:
            raise _refuse(_("A sound is float32 (channels, samples), not {shape}.", shape=self.samples.shape))

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1]) / self.rate


MAX_TRACKS = 16
"""Most tracks of a score: MIDI has as many channels."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note.

    Args:
        start: In quarter notes from the beginning, finite, 0 or more.
        length: In quarter notes, finite, above 0.
        pitch: 0 to 127 (MIDI, 60 = middle C).
        velocity: How hard it is struck, 1 to 127.
        track: From 0.

    Raises:
        UserError: a value is anything else.
    """

    start: float
    length: float
    pitch: int
    velocity: int = 80
    track: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and self.start >= 0 and math.isfinite(self.length) and self.length > 0):
            raise _refuse(
                _(
                    "A note starts at 0 or later and lasts longer than 0, not at {start} for {length}.",
                    start=self.start,
                    length=self.length,
                )
            )
        ranges = ((self.pitch, 0, 127), (self.velocity, 1, 127), (self.track, 0, MAX_TRACKS - 1))
        if not all(isinstance(value, Integral) and low <= value <= high for value, low, high in ranges):
            raise _refuse(
                _(
                    "A note has a pitch of 0 to 127, a velocity of 1 to 127 and a track of 0 to 15, whole numbers, not "
                    "{pitch}, {velocity} and {track}.",
                    pitch=self.pitch,
                    velocity=self.velocity,
                    track=self.track,
                )
            )


@dataclass(frozen=True, slots=True)
class Score:
    """Symbolic music: notes, a tempo in quarter notes a minute, the names of its 1 to 16 tracks, a ``notice``, such as
    a copyright, that is shown with it, and ``bar``, the quarter notes in a bar, for who writes it down.

    Raises:
        UserError: the tempo or the bar isn't finite and above 0, there is no track or there are too many, or a note
            lies in a track that isn't there.
    """

    notes: tuple[Note, ...]
    tempo: float = 120.0
    tracks: tuple[str, ...] = ("music",)
    notice: str = ""
    bar: float = 4.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tempo) and self.tempo > 0):
            raise _refuse(_("A tempo is above 0 quarter notes a minute, not {tempo}.", tempo=self.tempo))
        if not (math.isfinite(self.bar) and 0.25 <= self.bar <= 64):
            raise _refuse(_("A bar has 0.25 to 64 quarter notes, not {bar}.", bar=self.bar))
        if not 1 <= len(self.tracks) <= MAX_TRACKS:
            raise _refuse(_("A score has 1 to {most} tracks, not {count}.", most=MAX_TRACKS, count=len(self.tracks)))
        highest = max((note.track for note in self.notes), default=0)
        if highest >= len(self.tracks):
            raise _refuse(
                _("A note lies in track {track}, but there are only {count}.", track=highest, count=len(self.tracks))
            )

    @property
    def quarters(self) -> float:
        """Length in quarter notes: where the last note ends."""
        return max((note.start + note.length for note in self.notes), default=0.0)


class Frames:
    """Frames that are made when they are asked for, one at a time, so that a long clip needs little memory.

    Args:
        shape: (frames, H, W, 3).
        make: Gives the frame at a place, uint8 (H, W, 3): an array of its own, always the same for the same place.
    """

    def __init__(self, shape: tuple[int, int, int, int], make: Callable[[int], NDArray[np.uint8]]) -> None:
        self.shape = shape
        self._make = make

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Of a frame."""
        import numpy as np

        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, place: int) -> NDArray[np.uint8]:
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._make(place)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return map(self._make, range(len(self)))

    def changed(
        self, change: Callable[[int, NDArray[np.uint8]], NDArray[np.uint8]], size: tuple[int, int] | None = None
    ) -> Frames:
        """These frames, each with its place through ``change``, which may write into it and gives (H, W) ``size``."""
        count, height, width, channels = self.shape
        height, width = size or (height, width)
        return Frames((count, height, width, channels), lambda place: change(place, self[place]))


class PackedFrames(Frames):
    """Frames that are kept compressed (zlib): of flat drawings some hundredth of their size.

    Args:
        size: Height and width.
        parts: The frames, one after the other.
    """

    def __init__(self, size: tuple[int, int], parts: Iterable[bytes]) -> None:
        self.parts = tuple(parts)
        super().__init__((len(self.parts), *size, 3), self._unpacked)

    def _unpacked(self, place: int) -> NDArray[np.uint8]:
        import numpy as np

        # A bytearray, so that the frame may be written into.
        return np.frombuffer(bytearray(zlib.decompress(self.parts[place])), np.uint8).reshape(self.shape[1:])

    @staticmethod
    def pack(frame: NDArray[np.uint8]) -> bytes:
        """One frame as a part."""
        import numpy as np

        return zlib.compress(np.ascontiguousarray(frame).data, 1)


@dataclass(frozen=True, slots=True)
class Clip:
    """Moving pictures. ``frames``: uint8, (frames, H, W, 3) sRGB, one or more, as an array or one by one; ``fps``:
    frames a second, finite. Its ``sound`` begins with the first frame."""

    frames: NDArray[np.uint8] | Frames
    fps: float
    sound: Sound | None = None

    def __post_init__(self) -> None:
        shape = self.frames.shape
        if self.frames.dtype != "uint8" or len(shape) != 4 or shape[3] != 3 or 0 in shape:
            raise _refuse(_("A clip is uint8 (frames, H, W, 3), not {shape}.", shape=shape))
        if not (math.isfinite(self.fps) and self.fps > 0):
            raise _refuse(_("A clip has more than 0 frames a second, not {fps}.", fps=self.fps))

    @property
    def seconds(self) -> float:
        """How long its frames are shown."""
        return len(self.frames) / float(self.fps)


@dataclass(frozen=True, slots=True)
class Text:
    """Text and its language (BCP 47, such as ``en`` or ``zh-CN``; empty when unknown)."""

    text: str
    language: str = ""


Media = Picture | Sound | Score | Clip | Text
