"""Do what docs/tutorial.md tells and keep its pictures in docs/images: ten minutes of all cores and some more.

    python scripts/make_tutorial.py [--minutes 10]

Prints the figures that the tutorial names.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from luokuan.models.evaluation.sheet import grid, write_png

CORPUS = "examples/clothing-small"
IMAGES = Path("docs/images")
CHOICES = "--size 128 --base garments --crops 8 --dropout 0.1 --rate 3e-4"
PHOTO = "examples/clothing-small/test/t-shirt"
VARIATIONS = 3
EDGE = 256


def luokuan(home: str, line: str) -> dict[str, Any]:
    """What ``luokuan`` LINE prints with --json."""
    print(f"luokuan {line}", file=sys.stderr)
    command = [sys.executable, "-m", "luokuan", *shlex.split(line), "--json"]
    environment = {**os.environ, "LUOKUAN_HOME": home, "LUOKUAN_LANG": "en"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def square(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The picture's middle square, uint8 (EDGE, EDGE, 3)."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        cut = picture.crop((left, top, left + side, top + side))
        return np.asarray(cut.resize((EDGE, EDGE), Image.Resampling.LANCZOS))


def main() -> None:
    """Train, measure, create."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        made = luokuan(home, f"train prior {CORPUS} --name catalogue {CHOICES} --minutes {options.minutes:g}")
        sheet = Path(home) / "sheet.png"
        seen = luokuan(home, f"evaluate catalogue {CORPUS} --truncation 0.9 --guidance 2.5 --among 4 --sheet {sheet}")
        works = Path(home) / "works"
        luokuan(home, f'create image "a dress" -m catalogue --seed 7 -n 4 -o {works / "dress"}')
        photo = sorted(Path(PHOTO).glob("*.jpg"))[0]
        luokuan(home, f"create image -m catalogue --like {photo} --strength 0.5 -n {VARIATIONS} -o {works / 'like'}")
        dresses = np.stack([square(path) for path in sorted((works / "dress").glob("*.png"))])
        write_png(IMAGES / "catalogue-dresses.png", grid(dresses, len(dresses)))
        varied = np.stack([square(photo), *(square(path) for path in sorted((works / "like").glob("*.png")))])
        write_png(IMAGES / "catalogue-variations.png", grid(varied, len(varied)))
        record = json.loads((Path(home) / "models/catalogue/training.json").read_text(encoding="utf-8"))
        keys = ("steps", "kept", "items", "precision", "threads", "machine", "measured", "verdicts")
        print(json.dumps({"train": made, **{k: record[k] for k in keys}, "evaluation": seen}, indent=1))


if __name__ == "__main__":
    main()
