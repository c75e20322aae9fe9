"""Sounds and clips that works are made of: of a work of this home its master, of anybody's file what a process with
limits has decoded."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, Frames, Sound

if TYPE_CHECKING:
    from luokuan.colophon.ingredients import Ingredient
    from luokuan.store.home import Home

# -P: the folder in which somebody happens to stand may hold a file named like a module of ours.
_COMMAND = [sys.executable, "-P", "-m", "luokuan.create.decoding_child"]
_MEMORY = 3 << 30
_CPU_SECONDS = 120
MOST_SAMPLES = 1 << 26
"""Samples of a sound, of all channels together; what is longer is cut."""
MOST_FRAMES = 1 << 31
"""Bytes of all frames of a clip."""
RATE = 48_000
"""Of the sound of a clip."""


def sound_of(ingredient: Ingredient, home: Home) -> Sound:
    """The sound of a file that was taken in: of a work of this home the one without label and watermark.

    Raises:
        UserError: it holds no sound, or can't be decoded.
    """
    from luokuan.colophon.formats import SOUNDS
    from luokuan.colophon.ingredients import master_of

    if ingredient.media_type not in {row.media_type for row in SOUNDS}:
        raise unusable(ingredient.title, _("it is no sound"))
    found = master_of(ingredient, home)
    if isinstance(found, Sound):
        return found
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="luokuan-") as folder:
        told = _decoded(ingredient, Path(folder), "sound", MOST_SAMPLES)
        samples = np.fromfile(Path(folder) / "out", "<f4").reshape(told["shape"])
    if not samples.size or not np.isfinite(samples).all():
        raise unusable(ingredient.title, _("it holds no samples that can be heard"))
    return Sound(samples.astype(np.float32, copy=False), told["rate"])


def clip_of(ingredient: Ingredient, home: Home, folder: Path) -> Clip:
    """The clip of a file that was taken in, likewise. Its frames lie in ``folder`` and are read one by one, so that
    folder must stay as long as the clip is used.

    Raises:
        UserError: it holds no clip, can't be decoded, or is too large.
    """
    from luokuan.colophon.footage import DEMUXERS
    from luokuan.colophon.ingredients import master_of

    if ingredient.media_type not in DEMUXERS:
        raise unusable(ingredient.title, _("it is no clip"))
    found = master_of(ingredient, home)
    if isinstance(found, Clip):
        return found
    import numpy as np

    told = _decoded(ingredient, folder, "clip", MOST_FRAMES)
    shape = (told["count"], *told["size"], 3)
    if not told["count"]:
        raise unusable(ingredient.title, _("it holds no frames"))
    stored = np.memmap(folder / "out", np.uint8, "r", shape=shape)
    sound = None
    if told["sound"]:
        heard = np.fromfile(folder / "out.sound", "<f4").reshape(-1, 2)
        sound = Sound(np.ascontiguousarray(np.nan_to_num(heard).T, np.float32), RATE)
    return Clip(Frames(shape, lambda place: np.array(stored[place])), told["fps"], sound)


def _decoded(ingredient: Ingredient, folder: Path, what: str, most: int) -> dict[str, Any]:
    from luokuan.foundation.child import Child

    (folder / "in").write_bytes(ingredient.data)
    asked = {"what": what, "path": str(folder / "in"), "out": str(folder / "out"), "media_type": ingredient.media_type,
             "most": most, "rate": RATE, "memory": _MEMORY, "seconds": _CPU_SECONDS}  # fmt: skip
    child = Child(_COMMAND)
    try:
        child.send(asked)
        line = child.answer(2.0 * _CPU_SECONDS)
    except TimeoutError:
        line = None
    finally:
        child.end()
    told: dict[str, Any] = {"problem": "crashed"} if line is None else json.loads(line)
    if told.get("problem") == "large":
        height, width = told["size"]
        raise unusable(
            ingredient.title,
            _("it has {count} frames of {width}×{height} pixels, too many", count=told["count"], width=width,
              height=height),
        )  # fmt: skip
    if "problem" in told:
        raise unusable(ingredient.title, _("its data is damaged or cut off"))
    return told


def unusable(title: str, why: str) -> UserError:
    """What is said of a file that nothing can be made of."""
    return UserError(
        _("{path} can't be used: {reason}.", path=title, reason=why),
        _("Give a whole file of a format that is known here."),
        code="create.like",
    )
