"""What passes between rooms: pictures, sound, symbolic music, clips and text, and nothing else about them."""

from __future__ import annotations

from dataclasses import dataclass
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
class Sound:
    """Sound. ``samples``: float32, (channels, samples), -1 to 1; ``rate``: samples a second and channel."""

    samples: NDArray[np.float32]
    rate: int

    def __post_init__(self) -> None:
        if self.samples.dtype != "float32" or self.samples.ndim != 2 or self.rate <= 0:
            raise _refuse(_("A sound is float32 (channels, samples), not {shape}.", shape=self.samples.shape))

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1]) / self.rate


@dataclass(frozen=True, slots=True)
class Note:
    """One note. ``start`` and ``length`` in quarter notes; ``pitch`` 0-127 (MIDI, 60 = middle C);
    ``velocity`` 1-127; ``track`` from 0."""

    start: float
    length: float
    pitch: int
    velocity: int = 80
    track: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """Symbolic music: notes, a tempo in quarter notes a minute, and the tracks' names."""

    notes: tuple[Note, ...]
    tempo: float = 120.0
    tracks: tuple[str, ...] = ("music",)


@dataclass(frozen=True, slots=True)
class Clip:
    """Moving pictures. ``frames``: uint8, (frames, H, W, 3) sRGB; ``fps``: frames a second."""

    frames: NDArray[np.uint8]
    fps: float
    sound: Sound | None = None

    def __post_init__(self) -> None:
        shape = self.frames.shape
        if self.frames.dtype != "uint8" or len(shape) != 4 or shape[3] != 3 or self.fps <= 0:
            raise _refuse(_("A clip is uint8 (frames, H, W, 3), not {shape}.", shape=shape))


@dataclass(frozen=True, slots=True)
class Text:
    """Text and its language (BCP 47, such as ``en`` or ``zh-CN``; empty when unknown)."""

    text: str
    language: str = ""


Media = Picture | Sound | Score | Clip | Text
