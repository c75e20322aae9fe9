"""By which numbers the guard tells copies from strangers: likeness of pictures, melodies of scores, frames of clips.

    python benchmarks/guard.py [--pictures FOLDER] [--scores PATH ...] [--clips FOLDER --group FIELD] [--every 5]
        [--seed 1] [--json]

Pictures, of a folder and drawn ones: the cosine of the feature network's answers to all pairs of different ones, and to
each ``--every``-th picture and an edited copy; of those the share that is told and that blocks. Scores: the longest
run of letters and the share of n-grams (``rights.melodies``) of all pairs of different pieces, and of each and a copy
that is three halves as slow, three semitones higher, and has that share of its notes moved by a tone. Clips: half of
them, drawn by ``--seed``, are a corpus; ``--group`` names a field of metadata.jsonl of which no value stands in both
halves. Of each ``--every``-th clip of the other half (strangers), and of each ``--every``-th of the corpus, edited:
whether the guard's check of frames tells or blocks it, and whether it names the clip that was copied. Without
``--clips`` they are the pictures, over which a camera moves (the effect ``zoom``).
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from luokuan.colophon.fingerprint.base import PDQ_SURE
from luokuan.colophon.footage import look
from luokuan.colophon.formats.clip import encoded
from luokuan.create.effects.looks import change_of
from luokuan.create.effects.orders import Order
from luokuan.foundation.corpus.clipframes import read_clip
from luokuan.foundation.corpus.scores import open_scores
from luokuan.media import Clip, Score
from luokuan.models.evaluation.network import RESOLUTION, feature_network
from luokuan.rights.frames import glances
from luokuan.rights.likeness import SAME, SHOWN, usual
from luokuan.rights.melodies import lines_of, resemblance
from luokuan.rights.training_items import TrainingItem, nearest_of
from luokuan.store.home import ELSEWHERE, Home, open_home

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


Moving = NDArray[np.uint8]
"""Frames, (N, H, W, 3)."""
FPS = 6.0
ACROSS = 8
"""Films of strangers among which a copy is shown."""


def _each(edit: Callable[[Image.Image], Image.Image]) -> Callable[[Moving], Moving]:
    return lambda frames: np.stack([np.asarray(edit(Image.fromarray(frame))) for frame in frames])


def _film(frames: Moving) -> Moving:
    side = 256 // frames.shape[1] or 1  # whole pixels, as small drawings are enlarged
    large = np.repeat(np.repeat(frames, side, axis=1), side, axis=2)
    coded = ("-c:v", "libx264", "-crf", "33", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4")
    return look(encoded(Clip(large, FPS), coded), "video/mp4", len(frames)).frames


def _effect(name: str, strength: float, of: str = "snow") -> Callable[[Moving], Moving]:
    def laid(frames: Moving) -> Moving:
        change = change_of(Order(name, of=of, strength=strength, seed=1), len(frames), frames.shape[1:3], FPS)
        return np.stack([change(place, frame.copy()) for place, frame in enumerate(frames)])

    return laid


CLIP_EDITS: dict[str, Callable[[Moving], Moving]] = {
    "as it is": lambda frames: frames,
    "H.264, crf 33": _film,
    "backwards, every other frame": lambda frames: frames[::-2],
    **{name: _each(EDITS[name]) for name in ("mirrored", "turned by 8°", "cut by a tenth at each side",
                                             "without colour", "brighter by 40 %")},
    "snow over it": _effect("particles", 0.5),
    "grain, half strength": _effect("grain", 0.5),
    "glitch, half strength": _effect("glitch", 0.5),
    "a zoom over it": _effect("zoom", 0.25),
}  # fmt: skip


def panned(images: Sequence[Image.Image], folder: Path, seed: int) -> Iterator[tuple[Path, str]]:
    """Strips of eight frames of pictures over which a camera moves, each with a group of its own."""
    for at, image in enumerate(images):
        side = RESOLUTION
        still = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
        change = change_of(Order("zoom", seed=seed + at), 8, (side, side), FPS)
        path = folder / f"{at:04}.png"
        Image.fromarray(np.concatenate([change(place, still.copy()) for place in range(8)], axis=1)).save(path)
        yield path, path.name


def clips_in(folder: Path, field: str) -> list[tuple[Path, str]]:
    """Files that metadata.jsonl names, each with its value of ``field``."""
    lines = (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [(folder / str(row["file_name"]), str(row[field])) for row in rows]


def of_clips(files: Sequence[tuple[Path, str]], every: int, seed: int) -> dict[str, Any]:
    """What the guard says of frames of strangers, and of edited copies."""
    draw, groups = random.Random(seed), sorted({group for _path, group in files})
    half = set(draw.sample(groups, len(groups) // 2))
    corpus, others = ([path for path, group in files if (group in half) is inside] for inside in (True, False))
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place) / "corpus", open_home(Path(place) / "home")
        folder.mkdir()
        for path in corpus:
            shutil.copyfile(path, folder / path.name)
        strange = [read_clip(path).frames for path in others[::every]]
        found = [_looked(frames, folder, home) for frames in strange]
        some, copies = corpus[::every], {}
        clips = [read_clip(path).frames for path in some]
        rows = {name: [edit(frames) for frames in clips] for name, edit in CLIP_EDITS.items()}
        # Beside one's own frames, the others' tell of the corpus what they tell without them.
        quiet = [frames for frames, near in zip(strange, found, strict=True) if near is None]
        if len(quiet) >= ACROSS:
            longer = [draw.sample(quiet, ACROSS) for _frames in clips]
            rows[f"shown between {ACROSS} clips of strangers"] = [
                np.concatenate([*films[: ACROSS // 2], frames, *films[ACROSS // 2 :]])
                for films, frames in zip(longer, clips, strict=True)
            ]
        for name, edited in rows.items():
            near = [_looked(frames, folder, home) for frames in edited]
            copies[name] = {
                **_shares(near), "the right one": round(
                    sum(one is not None and one.item == path.name for one, path in zip(near, some, strict=True))
                    / len(some), 3),
            }  # fmt: skip
    return {
        "corpus": len(corpus), "strangers": len(found), **_shares(found), "copied": len(some), "seed": seed,
        "copies": copies,
    }  # fmt: skip


def _looked(frames: Moving, folder: Path, home: Home) -> TrainingItem | None:
    seen = glances(frames)
    return nearest_of(seen, folder, home) if seen else None


def _shares(found: Sequence[TrainingItem | None]) -> dict[str, float]:
    return {
        "told": round(sum(one is not None for one in found) / len(found), 3),
        "blocks": round(sum(one is not None and one.distance <= PDQ_SURE for one in found) / len(found), 3),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    os.environ.pop(ELSEWHERE, None)  # works of a home that is thrown away don't belong into somebody's database
    music = ROOT / "tests/data/music"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, default=ROOT / "examples/clothing-small")
    parser.add_argument("--scores", type=Path, nargs="+", default=[
        music / "chorales-quarter.json", music / "chorale-1.mid", music / "chorale-2.mid",
    ])  # fmt: skip
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--group", default="file_name")
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    paths = sorted(path for path in chosen.pictures.rglob("*") if path.suffix in (".jpg", ".png"))
    photographs = [Image.open(path).convert("RGB") for path in paths]
    with tempfile.TemporaryDirectory() as place:
        films = (
            clips_in(chosen.clips, chosen.group)
            if chosen.clips
            else list(panned(photographs, Path(place), chosen.seed))
        )
        clips = of_clips(films, chosen.every, chosen.seed)
    found = {
        "pictures": of_pictures(photographs, chosen.every),
        "drawn blocks": of_pictures([blocks(seed) for seed in range(60)], chosen.every),
        "scores": of_scores(chosen.scores, chosen.seed),
        "clips": clips,
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
