"""Make docs/images/short.png: sixteen frames of the short in examples/storyboard.yaml, as a labelled work.

    python scripts/make_short_sheet.py

It draws the short, some 30 s, and takes minutes; run again when the example or the drawing changes.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Draft
from luokuan.create.shorts.drafts import draft_video
from luokuan.create.shorts.sources import beside
from luokuan.create.shorts.storyboard import read_storyboard
from luokuan.media import Clip, Picture
from luokuan.store.home import open_home

ROOT = Path(__file__).parent.parent
BOARD, TARGET = ROOT / "examples/storyboard.yaml", ROOT / "docs/images/short.png"
COLUMNS, ROWS, WIDTH = 4, 4, 320


def main() -> None:
    """Draw the short, lay frames of it side by side, finish the sheet in a home of its own and write it."""
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder) / "home")
        board = read_storyboard(BOARD)
        draft, _larder = draft_video(board, sources=beside(BOARD.parent, home))
        assert isinstance(draft.media, Clip)
        frames = draft.media.frames
        count, height, width, _channels = frames.shape
        size = (WIDTH, round(WIDTH * height / width))
        places = np.linspace(0.03 * count, 0.96 * count, COLUMNS * ROWS).round().astype(int)
        small = [np.asarray(Image.fromarray(frames[int(place)]).resize(size, Image.Resampling.LANCZOS))
                 for place in places]  # fmt: skip
        rows = [np.concatenate(small[at : at + COLUMNS], axis=1) for at in range(0, len(small), COLUMNS)]
        recipe = replace(draft.recipe, parameters={**draft.recipe.parameters, "shown": places.tolist()})
        work = finish(Draft(Picture(np.concatenate(rows)), recipe), home=home)
        print(export_work(work, TARGET).path)


if __name__ == "__main__":
    main()
