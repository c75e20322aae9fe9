"""How well subjects are cut out of photos: a sheet for eyes, and how many are refused and how long it takes.

    python benchmarks/backgrounds.py FOLDER [--count 40] [--seed 1] [--size 384] [--sheet sheet.png] [--json]

``--count`` photos are drawn by ``--seed`` from all below the folder, made ``--size`` pixels on the shorter side, as
``luokuan create effect --size`` does, and each is shown with its number beside itself on plain green. Whether a cut is
good is for eyes: count those in which something is missing or too much. ``refused``: photos in which nothing stands
out. ``seconds``: the mean of one cut, on the clock.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from luokuan.create.effects.cutting import cut_out, laid_over
from luokuan.create.presenters.grounds import filled
from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.foundation.corpus.pictures import read_picture, to_rgb
from luokuan.media import Picture

GREEN = (40, 170, 90)
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
TILE, COLUMNS = 200, 4


def shown(number: int, photo: np.ndarray, cut: np.ndarray | None) -> Image.Image:
    """A photo, and what was cut out of it, with its number."""
    tile = Image.new("RGB", (2 * TILE + 4, TILE + 12), "white")
    for place, one in enumerate([photo] if cut is None else [photo, cut]):
        small = Image.fromarray(one)
        small.thumbnail((TILE, TILE))
        tile.paste(small, (place * (TILE + 2), 12))
    ImageDraw.Draw(tile).text((0, 0), f"{number}{' refused' if cut is None else ''}", fill="black")
    return tile


def main() -> None:
    """Cut, count and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = sorted(path for path in expand(asked.folder).rglob("*") if path.suffix.lower() in ENDINGS)
    drawn = random.Random(asked.seed).sample(found, min(asked.count, len(found)))
    tiles, refused, seconds = [], 0, 0.0
    for number, path in enumerate(drawn, 1):
        picture = to_rgb(read_picture(path))
        unit = asked.size / min(picture.size)
        size = 2 * round(picture.height * unit / 2), 2 * round(picture.width * unit / 2)
        photo = filled(size, Picture(np.asarray(picture)))
        began = time.perf_counter()
        try:
            subject = cut_out(photo)
        except UserError:
            refused += 1
            tiles.append(shown(number, photo, None))
            continue
        finally:
            seconds += time.perf_counter() - began
        tiles.append(shown(number, photo, laid_over(photo, subject, np.full_like(photo, GREEN))))
    if asked.sheet:
        wide, high = tiles[0].size
        sheet = Image.new("RGB", (wide * COLUMNS, high * -(-len(tiles) // COLUMNS)), "white")
        for place, tile in enumerate(tiles):
            sheet.paste(tile, (wide * (place % COLUMNS), high * (place // COLUMNS)))
        sheet.save(asked.sheet)
    told = {"photos": len(drawn), "refused": refused, "seconds": round(seconds / max(1, len(drawn)), 2)}
    print(json.dumps(told) if asked.json else ", ".join(f"{name}: {value}" for name, value in told.items()))


if __name__ == "__main__":
    main()
