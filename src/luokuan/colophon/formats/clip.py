"""What the formats of clips have in common: the label stands on the opening frames, ffmpeg encodes and decodes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.base import Encoding, Tagged, damaged
from luokuan.colophon.formats.sound import MAX_BYTES as MAX_SOUND
from luokuan.colophon.formats.sound import check_samples
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, Frames, Media, Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions

MAX_BYTES = 1 << 30
"""Most bytes of frames in a finished clip, enlarged where they are small: they are in memory, twice for a while. It
doesn't bind ``Frames``, of which one is there at a time."""
MAX_FRAMES = 30_000
"""Most of these: twenty minutes at 25 a second."""
MAX_SIDE = 8_192
"""Longest side in pixels that encoders of AV1 and VP9 are asked to hold."""
FPS = (1.0, 240.0)
"""Fewest and most frames a second."""
LEAST_RATE = 8_000
"""Lowest rate of sound that AAC and Opus hold."""
LABEL_SECONDS = 2.0
"""How long the label is seen, from the first frame on (GB 45438-2025: 2 seconds or more at normal speed)."""
LOOKED_AT = 32
"""Frames, evenly spread over a clip, in which a watermark is looked for and that are compared when it is read back."""

_LEAST_PSNR, _LEAST_LIKENESS = 24.0, 0.6


@dataclass(frozen=True, slots=True)
class ClipFormat:
    """One format of clips; see ``Format``.

    Args:
        rates: Rates of sound that it holds, ascending.
        channels: Most channels of sound.
        starts: Whether bytes begin like this format.
        to_bytes: Samples to bytes.
        add_label: The file with its implicit label, AIGC and IPTC source type.
        find_labels: What that says; never decodes samples.
    """

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    encoding: str
    place: str
    manifest: str
    rates: tuple[int, ...]
    starts: Callable[[bytes], bool]
    to_bytes: Callable[[Clip, Encoding], bytes]
    add_label: Callable[[bytes, Aigc, str, Rights], bytes]
    find_labels: Callable[[bytes], Labels]
    channels: int = 8
    kind: type[Clip] = Clip
    embeds_manifest: bool = True

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` begins like this format."""
        return self.starts(data)

    def label_text(self, options: LabelOptions) -> str:
        """What stands on its opening frames."""
        return options.text

    def labelled(self, media: Media, options: LabelOptions, method: Method, _work_id: str) -> Clip:
        """The clip, enlarged like a picture if it is small, with even sides, and with the label on its opening frames;
        its sound at a rate that the format holds.

        Raises:
            UserError: see ``admit``.
        """
        # Imported here: who only reads files needs no samples.
        from luokuan.colophon.label import write_on_frames, written_on
        from luokuan.colophon.soundlabel import resampled

        assert isinstance(media, Clip)
        admit(media, method)
        sound = media.sound
        if sound is not None:
            if sound.samples.shape[0] > self.channels:
                raise UserError(
                    _(
                        "{format} holds {most} channels at most, not {count}.",
                        format=self.name,
                        most=self.channels,
                        count=sound.samples.shape[0],
                    ),
                    _("Mix the channels down."),
                    code="format.channels",
                )
            rate = next((held for held in self.rates if held >= sound.rate), self.rates[-1])
            sound = resampled(sound, rate)
        seen = math.ceil(LABEL_SECONDS * media.fps)
        if isinstance(media.frames, Frames):
            return Clip(written_on(_prepared_one_by_one(media.frames, method), seen, options), media.fps, sound)
        frames = _prepared(media.frames, method)
        write_on_frames(frames[:seen], options)
        return Clip(frames, media.fps, sound)

    def encode(self, media: Media, encoding: Encoding) -> bytes:
        """Encode frames and sound.

        Raises:
            UserError: the encoder isn't there.
        """
        assert isinstance(media, Clip)
        return self.to_bytes(media, encoding)

    def tag(self, data: bytes, aigc: Aigc, source: str = GENERATED, rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with AIGC and IPTC source type."""
        return Tagged(self.add_label(data, aigc, source, rights))

    def read_labels(self, data: bytes, _sidecars: Mapping[str, bytes]) -> Labels:
        """What it says of itself.

        Raises:
            UserError: the container or the label is damaged, or two labels differ.
        """
        return self.find_labels(data)

    def samples(self, data: bytes) -> Clip | None:
        """Up to ``LOOKED_AT`` frames, evenly spread, without sound; None if they are too large.

        Raises:
            UserError: they can't be decoded, or there is no ffmpeg.
        """
        from luokuan.colophon.footage import TooLarge, look

        try:
            found = look(data, self.media_type, LOOKED_AT)
        except TooLarge:
            return None
        except (RuntimeError, ValueError, OSError) as error:
            raise damaged(self.name) from error
        return Clip(found.frames, found.fps or 1.0)

    def check(self, data: bytes, media: Media, encoding: Encoding, _decoded: Media | None = None) -> None:
        """Decode a part, and compare: size, number and speed of the frames, whether ``LOOKED_AT`` of them are alike (24
        dB, or of what is nearly noise a correlation of 0.6), and how long the sound is.

        Raises:
            RuntimeError: they differ.
        """
        from luokuan.colophon.footage import look

        assert isinstance(media, Clip)
        found = look(data, self.media_type, LOOKED_AT)
        if found.size != media.frames.shape[1:3] or found.count != len(media.frames):
            raise RuntimeError(f"the clip reads back as {found.count} frames of {found.size}")
        # WebM tells times in milliseconds.
        if found.fps is not None and abs(found.fps / media.fps - 1) > 0.002 + 0.002 * media.fps / found.count:
            raise RuntimeError(f"the clip reads back with {found.fps} frames a second")
        for place, frame in zip(found.places, found.frames, strict=True):
            if not _alike(frame, media.frames[place]):
                raise RuntimeError(f"frame {place} of the clip reads back as another one")
        self._check_sound(data, media)

    def _check_sound(self, data: bytes, media: Clip) -> None:
        from luokuan.colophon.footage import sound_length

        wanted = 0.0 if media.sound is None else media.sound.seconds
        # AAC fills its last frame, of 1,024 samples, and says so where a reader may not look.
        if abs(sound_length(data, self.media_type) - wanted) > (0.0 if media.sound is None else 0.3):
            raise RuntimeError("the clip reads back with another sound")


def admit(clip: Clip, method: Method) -> None:
    """Refuse what can't be finished, before anything is done with it.

    Raises:
        UserError: frames or sound are too large or too many, the speed is none that players know, the sound is
            empty, or some of its samples are no numbers.
    """
    if not FPS[0] <= clip.fps <= FPS[1]:
        raise UserError(
            _(
                "A clip of {fps} frames a second can't be finished; {least} to {most} can.",
                fps=clip.fps,
                least=round(FPS[0]),
                most=round(FPS[1]),
            ),
            _("Give the clip's true speed."),
            code="clip.fps",
        )
    # Imported here: who only reads files needs no samples.
    from luokuan.colophon.enlarge import MIN_SIDE

    count, height, width, _channels = clip.frames.shape
    grown = max(1.0, MIN_SIDE / min(height, width))
    grown = grown if method == "lanczos" else math.ceil(grown)
    if max(height, width) * grown > MAX_SIDE:
        raise UserError(
            _("A clip of {width}×{height} pixels is too large to finish.", width=width, height=height),
            _("Make it smaller, or less narrow."),
            code="clip.side",
        )
    size = round(count * height * width * 3 * grown**2)
    one_by_one = isinstance(clip.frames, Frames)
    if one_by_one and count > MAX_FRAMES:
        raise UserError(
            _("The clip is too long to finish: {count} frames, {most} at most.", count=count, most=MAX_FRAMES),
            _("Make it shorter, or cut it into parts."),
            code="clip.size",
        )
    if not one_by_one and size > MAX_BYTES:
        raise UserError(
            _(
                "The clip is too long to finish: {size} MiB of frames, {most} at most.",
                size=size >> 20,
                most=MAX_BYTES >> 20,
            ),
            _("Make it shorter or smaller, or cut it into parts."),
            code="clip.size",
        )
    if clip.sound is not None:
        check_samples(clip.sound)
        # At a rate that formats hold; neither holds one below the lowest of these.
        size = round(clip.sound.samples.size * 2 * max(1.0, LEAST_RATE / clip.sound.rate))
        if size > MAX_SOUND:
            raise UserError(
                _("The sound is too long to finish: {size} MiB of samples, {most} at most.",
                  size=size >> 20, most=MAX_SOUND >> 20),
                _("Make it shorter, or cut it into parts."),
                code="format.size",
            )  # fmt: skip


def _prepared(frames: NDArray[np.uint8], method: Method) -> NDArray[np.uint8]:
    """A copy, enlarged like a picture, with even sides: 4:2:0 has one colour for two pixels each way. The last row or
    column is repeated where one is missing."""
    import numpy as np

    from luokuan.colophon.enlarge import enlarge

    first = enlarge(Picture(frames[0]), method).pixels
    height, width = first.shape[:2]
    out = np.empty((len(frames), height + height % 2, width + width % 2, 3), np.uint8)
    for place, frame in enumerate(frames):
        out[place, :height, :width] = enlarge(Picture(frame), method).pixels
    out[:, height:, :width] = out[:, height - 1 : height, :width] if height % 2 else out[:, height:, :width]
    if width % 2:
        out[:, :, width] = out[:, :, width - 1]
    return out


def _prepared_one_by_one(frames: Frames, method: Method) -> Frames:
    """As ``_prepared``, each frame when it is asked for."""
    import numpy as np

    from luokuan.colophon.enlarge import enlarge

    def prepared(_place: int, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        grown = enlarge(Picture(frame), method).pixels
        return np.pad(grown, ((0, grown.shape[0] % 2), (0, grown.shape[1] % 2), (0, 0)), mode="edge")

    height, width = enlarge(Picture(frames[0]), method).pixels.shape[:2]
    return frames.changed(prepared, (height + height % 2, width + width % 2))


def encoded(clip: Clip, options: Sequence[str]) -> bytes:
    """Encode with ffmpeg. Frames go through a pipe, sound through a file; so does what comes back, for containers are
    not written from front to back.

    Args:
        clip: Of even sides.
        options: Encoders and container.
    """
    import numpy as np

    from luokuan.colophon import ffmpeg

    _count, height, width, _channels = clip.frames.shape
    speed = Fraction(clip.fps).limit_denominator(1001)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(speed), "-i", "pipe:0"]
        if clip.sound is not None:
            heard = Path(folder) / "sound"
            heard.write_bytes(np.ascontiguousarray(clip.sound.samples.T, "<f4").data)
            given += ["-f", "f32le", "-ar", str(clip.sound.rate), "-ac", str(clip.sound.samples.shape[0])]
            given += ["-i", str(heard)]
        colours = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-color_range", "tv"]
        colours += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1"]
        exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
        if isinstance(clip.frames, Frames):
            one_by_one = (np.ascontiguousarray(frame).data.cast("B") for frame in clip.frames)
            # As long again for what is made on the way, at four frames a second.
            seconds = ffmpeg.MAX_SECONDS + len(clip.frames) / 4
            ffmpeg.feed([*given, *colours, *exact, *options, str(path)], one_by_one, seconds=seconds)
        else:
            frames = np.ascontiguousarray(clip.frames).data.cast("B")
            ffmpeg.run([*given, *colours, *exact, *options, str(path)], frames)
        return path.read_bytes()


def _alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Whether they differ little; or, of what is nearly noise, whether pixels or means of 8 × 8 correlate."""
    import numpy as np

    a, b = one.astype(np.float32), other.astype(np.float32)
    if float(np.mean((a - b) ** 2)) <= 255**2 / 10 ** (_LEAST_PSNR / 10):
        return True
    if _correlation(a, b) >= _LEAST_LIKENESS:
        return True
    height, width = (side // 8 for side in a.shape[:2])
    a, b = (
        each[: 8 * height, : 8 * width].reshape(height, 8, width, 8, 3).mean(axis=(1, 3), dtype=np.float32)
        for each in (a, b)
    )
    return _correlation(a, b) >= _LEAST_LIKENESS


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    a, b = one - one.mean(), other - other.mean()
    norm = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0
