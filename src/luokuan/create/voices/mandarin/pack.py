"""The pack of a concatenative voice: recorded syllables with what was measured of them.

A folder with ``card.yaml`` (see ``voice.Card``), ``syllables.ogg``: Ogg streams one after the other (a chained stream,
RFC 3533), ``index.json``: what each holds, and ``marks.safetensors``: where its periods begin. ``write_pack`` makes it,
``scripts/make_voice_zh.py`` calls it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.create.voices.mandarin import pitch
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOUNDS, INDEX, MARKS = "syllables.ogg", "index.json", "marks.safetensors"
FORMAT = 1
FINER = 3
"""Samples between two of the recording, plus one: grains are cut and laid at a third of a sample, else their periods
jitter audibly."""
_QUIET = 10 ** (-30 / 20)  # of the loudest 10 ms: below is breath and room
_FRAME = 0.005
_JUMP = 3.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A recorded syllable.

    Args:
        name: Pinyin with its tone, such as ``ma1``; ü is ``v``.
        samples: float32, (samples,), at ``rate``, ``FINER`` times the recording's.
        rate: Samples a second.
        start, onset, end: Seconds where it is first heard, where the voice sets in, where it ends.
        level: RMS of what is voiced.
        marks: int64, where the periods begin, in samples.
        hertz: Mean pitch of what is voiced, on a logarithmic scale.
    """

    name: str
    samples: NDArray[np.float32]
    rate: int
    start: float
    onset: float
    end: float
    level: float
    marks: NDArray[np.int64]
    hertz: float


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was opened; ``unit`` decodes a syllable at its first use."""

    folder: Path
    rate: int
    entries: Mapping[str, Mapping[str, Any]]
    tones: Mapping[str, tuple[float, ...]]
    marks: NDArray[np.int32]

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def unit(self, name: str) -> Unit:
        """The syllable called ``name``.

        Raises:
            KeyError: there is none.
        """
        return _unit(self.folder, self.rate, name)


@lru_cache(maxsize=4)
def open_pack(folder: Path) -> Pack:
    """The pack in ``folder``.

    Raises:
        UserError: it is damaged, or of a later version.
    """
    from safetensors.numpy import load_file

    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        marks = load_file(folder / MARKS)["marks"]
        if index["format"] != FORMAT or not (folder / SOUNDS).is_file():
            raise ValueError("another format")
        tones = {name: tuple(values) for name, values in index["tones"].items()}
        return Pack(folder, int(index["rate"]), index["syllables"], tones, marks)
    except Exception as error:  # safetensors has errors of its own
        raise UserError(
            _("The voice in {path} is damaged.", path=folder), _("Install Luokuan again."), code="voice.pack"
        ) from error


@lru_cache(maxsize=512)
def _unit(folder: Path, rate: int, name: str) -> Unit:
    pack = open_pack(folder)
    entry = pack.entries[name]
    with (folder / SOUNDS).open("rb") as stream:
        stream.seek(entry["at"])
        samples = finer(decoded(stream.read(entry["bytes"]), rate))
    marks = pack.marks[entry["mark"] : entry["mark"] + entry["marks"]].astype(np.int64)
    return Unit(
        name, samples, rate * FINER, entry["start"], entry["onset"], entry["end"], entry["level"], marks, entry["hertz"]
    )


def decoded(data: bytes, rate: int) -> NDArray[np.float32]:
    """The samples of an Ogg stream, (samples,).

    Raises:
        ValueError: it isn't one channel at ``rate``.
    """
    import soundfile

    samples, found = soundfile.read(io.BytesIO(data), dtype="float32")
    if found != rate or samples.ndim != 1:
        raise ValueError(f"{samples.shape} at {found}")
    return np.asarray(samples, np.float32)


def finer(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """``samples`` at ``FINER`` times their rate, by a polyphase filter."""
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, FINER, 1), np.float32)


def measured(samples: NDArray[np.float32], rate: int) -> tuple[dict[str, float], NDArray[np.int64], pitch.Track]:
    """What the index holds of a recording, (samples,) at ``rate``; its marks at ``FINER`` times that; its pitch.

    Raises:
        ValueError: no voice is found in it.
    """
    found = without_slips(pitch.track(samples, rate))
    voiced = np.flatnonzero(found.hertz > 0)
    if voiced.size < 8:
        raise ValueError("no voice")
    fine = finer(samples)
    marks = without_jumps(samples, pitch.marks(fine, rate * FINER, found))
    size = round(_FRAME * rate)
    count = len(samples) // size
    power = np.sqrt((samples[: count * size].reshape(count, size) ** 2).mean(axis=1))
    loud = np.flatnonzero(power > _QUIET * power.max())
    onset, last = voiced[0] * pitch.HOP, (voiced[-1] + 1) * pitch.HOP
    part = samples[int(onset * rate) : int(last * rate)]
    facts = {
        "start": round(max(0.0, min(float(loud[0]) * _FRAME - 0.005, onset - 0.005)), 4),
        "onset": round(float(onset), 4),
        "end": round(min(float(loud[-1] + 1) * _FRAME, last + 0.02, len(samples) / rate), 4),
        "level": round(float(np.sqrt(np.mean(part.astype(np.float64) ** 2))), 5),
        "hertz": round(float(np.exp(np.log(found.hertz[voiced]).mean())), 2),
    }
    return facts, marks, found


def without_jumps(samples: NDArray[np.float32], marks: NDArray[np.int64]) -> NDArray[np.int64]:
    """The marks without those whose period holds a jump, as of a cut in the recording, so that it is never heard: there
    the second difference is more than ``_JUMP`` times that of the periods around."""
    places = marks // FINER
    bends = np.abs(np.diff(samples, n=2))
    least = 0.05 * float(np.abs(samples).max())
    kept = np.ones(len(marks), bool)
    for number in range(2, len(marks) - 3):
        start, stop = int(places[number]), int(places[number + 1])
        around = bends[places[number - 2] : max(start - 4, 0)], bends[stop + 4 : places[number + 3]]
        here = float(bends[start:stop].max(initial=0.0))
        if here > least and here > _JUMP * max(float(part.max(initial=0.0)) for part in around):
            kept[number : number + 2] = False
    return marks[kept]


def without_slips(found: pitch.Track) -> pitch.Track:
    """The track without voiced stretches that are short, or far from the long one: noise of consonants and breath."""
    runs = pitch.runs_of(found.hertz > 0)
    if not runs:
        return found
    longest = max(runs, key=lambda run: run[1] - run[0])
    hertz = found.hertz.copy()
    for start, stop in runs:
        gap = max(longest[0] - stop, start - longest[1])
        if (start, stop) != longest and (stop - start < 6 or gap > 12):
            hertz[start:stop] = 0.0
    start, stop = longest
    middle = np.median(hertz[start:stop])
    for frame in (*range(start, min(start + 3, stop)), *range(max(start, stop - 3), stop)):
        if not middle / 1.9 < hertz[frame] < middle * 1.6:
            hertz[frame] = 0.0
    return pitch.Track(hertz, found.clear)


def write_pack(folder: Path, recordings: Iterable[tuple[str, bytes]], rate: int) -> dict[str, list[str]]:
    """Write a pack of ``recordings``: names, and Ogg streams of one channel at ``rate``, whose bytes stay as they are.

    Returns:
        Names of what was left out, by reason.
    """
    from safetensors.numpy import save_file

    entries: dict[str, dict[str, Any]] = {}
    contours: dict[str, list[NDArray[np.float64]]] = {}
    left: dict[str, list[str]] = {}
    sounds: list[bytes] = []
    all_marks: list[NDArray[np.int64]] = []
    at = 0
    for name, data in recordings:
        samples = decoded(data, rate)
        try:
            facts, marks, found = measured(samples, rate)
        except ValueError as error:
            left.setdefault(str(error), []).append(name)
            continue
        before = sum(len(one) for one in all_marks)
        entries[name] = {"at": at, "bytes": len(data), **facts, "mark": before, "marks": len(marks)}
        at += len(data)
        sounds.append(data)
        all_marks.append(marks)
        inside = np.linspace(facts["onset"] + 0.03, facts["end"] - 0.05, 10)
        contours.setdefault(name[-1], []).append(np.log2(found.at(inside)))
    folder.mkdir(parents=True, exist_ok=True)
    tones = {
        tone: [round(float(v), 1) for v in 2 ** np.median(np.array(rows), axis=0)]
        for tone, rows in sorted(contours.items())
    }
    index = {"format": FORMAT, "rate": rate, "tones": tones, "syllables": entries}
    (folder / SOUNDS).write_bytes(b"".join(sounds))
    (folder / INDEX).write_text(json.dumps(index, separators=(",", ":")).replace('"},', '"},\n') + "\n", "utf-8")
    save_file({"marks": np.concatenate(all_marks).astype(np.int32)}, folder / MARKS)
    return left
