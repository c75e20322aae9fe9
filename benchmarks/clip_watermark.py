"""How well the invisible watermark of clips lasts when they are encoded again, and what finishing a clip costs.

    python benchmarks/clip_watermark.py NAME=FOLDER ... [--clips 8] [--frames 24] [--keys 200] [--seed 0] [--json]

A clip is a strip of square frames, four or more, from a folder of such strips (on white, each enlarged to 512 pixels by
whole pixels as ``finish`` does it, repeated), or a photo, 1.25 times enlarged beyond 512 pixels, over which a window
of 512 × 512 pans, some 15 pixels a frame. Each is marked under one key with an id of its own, encoded as ``finish``
does it, decoded, and encoded again by H.264 (libx264, preset veryfast): that is what a platform does. Detected: z
reaches the threshold. Id: the right one is read. One frame: the same in the middle frame alone. By chance: largest z
of the unmarked clips under ``--keys`` random keys each. Cost: wall-clock seconds of each step of ``finish`` for the
first clip of each folder, least of two.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import tempfile
import time
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from PIL import Image

from luokuan.colophon import ffmpeg, finish
from luokuan.colophon.footage import look
from luokuan.colophon.formats import CLIPS, Encoding
from luokuan.colophon.formats.clip import LOOKED_AT
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.schema import Draft, Recipe
from luokuan.colophon.watermark import clip as mark
from luokuan.colophon.watermark.finding import threshold
from luokuan.colophon.watermark.pattern import keyed
from luokuan.colophon.watermark.picture import PLACES, locate, subkey
from luokuan.media import Clip
from luokuan.store.home import ELSEWHERE, open_home

THRESHOLD = threshold(2 * PLACES)
KEY = subkey(bytes(range(32)))
FPS = 12
SIDE = 512


def frames_of(path: Path, count: int, turn: int) -> np.ndarray:
    """uint8 (count, H, W, 3); ``turn``: the photo's window begins at one corner or another."""
    with Image.open(path) as image:
        whole = image.convert("RGBA")
    white = Image.new("RGBA", whole.size, "white")
    white.alpha_composite(whole)
    flat = white.convert("RGB")
    if flat.width >= 4 * flat.height:
        side = flat.height
        strip = [np.asarray(flat)[:, at : at + side] for at in range(0, flat.width - side + 1, side)]
        return np.stack([strip[place % len(strip)] for place in range(count)])
    ratio = 1.25 * SIDE / min(flat.size)
    large = np.asarray(flat.resize((round(flat.width * ratio), round(flat.height * ratio)), Image.Resampling.LANCZOS))
    down, across = (np.linspace(0, length - SIDE, count).astype(int) for length in large.shape[:2])
    down = down[::-1] if turn % 2 else down
    return np.stack([large[y : y + SIDE, x : x + SIDE] for y, x in zip(down, across, strict=True)])


def again(data: bytes, media_type: str, crf: int, half: bool) -> bytes:
    """Encoded again as a platform does it."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a", Path(folder) / "b.mp4"
        source.write_bytes(data)
        scale = ["-vf", "scale=iw/2:ih/2"] if half else []
        coded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p", "-an"]
        ffmpeg.run(["-i", str(source), *scale, *coded, str(target)])
        return target.read_bytes()


ATTACKS: dict[str, tuple[int, bool] | None] = {
    "as finished": None,
    "crf 23": (23, False),
    "crf 28": (28, False),
    "crf 33": (33, False),
    "half size, crf 23": (23, True),
    "half size, crf 28": (28, True),
}


def psnr(before: np.ndarray, after: np.ndarray) -> float:
    change = [np.mean((one.astype(np.float32) - other) ** 2) for one, other in zip(before, after, strict=True)]
    return 10 * math.log10(255**2 / max(1e-12, float(np.mean(change))))


def measure_one(
    path: Path, count: int, turn: int, work_id: str, keys: list[bytes]
) -> tuple[float, float, dict[str, list[float]]]:
    """(PSNR of the mark, largest z unmarked, {row: [z, right id, z of one frame, right id]})."""
    found = {}
    distance = by_chance = 0.0
    for row in CLIPS:
        made = row.labelled(Clip(frames_of(path, count, turn), FPS), LabelOptions(), "nearest", work_id)
        if keys and row is CLIPS[0]:
            seen = mark.features(Clip(made.frames[:LOOKED_AT], FPS))
            by_chance = max(locate(seen, keyed(key))[0] for key in keys)
        marked = mark.embed(made, work_id, KEY)
        distance = psnr(made.frames, marked.frames)
        data = row.encode(marked, Encoding())
        for name, how in ATTACKS.items() if row.name == "MP4" else [("as finished", None)]:
            kind = row.media_type if how is None else "video/mp4"
            seen = look(data if how is None else again(data, kind, *how), kind, LOOKED_AT).frames
            pooled = mark.detect(Clip(seen, FPS), KEY)
            one = mark.detect(Clip(seen[len(seen) // 2][None], FPS), KEY)
            found[f"{row.name}, {name}"] = [pooled.z, pooled.id == work_id, one.z, one.id == work_id]
    return distance, by_chance, found


def cost(path: Path, count: int) -> dict[str, dict[str, float]]:
    """Seconds of each step of ``finish``, by format."""
    result: dict[str, dict[str, float]] = {}
    recipe = Recipe(model="bench", model_digest="0" * 64)
    steps = finish.STEPS
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder))
        try:
            for _repeat in range(2):
                for row in CLIPS:
                    times = result.setdefault(row.name, {})
                    finish.STEPS = tuple(timed(step, times) for step in steps)
                    draft = Draft(Clip(frames_of(path, count, 0), FPS), recipe, "video")
                    finish.finish(draft, home=home, media_type=row.media_type, enlarge="nearest")
        finally:
            finish.STEPS = steps
    return result


def timed(step: Any, times: dict[str, float]) -> Any:
    def run(passage: Any) -> None:
        began = time.perf_counter()
        step(passage)
        took = time.perf_counter() - began
        times[step.__name__] = min(took, times.get(step.__name__, took))

    return run


def measure(options: argparse.Namespace) -> dict[str, Any]:
    rng = random.Random(options.seed)
    result: dict[str, Any] = {"seed": options.seed, "frames": options.frames, "threshold": THRESHOLD, "corpora": {}}
    keys = [subkey(rng.randbytes(32)) for _ in range(options.keys)]
    for text in options.folders:
        name, folder = text.split("=", 1)
        paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg"))
        rng.shuffle(paths)
        done = [
            measure_one(path, options.frames, turn, f"{rng.getrandbits(64):016x}", keys)
            for turn, path in enumerate(paths[: options.clips])
        ]
        rows = {}
        for row in done[0][2]:
            z, right, z_one, right_one = zip(*(found[row] for _psnr, _chance, found in done), strict=True)
            rows[row] = {
                "detected": fmean(value >= THRESHOLD for value in z),
                "id": fmean(right),
                "one_frame_detected": fmean(value >= THRESHOLD for value in z_one),
                "one_frame_id": fmean(right_one),
                "z_min": min(z),
                "z_median": median(z),
            }
        result["corpora"][name] = {
            "clips": len(done), "psnr_mean": fmean(one[0] for one in done),
            "psnr_min": min(one[0] for one in done), "keys": options.keys,
            "by_chance": max(one[1] for one in done), "rows": rows, "seconds": cost(paths[0], options.frames),
        }  # fmt: skip
    return result


def shown(result: dict[str, Any]) -> str:
    lines = [f"{result['frames']} frames a clip, threshold z {result['threshold']:.2f}, seed {result['seed']}"]
    for name, corpus in result["corpora"].items():
        lines.append(
            f"{name}: {corpus['clips']} clips, PSNR {corpus['psnr_mean']:.2f} dB, least {corpus['psnr_min']:.2f};"
            f" unmarked, {corpus['keys']} keys each: largest z {corpus['by_chance']:.2f}"
        )
        for row, values in corpus["rows"].items():
            lines.append(
                f"  {row:<24} detected {values['detected']:.3f}  id {values['id']:.3f}  one frame"
                f" {values['one_frame_detected']:.3f} {values['one_frame_id']:.3f}  z least {values['z_min']:.1f}"
                f" median {values['z_median']:.1f}"
            )
        for row, times in corpus["seconds"].items():
            steps = ", ".join(f"{step} {value:.2f}" for step, value in times.items() if value >= 0.005)
            lines.append(f"  {row}: {sum(times.values()):.2f} s ({steps})")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    os.environ.pop(ELSEWHERE, None)  # works of a home that is thrown away don't belong into somebody's database
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options)
    print(json.dumps(result, indent=1, ensure_ascii=False) if options.json else shown(result))


if __name__ == "__main__":
    main()
