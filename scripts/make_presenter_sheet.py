"""Make docs/images/presenters.webp: twelve drawn presenters in twelve poses, by their seeds, as a labelled work.

    python scripts/make_presenter_sheet.py

Run again when the drawing changes.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np

from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Draft, Recipe
from luokuan.create.presenters.drafts import RIG
from luokuan.create.presenters.figure import Figure
from luokuan.create.presenters.grounds import colour_of, coloured
from luokuan.create.presenters.looks import look_of
from luokuan.create.presenters.poses import Pose
from luokuan.media import Picture
from luokuan.store.home import open_home

TARGET = Path(__file__).parent.parent / "docs/images/presenters.webp"
SEEDS = (12, 5, 17, 3, 9, 22, 14, 30, 21, 18, 20, 8)
SIDE, COLUMNS = 320, 4
POSES = (
    Pose(),
    Pose(open=0.9, teeth=0.5, smile=0.2, brows=0.6),
    Pose(open=0.36, wide=-1.0, smile=0.2, yaw=0.8, roll=0.6),
    Pose(open=0.4, wide=0.9, teeth=0.8, smile=0.4, yaw=-0.8),
    Pose(blink=1.0),
    Pose(open=0.12, tuck=1.0, teeth=1.0, smile=0.2),
)


def main() -> None:
    """Draw the sheet, finish it in a home of its own and write it."""
    drawn = []
    for place, seed in enumerate(SEEDS):
        ground = coloured((SIDE, SIDE), colour_of("", seed))
        drawn.append(Figure(look_of({}, seed), ground).frame(POSES[place % len(POSES)]))
    rows = [np.concatenate(drawn[at : at + COLUMNS], axis=1) for at in range(0, len(drawn), COLUMNS)]
    recipe = Recipe(
        model="presenter",
        model_digest=hashlib.sha256(RIG.encode()).hexdigest(),
        parameters={"seeds": list(SEEDS)},
        licence="Apache-2.0",
    )
    with tempfile.TemporaryDirectory() as folder:
        draft = Draft(Picture(np.concatenate(rows)), recipe)
        work = finish(draft, home=open_home(Path(folder) / "home"), media_type="image/webp")
        print(export_work(work, TARGET).path)


if __name__ == "__main__":
    main()
