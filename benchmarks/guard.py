"""By which numbers the guard tells copies from strangers: likeness of pictures, and melodies of scores.

    python benchmarks/guard.py [--pictures FOLDER] [--scores PATH ...] [--every 5] [--seed 1] [--json]

Pictures, of a folder and drawn ones: the cosine of the feature network's answers to all pairs of different ones, and to
each ``--every``-th picture and an edited copy; of those the share that is told and that blocks. Scores: the longest
run of letters and the share of n-grams (``rights.melodies``) of all pairs of different pieces, and of each and a copy
that is three halves as slow, three semitones higher, and has that share of its notes moved by a tone.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from luokuan.foundation.corpus.scores import open_scores
from luokuan.media import Score
from luokuan.models.evaluation.network import RESOLUTION, feature_network
from luokuan.rights.likeness import SAME, SHOWN, usual
from luokuan.rights.melodies import lines_of, resemblance

ROOT = Path(__file__).parents[1]


def _jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


def _cut(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 10, height // 10, width - width // 10, height - height // 10))


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG, quality 30": _jpeg,
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned by 8°": lambda image: image.rotate(8, Image.Resampling.BICUBIC, fillcolor=image.getpixel((0, 0))),
    "cut by a tenth at each side": _cut,
    "red and blue exchanged": lambda image: Image.merge("RGB", image.split()[::-1]),
    "without colour": lambda image: image.convert("L").convert("RGB"),
    "brighter by 40 %": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "smoothed, 12 colours": lambda image: image.filter(ImageFilter.MedianFilter(5)).quantize(12).convert("RGB"),
}


def _features(images: Sequence[Image.Image]) -> NDArray[np.float32]:
    size = (RESOLUTION, RESOLUTION)
    found = feature_network().features(
        np.stack([np.asarray(image.resize(size, Image.Resampling.BILINEAR)) for image in images])
    )
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def blocks(seed: int) -> Image.Image:
    """Coloured blocks, smoothed: pictures of one kind that show nothing."""
    drawn = np.random.default_rng(seed).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    return Image.fromarray(drawn).resize((RESOLUTION, RESOLUTION), Image.Resampling.BICUBIC)


def of_pictures(images: Sequence[Image.Image], every: int) -> dict[str, Any]:
    """Cosines of strangers, and of edited copies."""
    known, some = _features(images), list(range(0, len(images), every))
    strangers = (known @ known.T)[np.triu_indices(len(images), 1)]
    limit, copies = usual(known), {}
    for name, edit in EDITS.items():
        cosines = (_features([edit(images[at]) for at in some]) * known[some]).sum(axis=1)
        copies[name] = {
            "median": round(float(np.median(cosines)), 3), "least": round(float(cosines.min()), 3),
            "told": round(float((cosines >= max(SHOWN, limit)).mean()), 3),
            "blocks": round(float((cosines >= max(SAME, limit)).mean()), 3),
        }  # fmt: skip
    return {
        "pictures": len(images), "pairs": len(strangers), "largest": round(float(strangers.max()), 3),
        "usual": round(limit, 3), "told": int((strangers >= max(SHOWN, limit)).sum()), "copies": copies,
        "copied": len(some),
    }  # fmt: skip


def _changed(score: Score, share: float, draw: random.Random) -> Score:
    notes = tuple(
        replace(
            note, start=note.start * 1.5, length=note.length * 1.5,
            pitch=min(127, note.pitch + 3 + (draw.choice((-2, 2)) if draw.random() < share else 0)),
        )
        for note in score.notes
    )  # fmt: skip
    return replace(score, notes=notes)


def of_scores(paths: Sequence[Path], seed: int) -> dict[str, Any]:
    """Runs and shares of strangers, and of changed copies."""
    scores = [piece.score() for path in paths for piece in open_scores(path).pieces]
    lines, draw = [lines_of(score) for score in scores], random.Random(seed)
    strangers = [resemblance(one, other) for one, other in itertools.combinations(lines, 2)]
    copies = {}
    for share in (0.0, 0.05, 0.1, 0.2):
        found = [resemblance(lines_of(_changed(score, share, draw)), own)
                 for score, own in zip(scores, lines, strict=True)]  # fmt: skip
        copies[f"{share:.0%} of the notes moved"] = {
            "run, median": median(one.run for one in found), "run, least": min(one.run for one in found),
            "share, least": round(min(one.share for one in found), 3),
            "told": sum(one.told for one in found), "blocks": sum(one.copy for one in found),
        }  # fmt: skip
    return {
        "pieces": len(scores), "pairs": len(strangers), "longest run": max(one.run for one in strangers),
        "largest share": round(max(one.share for one in strangers), 3), "told": sum(one.told for one in strangers),
        "copies": copies,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    music = ROOT / "tests/data/music"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, default=ROOT / "examples/clothing-small")
    parser.add_argument("--scores", type=Path, nargs="+", default=[
        music / "chorales-quarter.json", music / "chorale-1.mid", music / "chorale-2.mid",
    ])  # fmt: skip
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    paths = sorted(path for path in chosen.pictures.rglob("*") if path.suffix in (".jpg", ".png"))
    photographs = [Image.open(path).convert("RGB") for path in paths]
    found = {
        "pictures": of_pictures(photographs, chosen.every),
        "drawn blocks": of_pictures([blocks(seed) for seed in range(60)], chosen.every),
        "scores": of_scores(chosen.scores, chosen.seed),
    }
    if chosen.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for what, figures in found.items():
        copies = figures.pop("copies")
        print(f"{what}: {figures}")
        for name, row in copies.items():
            print(f"  {name}: {row}")


if __name__ == "__main__":
    main()
