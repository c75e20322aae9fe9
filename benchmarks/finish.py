"""What finish() costs, step by step, beside a bare encoder in the same run.

    python benchmarks/finish.py [--runs 7] [--seconds 60] [--rate 44100] [--only NAME ...] [--seed 0] [--json]

Pictures are 1/f noise in colour, as photos have it, of 1024² and 512² pixels; the text has 2,000 characters; the
sound is stereo: a chord of eight voices that come and go, with noise 30 dB below. Figures are medians over the runs,
all in one home, after one that isn't counted: milliseconds of CPU time, ffmpeg's included, for all of ``finish()``,
for each step, and for what lies outside the steps (opening the home and its database, the log's checkpoint).
``clock``: milliseconds on the clock. ``bare``: CPU time of Pillow's, or libsndfile's, encoder with its own defaults
for the same samples in the same format; M4A has AAC by ffmpeg alone, text has none. Sound also has the file's kbit/s
and the SNR of the decoded file against the labelled sound, in dB.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from luokuan.colophon import finish as module
from luokuan.colophon.formats import FORMATS, PICTURES, SOUNDS, TEXTS, Format, m4a
from luokuan.colophon.formats.base import Encoding
from luokuan.colophon.formats.sound import SoundFormat, write
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import Draft, Recipe
from luokuan.media import Media, Picture, Sound, Text
from luokuan.store.home import ELSEWHERE, Home, open_home

SIDES = (1024, 512)
CHARACTERS = 2000
_SUBTYPES = {
    "WAV": ("WAV", "PCM_16"),
    "FLAC": ("FLAC", "PCM_16"),
    "MP3": ("MP3", "MPEG_LAYER_III"),
    "Ogg Vorbis": ("OGG", "VORBIS"),
    "Opus": ("OGG", "OPUS"),
}


def photo(side: int, seed: int) -> Picture:
    """1/f noise in colour (Field 1987, J. Opt. Soc. Am. A 4:2379): spectrally like a photo."""
    random = np.random.default_rng(seed)
    across, down = np.fft.rfftfreq(side), np.fft.fftfreq(side)
    radius = np.maximum(np.hypot(down[:, None], across), 1 / side)
    phases = random.normal(size=(3, side, side // 2 + 1)) + 1j * random.normal(size=(3, side, side // 2 + 1))
    layers = np.fft.irfft2(phases / radius, (side, side))
    shared = layers + 2 * layers.mean(axis=0)
    return Picture(np.clip(128 + 45 * shared / shared.std(), 0, 255).astype(np.uint8).transpose(1, 2, 0).copy())


def music(seconds: float, rate: int, seed: int) -> Sound:
    """Stereo: eight voices with three overtones each, and noise."""
    random = np.random.default_rng(seed)
    at = np.arange(round(seconds * rate)) / rate
    samples = np.zeros((2, at.size))
    for pitch in 110 * 2 ** (random.integers(0, 36, 8) / 12):
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * random.uniform(0.1, 2) * at + random.uniform(0, 6))
        voice = sum(np.sin(2 * np.pi * pitch * n * at) / n**2 for n in (1, 2, 3, 4)) * swell
        samples += np.outer(random.uniform(0.3, 1, 2), voice)
    samples += random.normal(0, 10 ** (-30 / 20) * samples.std(), samples.shape)
    return Sound((0.5 * samples / np.abs(samples).max()).astype(np.float32), rate)


def prose(characters: int, seed: int) -> Text:
    """So many characters of words of random letters."""
    random = np.random.default_rng(seed)
    words = ["".join(map(chr, random.integers(97, 123, random.integers(2, 9)))) for _ in range(characters)]
    return Text(" ".join(words)[: characters - 1] + ".", "en")


def spent() -> float:
    """CPU milliseconds of this process and of those that it called."""
    own, called = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return 1000 * (own.ru_utime + own.ru_stime + called.ru_utime + called.ru_stime)


def bare(row: Format, media: Media) -> Callable[[], object] | None:
    """The yardstick: a common encoder's defaults for the same samples."""
    if isinstance(media, Picture):
        from PIL import Image

        picture = Image.fromarray(media.pixels)
        return lambda: picture.save(io.BytesIO(), row.name)
    if isinstance(media, Sound) and row.name in _SUBTYPES:
        container, subtype = _SUBTYPES[row.name]
        rate = media.rate if row.name != "Opus" else 48_000
        return lambda: write(media.samples, rate, container, subtype)
    if isinstance(media, Sound):
        return lambda: m4a.encode(media, Encoding())
    return None


def measure(row: Format, media: Media, runs: int, home: Home) -> dict[str, Any]:
    """Medians over ``runs``: CPU milliseconds in all, of each step, of the rest and of the yardstick; ``clock``."""
    found: list[dict[str, float]] = []
    yardstick = bare(row, media)
    work = None
    for _run in range(runs + 1):
        times: dict[str, float] = {}

        def timed(step: module.Step, times: dict[str, float] = times) -> module.Step:
            def run(passage: module.Passage) -> None:
                began = spent()
                step(passage)
                times[step.__name__] = spent() - began

            return run

        steps, module.STEPS = module.STEPS, tuple(timed(step) for step in module.STEPS)
        try:
            draft = Draft(media, Recipe("benchmark", "0" * 64), row.kind.__name__.lower())
            began, clock = spent(), time.perf_counter()
            work = module.finish(draft, home=home, media_type=row.media_type)
            all_of_it, clock = spent() - began, time.perf_counter() - clock
        finally:
            module.STEPS = steps
        one = {"total": all_of_it, **times, "rest": all_of_it - sum(times.values()), "clock": 1000 * clock}
        if yardstick is not None:
            began = spent()
            yardstick()
            one["bare"] = spent() - began
        found.append(one)
    result: dict[str, Any] = {name: median(one[name] for one in found[1:]) for name in found[0]}
    if work is not None and isinstance(row, SoundFormat) and isinstance(media, Sound):
        result.update(quality(row, media, work.data))
    return result


def quality(row: SoundFormat, sound: Sound, data: bytes) -> dict[str, float]:
    """kbit/s of the whole file, and the SNR of what it decodes to, in dB; the watermark counts as noise."""
    labelled = row.labelled(sound, LabelOptions(), "lanczos", "")
    decoded, _rate = row.decode(data, None)
    noise = float(np.mean(np.square(decoded - labelled.samples, dtype=np.float64)))
    power = float(np.mean(np.square(labelled.samples, dtype=np.float64)))
    return {"kbit/s": len(data) * 8 / labelled.seconds / 1000, "snr": 10 * float(np.log10(power / noise))}


def subjects(options: argparse.Namespace) -> list[tuple[str, Format, Media]]:
    """(name, format, media) of all that is measured."""
    found: list[tuple[str, Format, Media]] = []
    for side in SIDES:
        picture = photo(side, options.seed)
        found += [(f"{row.name} {side}²", row, picture) for row in PICTURES]
    found += [(f"{row.name} {CHARACTERS} characters", row, prose(CHARACTERS, options.seed)) for row in TEXTS]
    sound = music(options.seconds, options.rate, options.seed)
    found += [(f"{row.name} {options.seconds:g} s", row, sound) for row in SOUNDS]
    known = {row.name for row in FORMATS}
    if unknown := set(options.only or ()) - known:
        raise SystemExit(f"no such format: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return [one for one in found if not options.only or one[1].name in options.only]


def shown(name: str, found: dict[str, Any]) -> str:
    """Lines for people: the whole, and the share of each step."""
    beside = "" if "bare" not in found else f", bare {found['bare']:.0f} ms ({found['total'] / found['bare']:.1f} ×)"
    heard = "" if "snr" not in found else f", {found['kbit/s']:.0f} kbit/s, {found['snr']:.1f} dB"
    parts = [step.__name__ for step in module.STEPS] + ["rest"]
    shares = ", ".join(f"{part} {100 * found[part] / max(found['total'], 1e-9):.0f} %" for part in parts)
    return f"{name}: {found['total']:.0f} ms CPU, {found['clock']:.0f} ms on the clock{beside}{heard}\n  {shares}"


def main() -> None:
    """Measure all formats and print two lines each, or one JSON object."""
    os.environ.pop(ELSEWHERE, None)  # works of a home that is thrown away don't belong into somebody's database
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=44_100)
    parser.add_argument("--only", action="append", help="a format's name, for instance PNG")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(folder)
        for name, row, media in subjects(options):
            results[name] = measure(row, media, options.runs, home)
            if not options.json:
                print(shown(name, results[name]), flush=True)
    if options.json:
        print(json.dumps({"runs": options.runs, "seed": options.seed, "milliseconds": results}, ensure_ascii=False))


if __name__ == "__main__":
    main()
