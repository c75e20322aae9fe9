"""Make the signed golden files of the present colophon schema: a picture, a sound, a clip, a page and a score, once in
each format, the score also on paper.

Files of a version are made once and then must verify forever, so the script makes only folders that aren't there:

    python scripts/make_golden.py

The authority lives for a hundred years; its keys are thrown away, so that nobody can sign more in its name.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import CLIPS, PICTURES, SCORES, SOUNDS, Format
from luokuan.colophon.formats.html import HTML
from luokuan.colophon.formats.pdf import PDF
from luokuan.colophon.schema import COLOPHON_SCHEMA, Draft, Recipe
from luokuan.media import Clip, Media, Note, Picture, Score, Sound, Text
from luokuan.store.home import open_home
from luokuan.store.keys import install, make_authority

CENTURY = timedelta(days=36_525)
DATA = Path(__file__).parent.parent / "tests" / "data"
TARGET = DATA / f"colophon-v{COLOPHON_SCHEMA}"
OTHER_TARGET = DATA / f"colophon-v{COLOPHON_SCHEMA}-other"
PAPER_TARGET = DATA / f"colophon-v{COLOPHON_SCHEMA}-paper"
SOUND_TARGET = DATA / f"colophon-v{COLOPHON_SCHEMA}-sound"


def picture() -> Picture:
    """A red dress on paper, 512 × 512, in flat colours so that the files stay small."""
    image = Image.new("RGB", (512, 512), "#f4efe4")
    draw = ImageDraw.Draw(image)
    draw.polygon([(210, 90), (302, 90), (312, 210), (400, 410), (112, 410), (200, 210)], fill="#b3262e")
    draw.rectangle((200, 205, 312, 222), fill="#5c0f14")
    return Picture(np.array(image))


def sound() -> Sound:
    """A fifth and its octave that die away, 0.2 s at 8 kHz."""
    at = np.arange(1600) / 8_000
    tones = sum(np.sin(2 * np.pi * pitch * at) for pitch in (220, 330, 440))
    return Sound((0.2 * tones * np.exp(-12 * at)).astype(np.float32)[None], 8_000)


def clip() -> Clip:
    """The dress moves to the right for two seconds, and is heard."""
    dress = picture().pixels
    return Clip(np.stack([np.roll(dress, 16 * step, axis=1) for step in range(6)]), 3.0, sound())


def page() -> Text:
    """Two lines with what HTML must escape."""
    return Text("A red dress & a <b>hat</b>.\n\n一条红裙子。", "en")


def score() -> Score:
    """Two bars in two tracks."""
    tune = [Note(0.5 * step, 0.5, 60 + step % 5, 80, 0) for step in range(8)]
    bass = [Note(2.0 * bar, 2.0, 36 + 7 * bar, 90, 1) for bar in range(2)]
    return Score((*tune, *bass), tempo=96.0, tracks=("flûte", "低音"))


def make(target: Path, drafts: Mapping[str, tuple[Media, Sequence[Format]]]) -> None:
    """Write a file golden.* in each format, what belongs beside it, root.pem and expected.json to ``target``.

    Args:
        target: A new folder.
        drafts: For each kind of work, one and its formats.
    """
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
        for kind, (media, rows) in drafts.items():
            for row in rows:
                work = finish(Draft(media, recipe, kind), home=home, media_type=row.media_type)
                name = f"golden{row.suffixes[0]}"
                export_work(work, target / name)
                expected[name] = {"sha256": work.sha256, "work": work.id, "created": work.created_at.isoformat()}
        (target / "root.pem").write_bytes(home.root_certificate.read_bytes())
    (target / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    if not TARGET.exists():
        make(TARGET, {"image": (picture(), PICTURES)})
    if not SOUND_TARGET.exists():
        make(SOUND_TARGET, {"sound": (sound(), SOUNDS)})
    if not OTHER_TARGET.exists():
        make(OTHER_TARGET, {"video": (clip(), CLIPS), "text": (page(), [HTML]), "music": (score(), SCORES)})
    if not PAPER_TARGET.exists():
        make(PAPER_TARGET, {"music": (score(), [PDF])})
