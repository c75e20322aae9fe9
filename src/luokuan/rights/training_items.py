"""Near-copies of training pictures and of frames of training clips, by fingerprints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.rights.corpus_readings import readings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow


@dataclass(frozen=True, slots=True)
class TrainingItem:
    """A picture or clip of a corpus that one looks like. ``distance``: differing bits of 256; ``mirrored``: turned
    around."""

    corpus: str
    item: str
    distance: int
    mirrored: bool


def bare_glance(row: WorkRow, data: bytes, home: Home) -> Mapping[str, Any] | None:
    """What is seen of a picture without its label, which makes a small one quite another: by its master, or by the file
    where that is gone."""
    from luokuan.colophon.fingerprint import glance
    from luokuan.media import Picture
    from luokuan.store.masters import Masters

    try:
        master = Masters(home).get(row.id, Picture)
    except UserError:
        master = None
    if not isinstance(master, Picture):
        return glance(data, row.media_type)
    return seen_of(master.pixels)


def seen_of(pixels: NDArray[np.uint8]) -> Mapping[str, Any]:
    """What is seen of a picture or a frame, as ``colophon.fingerprint.glance`` says it.

    Args:
        pixels: uint8 (H, W, 3|4).
    """
    import numpy as np

    from luokuan.colophon.fingerprint import picture

    found = picture.of_pixels(pixels)
    mirrored = picture.of_pixels(np.ascontiguousarray(pixels[:, ::-1]))
    bits = {"bits": found.bits.hex(), "mirrored": mirrored.bits.hex()}
    return {"kind": "picture", "quality": found.quality, **bits}


def nearest_item(glance: Mapping[str, Any], folder: Path, home: Home) -> TrainingItem | None:
    """The picture or clip of a corpus that is nearest to what was seen of a work, within the threshold of fingerprints.

    Models learn from the middle square of a picture, so that this is compared as well as the whole.

    Args:
        glance: See ``colophon.fingerprint.glance``; of a picture.
        folder: The corpus.
        home: Where fingerprints are kept.
    """
    return nearest_of([glance], folder, home)


def nearest_of(glances: Sequence[Mapping[str, Any]], folder: Path, home: Home) -> TrainingItem | None:
    """As ``nearest_item``, of several glances; frames of a corpus' clips count as its pictures do."""
    from luokuan.colophon.fingerprint.lookup import PDQ_DISTANCE, Scan

    kept = [*readings(folder, home, "picture"), *readings(folder, home, "clip")]
    rows = [(name, [bytes.fromhex(bits) for bits in several]) for name, several in kept]
    scan = Scan(4)
    owners = [name for name, several in rows for _bits in several]
    scan.add(b"".join(bits for _name, several in rows for bits in several))
    found = []
    for glance in glances:
        for key, mirrored in (("bits", False), ("mirrored", True)):
            near = scan.near(bytes.fromhex(glance[key]), PDQ_DISTANCE)
            found += [TrainingItem(folder.name, owners[one.place], one.distance, mirrored) for one in near[:1]]
    return min(found, key=lambda one: (one.distance, one.mirrored), default=None)


def corpora_called(titles: Sequence[str], home: Home) -> list[Path]:
    """Folders of the home's corpora whose card has one of these titles."""
    from luokuan.foundation.corpus.card import read_card

    found = []
    wanted = {part.strip() for title in titles for part in (title, *title.split(";"))}
    place = home.path / "corpora"
    for folder in sorted(place.iterdir()) if place.is_dir() else ():
        try:
            card = read_card(folder) if folder.is_dir() else None
        except UserError:
            continue  # a card that can't be read names nothing
        if card is not None and card.title in wanted:
            found.append(folder)
    return found
