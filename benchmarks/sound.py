"""What finishing a sound costs in each format, step by step, and how near the encoded sound comes to the original.

    python benchmarks/sound.py [--seconds 60] [--rate 44100] [--seed 0]

The sound is stereo: a chord of eight voices that come and go, with noise 30 dB below. Seconds of CPU time, ffmpeg's
included, are those of the least of three runs, each with a home of its own; ``clock`` is that run's time on the clock.
SNR: of the decoded file against the labelled sound, in dB; kbit/s: the whole file.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time

import numpy as np

from luokuan.colophon import finish as module
from luokuan.colophon.formats import SOUNDS
from luokuan.colophon.formats.sound import SoundFormat
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import Draft, Recipe
from luokuan.media import Sound
from luokuan.store.home import open_home


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


def spent() -> float:
    """CPU seconds of this process and of those that it called."""
    own, called = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + called.ru_utime + called.ru_stime


def measure(row: SoundFormat, sound: Sound) -> dict[str, float]:
    """CPU seconds a step, their sum, time on the clock, kbit/s and SNR."""
    best: dict[str, float] = {}
    best_clock = 0.0
    for _run in range(3):
        times: dict[str, float] = {}

        def timed(step: module.Step, times: dict[str, float] = times) -> module.Step:
            def run(passage: module.Passage) -> None:
                began = spent()
                step(passage)
                times[step.__name__] = spent() - began

            return run

        steps, module.STEPS = module.STEPS, tuple(timed(step) for step in module.STEPS)
        try:
            with tempfile.TemporaryDirectory() as folder:
                draft = Draft(sound, Recipe("benchmark", "0" * 64), "sound")
                began = time.perf_counter()
                work = module.finish(draft, home=open_home(folder), media_type=row.media_type)
                clock = time.perf_counter() - began
        finally:
            module.STEPS = steps
        if not best or sum(times.values()) < sum(best.values()):
            best, best_clock = times, clock
    labelled = row.labelled(sound, LabelOptions(), "lanczos", "")
    decoded, _rate = row.decode(work.data)
    noise = float(np.mean(np.square(decoded - labelled.samples, dtype=np.float64)))
    power = float(np.mean(np.square(labelled.samples, dtype=np.float64)))
    return {
        "total": sum(best.values()),
        **best,
        "clock": best_clock,
        "kbit/s": len(work.data) * 8 / labelled.seconds / 1000,
        "snr": 10 * np.log10(power / noise),
    }


def main() -> None:
    """Measure all formats and print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=44_100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sound = music(options.seconds, options.rate, options.seed)
    for row in SOUNDS:
        found = measure(row, sound)
        print(json.dumps({"format": row.name, **{name: round(float(value), 3) for name, value in found.items()}}))


if __name__ == "__main__":
    main()
