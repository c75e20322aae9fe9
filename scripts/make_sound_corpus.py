"""Build the corpus of the starter ``sounds``: clips of a collection, its fine categories merged into coarse ones.

    python scripts/make_sound_corpus.py CLIPS OUT

CLIPS holds metadata.csv with the columns file, category, source, licence and author. OUT gets links to the files
(copies where the file system has no links), metadata.jsonl and card.yaml. Categories that no coarse one takes are left
out, and clips whose licence is neither CC0 nor the public domain.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

from luokuan.files import new_folder

COARSE = {
    "birds": ("ambience_birds", "bird", "canary", "seagull*"),
    "engine": ("compressor_motor", "vehicle_motor_idle", "car_motor", "helicopter", "jet_*"),
    "explosion": ("explosion*", "thunder", "fireworks"),
    "fire": ("ambience_fireplace", "fire_crackle", "fireball", "fuse", "fuse_short"),
    "insects": ("ambience_summer_night", "cicada", "cricket", "grasshopper", "bee", "bees"),
    "rain": ("rain_*",),
    "water": ("ambience_boat",),
    "wind": ("ambience_wind",),
}
"""Coarse category to patterns of fine ones: textures, of which a small codec carries most. Short blows, voices of
single animals and sounds of interfaces are left out."""
ALIASES = {
    "鸟": "birds", "鸟鸣": "birds", "bird": "birds", "引擎": "engine", "发动机": "engine", "motor": "engine",
    "爆炸": "explosion", "雷": "explosion", "thunder": "explosion", "火": "fire", "篝火": "fire", "fireplace": "fire",
    "虫鸣": "insects", "夏夜": "insects", "crickets": "insects", "cicadas": "insects", "雨": "rain", "下雨": "rain",
    "水": "water", "海": "water", "海浪": "water", "船": "water", "sea": "water", "boat": "water", "风": "wind",
}  # fmt: skip
FREE = ("CC0", "Public Domain")


def coarse_of(fine: str) -> str | None:
    """The coarse category that takes ``fine``, or None."""
    return next((name for name, patterns in COARSE.items() if any(fnmatch(fine, p) for p in patterns)), None)


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    with (given.clips / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="|"))
    chosen = [
        (row, coarse) for row in rows if row["licence"] in FREE and (coarse := coarse_of(row["category"])) is not None
    ]
    authors = Counter(name for row, _coarse in chosen if (name := row["author"].strip()) and name[0] != "[")
    sources = Counter(row["source"].strip() for row, _coarse in chosen)
    with new_folder(given.out) as part:
        (part / "clips").mkdir()
        lines = []
        for row, coarse in chosen:
            name = f"clips/{Path(row['file']).name}"
            try:
                os.link((given.clips / row["file"]).resolve(), part / name)
            except OSError:
                shutil.copyfile(given.clips / row["file"], part / name)
            lines.append(json.dumps({"file_name": name, "label": coarse, "fine": row["category"]}) + "\n")
        (part / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
        card = {
            "title": "Sound effects, CC0 and public domain, in coarse categories",
            "licence": "CC0-1.0",
            "source": ", ".join(f"github.com/{name}" for name, _count in sources.most_common()),
            "credit": "Recorded by " + ", ".join(name for name, _count in authors.most_common()),
            "consent": "none needed",
            "personal_data": "none",
            "aliases": ALIASES,
        }
        (part / "card.yaml").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for name, count in sorted(Counter(coarse for _row, coarse in chosen).items()):
        print(name, count)


if __name__ == "__main__":
    main()
