"""What the formats of sound have in common: the label is heard before it, samples are checked, encoded and decoded."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats.base import Encoding, Tagged, damaged
from luokuan.colophon.usage import NO_RIGHTS, Rights
from luokuan.colophon.xmp import GENERATED, Labels
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Media, Sound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.colophon.enlarge import Method
    from luokuan.colophon.label import LabelOptions

MAX_BYTES = 255 << 20
"""Most bytes of samples in a finished sound, as WAV counts them: no work is larger than what ``verify`` looks at."""

MAX_RATE = 768_000
"""Highest rate that is taken, in samples a second."""

AIGC_FIELD, SOURCE_FIELD = "AIGC", "DigitalSourceType"
"""Names of the AIGC label and of the IPTC source type where a format holds pairs of names and values."""

MAX_ENTRIES = 1 << 16
"""Most comments, keys or streams that are read in one file: a file of millions would fill the memory."""

_BLOCK = 1 << 16  # libsndfile's Vorbis encoder overflows its stack on very long blocks
MOST = 1 << 25
"""Samples of all channels together that are decoded to look for a watermark; 128 MiB."""
_LIKE = 0.6
_BAND = 8_000


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """One format of sound; see ``Format``.

    Args:
        channels: Most channels that it holds.
        rates: Rates that it holds, ascending, or the lowest and the highest.
        any_rate: Whether all rates between those two are held.
        exact: Whether each sample is kept as it is rounded.
        starts: Whether bytes begin like this format.
        to_bytes: Samples to bytes.
        add_label: The file with its implicit label, AIGC and IPTC source type.
        find_labels: What that says; never decodes samples.
        decode: Bytes to (channels, samples) of float32 and the rate; at most so many samples, if a number is given.
    """

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    encoding: str
    place: str
    manifest: str
    channels: int
    rates: tuple[int, ...]
    starts: Callable[[bytes], bool]
    to_bytes: Callable[[Sound, Encoding], bytes]
    add_label: Callable[[bytes, Aigc, str, Rights], bytes]
    find_labels: Callable[[bytes], Labels]
    decode: Callable[[bytes, int | None], tuple[NDArray[np.float32], int]]
    any_rate: bool = False
    exact: bool = False
    kind: type[Sound] = Sound
    embeds_manifest: bool = True

    def matches(self, data: bytes) -> bool:
        """Whether ``data`` begins like this format."""
        return self.starts(data)

    def label_text(self, options: LabelOptions) -> str:
        """What is heard before it."""
        from luokuan.colophon.soundlabel import label_text

        return label_text(options)

    def labelled(self, media: Media, options: LabelOptions, _method: Method, _work_id: str) -> Sound:
        """The sound, at a rate that the format holds, with the label before it. Samples beyond ±1 are clipped.

        Raises:
            UserError: it has no samples, or some that are no numbers, or more than the format holds.
        """
        # Imported here: who only reads files needs no samples.
        import numpy as np

        from luokuan.colophon.soundlabel import resampled, write_label

        assert isinstance(media, Sound)
        rate = self.rate_for(media.rate)
        self._check_size(media.samples.shape[0], media.samples.shape[1] * rate // media.rate, 16)
        check_samples(media)
        sound = write_label(resampled(media, rate), options)
        return Sound(np.clip(sound.samples, -1.0, 1.0), rate)

    def rate_for(self, rate: int) -> int:
        """The lowest rate that the format holds and that loses nothing, else its highest."""
        if self.any_rate:
            return min(max(rate, self.rates[0]), self.rates[-1])
        return next((held for held in self.rates if held >= rate), self.rates[-1])

    def encode(self, media: Media, encoding: Encoding) -> bytes:
        """Encode the samples.

        Raises:
            UserError: they are too many for the format, or its encoder isn't there.
        """
        assert isinstance(media, Sound)
        self._check_size(media.samples.shape[0], media.samples.shape[1], encoding.bits)
        return self.to_bytes(media, encoding)

    def _check_size(self, channels: int, count: int, bits: int) -> None:
        if channels > self.channels:
            raise UserError(
                _(
                    "{format} holds {most} channels at most, not {count}.",
                    format=self.name,
                    most=self.channels,
                    count=channels,
                ),
                _("Choose WAV or FLAC, or mix the channels down."),
                code="format.channels",
            )
        size = channels * count * bits // 8
        if size > MAX_BYTES:
            raise UserError(
                _(
                    "The sound is too long to finish: {size} MiB of samples, {most} at most.",
                    size=size >> 20,
                    most=MAX_BYTES >> 20,
                ),
                _("Make it shorter, or cut it into parts."),
                code="format.size",
            )

    def tag(self, data: bytes, aigc: Aigc, source: str = GENERATED, rights: Rights = NO_RIGHTS) -> Tagged:
        """The file with AIGC and IPTC source type."""
        return Tagged(self.add_label(data, aigc, source, rights))

    def read_labels(self, data: bytes, _sidecars: Mapping[str, bytes]) -> Labels:
        """What it says of itself.

        Raises:
            UserError: the container or the label is damaged, or two labels differ.
        """
        return self.find_labels(data)

    def samples(self, data: bytes) -> Sound:
        """Decode the first ``MOST`` samples of all channels together.

        Raises:
            UserError: they can't be decoded.
        """
        try:
            samples, rate = self.decode(data, MOST)
            return Sound(samples, rate)
        except (RuntimeError, ValueError, OSError) as error:  # libsndfile's error is a RuntimeError
            raise damaged(self.name) from error

    def check(self, data: bytes, media: Media, encoding: Encoding, decoded: Media | None = None) -> None:
        """Decode, and compare: rate, channels and length always; samples where nothing may be lost, else whether what
        is heard is alike (``likeness`` of 0.6 or more).

        Every decoder here takes away the delay that its encoder adds, so the length is exact.

        Raises:
            RuntimeError: they differ.
        """
        import numpy as np

        assert isinstance(media, Sound)
        if isinstance(decoded, Sound) and decoded.samples.shape == media.samples.shape:
            samples, rate = decoded.samples, decoded.rate
        else:
            samples, rate = self.decode(data, None)
        if rate != media.rate or samples.shape != media.samples.shape:
            raise RuntimeError(f"the sound reads back as {samples.shape} at {rate}")
        if self.exact:
            scale = 2.0 ** (encoding.bits - 1)
            if not np.array_equal(np.rint(samples * np.float64(scale)), quantised(media, encoding.bits)):
                raise RuntimeError("the sound reads back with other samples")
        elif likeness(media, Sound(samples, rate)) < _LIKE:
            raise RuntimeError("the sound reads back as another one")


def check_samples(sound: Sound) -> None:
    """Refuse what can't be encoded.

    Raises:
        UserError: there are no samples, or too many a second, or some are no finite numbers.
    """
    import numpy as np

    if 0 in sound.samples.shape:
        raise UserError(
            _("The sound is empty: {channels} channels of {count} samples.",
              channels=sound.samples.shape[0], count=sound.samples.shape[1]),
            _("Ask for another one."),
            code="sound.empty",
        )  # fmt: skip
    if sound.rate > MAX_RATE:
        raise UserError(
            _("A rate of {rate} samples a second is too high; {most} at most.", rate=sound.rate, most=MAX_RATE),
            _("Give the sound's true rate."),
            code="sound.rate",
        )
    # The extremes are no numbers as soon as one sample is none, and need no copy.
    if not (np.isfinite(sound.samples.min()) and np.isfinite(sound.samples.max())):
        raise UserError(
            _("The sound holds samples that are no finite numbers."), _("Ask for another one."), code="sound.samples"
        )


def likeness(one: Sound, other: Sound) -> float:
    """Correlation of two sounds of one shape and rate: of their samples, or, where that is below 0.9, of means of a few
    samples each, if that is higher: what is above some 4 kHz, where encoders save first, hardly counts there. 1 for two
    silences."""
    whole = _correlation(one, other, 1)
    size = max(1, one.rate // _BAND)
    return whole if whole >= 0.9 or size == 1 else max(whole, _correlation(one, other, size))


def _correlation(one: Sound, other: Sound, size: int) -> float:
    import numpy as np

    count = max(1, one.samples.shape[1] // size)
    size = min(size, one.samples.shape[1])
    if size == 1:
        a, b = (sound.samples.ravel().astype(np.float64) for sound in (one, other))
    else:
        a, b = (
            s.samples[:, : count * size].reshape(s.samples.shape[0], count, size).mean(axis=2, dtype=np.float64).ravel()
            for s in (one, other)
        )
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm > 0 else float(np.allclose(a, b, atol=1e-4))


def quantised(sound: Sound, bits: int) -> NDArray[np.int32]:
    """Samples as whole numbers of ``bits`` bits, rounded to the nearest, without dither: (channels, samples)."""
    import numpy as np

    scale = 2.0 ** (bits - 1)
    return np.clip(np.rint(sound.samples * np.float64(scale)), -scale, scale - 1).astype(np.int32)


def write(samples: NDArray[Any], rate: int, container: str, subtype: str, **options: Any) -> bytes:
    """Encode (channels, samples) with libsndfile."""
    import numpy as np
    import soundfile

    out = io.BytesIO()
    channels, count = samples.shape
    with soundfile.SoundFile(out, "w", rate, channels, subtype, format=container, **options) as file:
        for at in range(0, count, _BLOCK):
            file.write(np.ascontiguousarray(samples[:, at : at + _BLOCK].T))
    return out.getvalue()


def write_whole(sound: Sound, container: str, bits: int) -> bytes:
    """Encode with libsndfile, keeping each sample as it is quantised."""
    import numpy as np

    whole = quantised(sound, bits)
    samples = whole.astype(np.int16) if bits == 16 else whole << 8  # libsndfile takes the upper 24 of 32 bits
    return write(samples, sound.rate, container, f"PCM_{bits}")


def length(data: bytes) -> int:
    """Samples a channel, by libsndfile."""
    import soundfile

    with soundfile.SoundFile(io.BytesIO(data)) as file:
        return int(file.frames)


def read(data: bytes, most: int | None = None) -> tuple[NDArray[np.float32], int]:
    """Decode with libsndfile: (channels, samples) and the rate, of files of strangers only in a process of its own: it
    has been hurt before. ``most``: of all channels together."""
    import soundfile

    with soundfile.SoundFile(io.BytesIO(data)) as file:
        frames = -1 if most is None else most // file.channels
        samples = file.read(frames, dtype="float32", always_2d=True)
        return samples.T, int(file.samplerate)
