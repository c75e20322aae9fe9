"""Make the signed golden files of the present colophon schema: one picture, once in each format.

Files of a version are made once and then must verify forever, so the script never overwrites any:

    python scripts/make_golden.py

The authority lives for a hundred years; its keys are thrown away, so that nobody can sign more in its name.
"""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from luokuan.colophon.finish import finish
from luokuan.colophon.formats import PICTURES
from luokuan.colophon.schema import COLOPHON_SCHEMA, Draft, Recipe
from luokuan.media import Picture
from luokuan.store.home import open_home
from luokuan.store.keys import install, make_authority

CENTURY = timedelta(days=36_525)
TARGET = Path(__file__).parent.parent / "tests" / "data" / f"colophon-v{COLOPHON_SCHEMA}"


def picture() -> Picture:
    """A red dress on paper, 512 × 512, in flat colours so that the files stay small."""
    image = Image.new("RGB", (512, 512), "#f4efe4")
    draw = ImageDraw.Draw(image)
    draw.polygon([(210, 90), (302, 90), (312, 210), (400, 410), (112, 410), (200, 210)], fill="#b3262e")
    draw.rectangle((200, 205, 312, 222), fill="#5c0f14")
    return Picture(np.array(image))


def make(target: Path) -> None:
    """Write golden.png, golden.jpg, golden.webp, root.pem and expected.json to ``target``."""
    target.mkdir(parents=True)
    recipe = Recipe(
        model="golden",
        model_digest="0123456789abcdef" * 4,
        brief="a red dress",
        parameters={"truncation": 0.7},
        seed=7,
        licence="CC0-1.0",
        corpus_digest="f" * 64,
        versions={"luokuan": "0.1.0"},
    )
    expected = {}
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(folder)
        lives = dict.fromkeys(("root_life", "intermediate_life", "leaf_life"), CENTURY)
        install(home, *make_authority(f"Luokuan golden v{COLOPHON_SCHEMA}", **lives))
        for row in PICTURES:
            work = finish(Draft(picture(), recipe), home=home, media_type=row.media_type)
            name = f"golden{row.suffixes[0]}"
            (target / name).write_bytes(work.data)
            expected[name] = {"sha256": work.sha256, "work": work.id, "created": work.created_at.isoformat()}
        (target / "root.pem").write_bytes(home.root_certificate.read_bytes())
    (target / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    make(TARGET)
