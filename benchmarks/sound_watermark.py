"""How well the watermark of sound is found, how seldom where it isn't, how soft it is, and what it costs.

    python benchmarks/sound_watermark.py FOLDER... [--midi FOLDER] [--clips 100] [--items 5000] [--keys 600]
        [--search-every 1] [--part costs|soft|short|marks|false] [--json]

Material: the sound files of each FOLDER, joined to clips of 12 s, and MIDI files rendered by eight sine partials a
note (the hardest case: hardly anything between the partials). Attacks: each clip is marked with an id of its own and
attacked in one way at a time. False positives: items are the files as they are (30 s at most) and the clips; every key
at every offset, and at every speed that the detector tries in each --search-every-th item. Softness: signal to noise,
and noise to mask: how far the mark is below the masking threshold of the sound in each critical band and 64 ms.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import imageio_ffmpeg
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.fft import irfft, rfft
from scipy.signal import resample_poly

from luokuan.colophon.watermark import sound, spectrum
from luokuan.colophon.watermark import soundpattern as pattern
from luokuan.media import Sound

SECONDS = 12.0
MUSIC_RATE = 44_100
PARTIALS = 8
OCTAVES = (16, 32, 64, 128, 256)
"""First bins, of 15.6 Hz each."""
ENDINGS = {".wav", ".ogg", ".opus", ".flac", ".mp3"}
Attack = Callable[[Sound], Sound]


def read(source: Path | io.BytesIO) -> Sound:
    """A sound file."""
    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(samples.T), rate)


def files(folder: Path) -> list[Path]:
    """Sound files below a folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)


def joined(paths: list[Path], count: int) -> Iterator[Sound]:
    """Clips of SECONDS, made of files drawn at random."""
    stream = np.random.default_rng(0)
    for _ in range(count):
        parts: list[NDArray[np.float32]] = []
        rate = 0
        while not parts or sum(map(len, parts)) < SECONDS * rate:
            one = read(paths[int(stream.integers(len(paths)))])
            if rate in (0, one.rate):
                rate = one.rate
                parts.append(one.samples[0])
        yield Sound(np.concatenate(parts)[None, : int(SECONDS * rate)], rate)


def rendered(path: Path, first: float = 10.0) -> Sound:
    """SECONDS of a MIDI file, stereo, each note eight decaying sines."""
    import symusic

    notes = [note for track in symusic.Score(str(path)).to("second").tracks for note in track.notes]
    stream, count = np.random.default_rng(len(notes)), int(SECONDS * MUSIC_RATE)
    out = np.zeros((2, count))
    for note in notes:
        start = round((note.time - first) * MUSIC_RATE)
        if not 0 <= start < count:
            continue
        moments = np.arange(min(round((note.duration + 0.3) * MUSIC_RATE), count - start)) / MUSIC_RATE
        pitch, tone = 440 * 2 ** ((note.pitch - 69) / 12), np.zeros(len(moments))
        for partial in range(1, PARTIALS + 1):
            phase = stream.uniform(0, 2 * np.pi)
            decay = np.exp(-moments * (1.5 + 0.8 * partial)) / partial**1.2
            tone += decay * np.sin(2 * np.pi * pitch * partial * moments + phase)
        tone *= np.minimum(1, moments / 0.008) * np.clip((note.duration + 0.3 - moments) / 0.15, 0, 1) * note.velocity
        side = stream.uniform(0.3, 0.7)
        out[:, start : start + len(moments)] += np.array([[side], [1 - side]]) * tone
    return Sound((out * 0.5 / max(1e-9, float(np.abs(out).max()))).astype(np.float32), MUSIC_RATE)


def changed(one: Sound, samples: NDArray[Any]) -> Sound:
    """Other samples at its rate."""
    return Sound(np.ascontiguousarray(samples, np.float32), one.rate)


def through(ending: str, *options: str) -> Attack:
    """Encoded and decoded by ffmpeg."""

    def attack(one: Sound) -> Sound:
        program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i"]
        with tempfile.TemporaryDirectory() as folder:
            before, coded, after = (Path(folder) / name for name in ("before.wav", f"coded{ending}", "after.wav"))
            soundfile.write(before, one.samples.T, one.rate, subtype="PCM_16")
            subprocess.run([*program, str(before), *options, str(coded)], check=True)
            subprocess.run([*program, str(coded), str(after)], check=True)
            return read(after)

    return attack


def at_rate(one: Sound, rate: int) -> Sound:
    """At another rate."""
    return Sound(resample_poly(one.samples, rate, one.rate, axis=1).astype(np.float32), rate)


def noisy(one: Sound) -> Sound:
    """White noise, 30 dB below the whole clip."""
    size = float(np.sqrt((one.samples**2).mean())) * 10 ** (-30 / 20)
    return changed(one, one.samples + np.random.default_rng(0).normal(0, size, one.samples.shape))


def cut(first: float, length: float) -> Attack:
    """From a second on, so many seconds."""
    return lambda one: changed(one, one.samples[:, round(first * one.rate) :][:, : round(length * one.rate)])


def faster(speed: float) -> Attack:
    """Played faster, as a tape is: pitch and time."""
    return lambda one: changed(one, resample_poly(one.samples, 1000, round(1000 * speed), axis=1))


ATTACKS: dict[str, Attack] = {
    "none": lambda one: changed(one, np.round(one.samples * 32767) / 32767),
    "MP3 64k": through(".mp3", "-c:a", "libmp3lame", "-b:a", "64k"),
    "AAC 64k": through(".m4a", "-c:a", "aac", "-b:a", "64k"),
    "Opus 32k": through(".opus", "-c:a", "libopus", "-b:a", "32k"),
    "16 kHz and back": lambda one: at_rate(at_rate(one, 16_000), one.rate),
    "trim 10 %": cut(0.777, 0.9 * SECONDS),
    "cut to 5 s": cut(3.1415, 5.0),
    "speed +1 %": faster(1.01),
    "speed -1 %": faster(0.99),
    "noise 30 dB": noisy,
    "volume 0.3": lambda one: changed(one, one.samples * 0.3),
    "mono mix": lambda one: changed(one, one.samples.mean(0, keepdims=True)),
}


def attacked(sounds: list[Sound], seed: int) -> dict[str, Any]:
    """Detected, right and wrong ids after each attack."""
    stream = np.random.default_rng(seed)
    key = stream.bytes(32)
    rows = {name: {"clips": 0, "detected": 0, "right": 0, "wrong": 0, "least_z": math.inf} for name in ATTACKS}
    for one in sounds:
        id = int.from_bytes(stream.bytes(8), "big")
        marked = sound.embed(one, id, key)
        for name, attack in ATTACKS.items():
            heard, row = sound.detect(attack(marked), key), rows[name]
            row["clips"] += 1
            row["detected"] += heard.marked
            row["right"] += heard.id == id
            row["wrong"] += heard.id not in (id, None)
            row["least_z"] = min(row["least_z"], heard.z)
    return rows


def short(sounds: list[Sound], seed: int) -> dict[str, float]:
    """Share of sounds of so many seconds whose mark, without id, is found."""
    key = np.random.default_rng(seed).bytes(32)
    found = {}
    for seconds in (1, 2, 3, 5, 8):
        parts = [changed(one, one.samples[:, : seconds * one.rate]) for one in sounds]
        found[f"{seconds} s"] = fmean(sound.detect(sound.embed(one, 0, key), key).marked for one in parts)
    return found


def softness(sounds: list[Sound], seed: int) -> dict[str, Any]:
    """How soft the mark is: signal to noise in all and by octave; noise to mask in all and in the softest frames."""
    stream = np.random.default_rng(seed)
    key = stream.bytes(32)
    ratios, octaves, masks = [], [], []
    for one in sounds:
        marked = sound.embed(one, int.from_bytes(stream.bytes(8), "big"), key)
        noise = Sound(marked.samples - np.clip(one.samples, -1, 1), one.rate)
        ratios.append(decibels(float((one.samples**2).sum()), float((noise.samples**2).sum())))
        of_sound, of_noise = (
            spectrum.power(spectrum.resample(part.samples, part.rate, spectrum.RATE)) for part in (one, noise)
        )
        octaves.append([decibels(*(float(p[:, low : 2 * low].sum()) for p in (of_sound, of_noise))) for low in OCTAVES])
        masks.append(masked(of_sound, of_noise))
    bins = spectrum.RATE / spectrum.SIZE
    return {
        "snr_db": fmean(ratios),
        "least_snr_db": min(ratios),
        "snr_db_of_octave_from_hz": {
            str(round(low * bins)): fmean(column)
            for low, column in zip(OCTAVES, zip(*octaves, strict=True), strict=True)
        },
        "noise_to_mask_db": fmean(mask[0] for mask in masks),
        "above_mask": fmean(mask[1] for mask in masks),
        "above_mask_in_softest_fifth": fmean(mask[2] for mask in masks),
    }


def decibels(sound: float, noise: float) -> float:
    """A ratio of energies, dB."""
    return 10 * math.log10((sound + 1e-12) / (noise + 1e-12))


def masked(of_sound: NDArray[np.float32], of_noise: NDArray[np.float32]) -> tuple[float, float, float]:
    """Noise to mask, mean, dB; share of critical bands and frames with the mark above the masking threshold, in all
    and in the softest fifth of the frames above silence.

    The threshold is the one that the embedder uses too. Bands below -80 dBFS don't count.
    """
    members = spectrum.critical()[1]
    level = spectrum.loudness(of_sound)
    kept = level > spectrum.QUIET
    soft = level[kept] <= np.quantile(level[kept], 0.2)
    loud = (of_sound[kept] @ members) > 384 * 10 ** (-80 / 10)
    ratio = 10 * np.log10((of_noise[kept] @ members + 1e-12) / (spectrum.masking(of_sound[kept]) + 1e-12))
    over = (ratio > 0) & loud
    quiet = float(over[soft].sum() / max(1, loud[soft].sum()))
    return float(ratio[loud].mean()), float(over.sum() / max(1, loud.sum())), quiet


def false_positives(items: Iterator[Sound], keys: int, every: int, seed: int) -> dict[str, Any]:
    """The largest score of unmarked items for random keys, at every offset; at every speed for some of them."""
    stream = np.random.default_rng(seed + 1)
    signs = np.stack([pattern.signs_of(stream.bytes(32)) for _ in range(keys)])
    parts = {"pilot": pattern.pilot(), "all": np.ones_like(pattern.pilot())}
    waves = {
        name: np.ascontiguousarray(rfft(signs * part, axis=1).conj().transpose(1, 2, 0).astype(np.complex64))
        for name, part in parts.items()
    }  # (cells // 2 + 1, bands, keys)
    counted = {name: rfft(part.astype(np.float32), axis=0).conj() for name, part in parts.items()}
    count = silent = above = searched = 0
    largest, closest = 0.0, 0.0
    for one in items:
        heard, seconds = sound.listen(one)
        count += 1
        if seconds == 0:
            silent += 1
            continue
        search = count % every == 0
        searched += search
        speeds = sound.speeds_for(len(heard) * spectrum.HOP / spectrum.RATE)[: None if search else 1]
        folded = np.stack([pattern.fold(spectrum.features(heard, float(speed))) for speed in speeds])
        rows = folded.reshape(len(speeds), pattern.CELLS, spectrum.CELL, -1).transpose(1, 0, 2, 3)
        rows = rows.reshape(pattern.CELLS, -1, rows.shape[-1])  # (cells, speeds × phases, bands)
        limit = math.sqrt(2 * math.log(2 * pattern.PERIOD * len(speeds) / sound.CHANCE))
        own, squared = rfft(rows, axis=0), rfft(rows**2, axis=0)
        best = np.full(keys, -np.inf, np.float32)
        for name in parts:
            squares = irfft((squared * counted[name][:, None]).sum(2), pattern.CELLS, axis=0)  # (cells, rows)
            sums = irfft(own.astype(np.complex64) @ waves[name], pattern.CELLS, axis=0)  # (cells, rows, keys)
            fit = sums / np.sqrt(np.maximum(squares, 1e-9))[..., None].astype(np.float32)
            best = np.maximum(best, fit.max((0, 1)))
        above += int((best >= limit).sum())
        largest, closest = max(largest, float(best.max())), max(closest, float(best.max()) / limit)
    trials = (count - silent) * keys
    return {
        "items": count,
        "silent": silent,
        "at_every_speed": searched,
        "keys": keys,
        "trials": trials,
        "above": above,
        "largest_z": largest,
        "largest_share_of_threshold": closest,
        # No event in n independent trials: p below 3/n with 95 % (rule of three); the trials of one item aren't quite.
        "bound_95": 3 / max(1, trials) if not above else None,
        "chance_set": sound.CHANCE,
    }


def costs(one: Sound) -> dict[str, float]:
    """Processor seconds of a minute of 44.1 kHz mono, best of three; FLAC by libsndfile is the yardstick."""
    minute = at_rate(one, MUSIC_RATE)
    times = math.ceil(60 * MUSIC_RATE / minute.samples.shape[1])
    minute = Sound(np.tile(minute.samples[:1], (1, times))[:, : 60 * MUSIC_RATE], MUSIC_RATE)
    key = bytes(32)
    marked = sound.embed(minute, 1, key)

    def flac() -> None:
        soundfile.write(io.BytesIO(), marked.samples.T, marked.rate, format="FLAC")

    work: dict[str, Callable[[], object]] = {
        "embed": lambda: sound.embed(minute, 1, key),
        "detect": lambda: sound.detect(marked, key),
        "detect_nothing": lambda: sound.detect(minute, key, search=False),
        "search_nothing": lambda: sound.detect(minute, key),
        "flac": flac,
    }
    found: dict[str, float] = {}
    for name, act in work.items():
        taken = []
        for _ in range(3):
            start = time.process_time()
            act()
            taken.append(time.process_time() - start)
        found[name] = min(taken)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--midi", type=Path)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--keys", type=int, default=600)
    parser.add_argument("--search-every", type=int, default=1, help="look at every speed in each so-many-th item")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--part", choices=("costs", "soft", "short", "marks", "false"), help="only this; all by default"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sources = {folder.name: files(folder) for folder in options.folders}
    clips = {name: list(joined(paths, options.clips)) for name, paths in sources.items()}
    scores = sorted(options.midi.rglob("*.mid")) if options.midi else []
    if scores:
        clips["music"] = [rendered(path) for path in scores[: options.clips]]
    names = [path for paths in sources.values() for path in paths][: options.items]

    def items() -> Iterator[Sound]:
        for path in names:
            one = read(path)
            yield Sound(one.samples[:, : 30 * one.rate], one.rate)
        made = (one for sounds in clips.values() for one in sounds)
        for _number, one in zip(range(options.items - len(names)), made, strict=False):
            yield one

    result: dict[str, Any] = {"seed": options.seed}
    if options.part in (None, "costs"):
        result["costs_cpu_seconds_a_minute"] = costs(next(iter(clips.values()))[0])
    for part, work in (("soft", softness), ("short", short), ("marks", attacked)):
        if options.part in (None, part):
            result[part] = {kind: work(sounds, options.seed) for kind, sounds in clips.items()}
    if options.part in (None, "false"):
        result["false_positives"] = false_positives(items(), options.keys, options.search_every, options.seed)
    print(json.dumps(result, indent=1) if options.json else text_of(result))


def text_of(result: dict[str, Any]) -> str:
    """The result as tables."""
    lines = [f"{name:<16}{value:8.3f} s" for name, value in result.get("costs_cpu_seconds_a_minute", {}).items()]
    for part in ("soft", "short"):
        lines += [f"{part}, {kind}: {json.dumps(found)}" for kind, found in result.get(part, {}).items()]
    for kind, rows in result.get("marks", {}).items():
        lines.append(f"\n{kind}")
        for name, row in rows.items():
            counts = f"detected {row['detected']:4d}  id {row['right']:4d}  wrong {row['wrong']}  of {row['clips']}"
            lines.append(f"  {name:<16}{counts}  least z {row['least_z']:.1f}")
    return "\n".join([*lines, "", json.dumps(result.get("false_positives", {}))])


if __name__ == "__main__":
    main()
