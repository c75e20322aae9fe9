"""Near-copies of training pictures: the fingerprints of a corpus, kept so that they are taken once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.files import sha256_bytes, write_atomic

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_SIZE_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class TrainingItem:
    """A picture of a corpus that one looks like. ``distance``: differing bits of 256; ``mirrored``: turned around."""

    corpus: str
    item: str
    distance: int
    mirrored: bool


def bare_glance(row: WorkRow, data: bytes, home: Home) -> Mapping[str, Any] | None:
    """What is seen of a picture without its label, which makes a small one quite another: by its master, or by the file
    where that is gone."""
    import numpy as np

    from luokuan.colophon.fingerprint import glance, picture
    from luokuan.media import Picture
    from luokuan.store.masters import Masters

    try:
        master = Masters(home).get(row.id, Picture)
    except UserError:
        master = None
    if not isinstance(master, Picture):
        return glance(data, row.media_type)
    found = picture.of_pixels(master.pixels)
    mirrored = picture.of_pixels(np.ascontiguousarray(master.pixels[:, ::-1]))
    bits = {"bits": found.bits.hex(), "mirrored": mirrored.bits.hex()}
    return {"kind": "picture", "quality": found.quality, **bits}


def nearest_item(glance: Mapping[str, Any], folder: Path, home: Home) -> TrainingItem | None:
    """The picture of a corpus that is nearest to what was seen of a work, within the threshold of fingerprints.

    Models learn from the middle square of a picture, so that this is compared as well as the whole.

    Args:
        glance: See ``colophon.fingerprint.glance``; of a picture.
        folder: The corpus.
        home: Where fingerprints are kept.
    """
    from luokuan.colophon.fingerprint.lookup import PDQ_DISTANCE, Scan

    rows = _fingerprints(folder, home)
    scan = Scan(4)
    owners = [name for name, several in rows for _bits in several]
    scan.add(b"".join(bits for _name, several in rows for bits in several))
    found = []
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


def _fingerprints(folder: Path, home: Home) -> list[tuple[str, list[bytes]]]:
    kept_at = home.cache / "rights" / f"{sha256_bytes(str(folder.resolve()).encode())[:16]}.json"
    kept = _kept(kept_at)
    rows: dict[str, dict[str, Any]] = {}
    for path in _pictures(folder):
        name, state = path.relative_to(folder).as_posix(), path.stat()
        seen = [state.st_size, state.st_mtime_ns]
        old = kept.get(name)
        rows[name] = old if old and old.get("seen") == seen else {"seen": seen, "bits": _bits_of(path)}
    if rows != kept:
        kept_at.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(kept_at, json.dumps(rows).encode())
    return [(name, [bytes.fromhex(bits) for bits in row["bits"]]) for name, row in rows.items()]


def _kept(path: Path) -> dict[str, dict[str, Any]]:
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # it can be made again
    return found if isinstance(found, dict) else {}


def _pictures(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _TYPES and path.is_file() and not path.is_symlink():
            yield path


def _bits_of(path: Path) -> list[str]:
    import numpy as np
    from PIL import Image

    from luokuan.colophon.fingerprint import picture
    from luokuan.colophon.fingerprint.base import QUALITY

    data = path.read_bytes()
    media_type = _TYPES[path.suffix.lower()]
    try:
        found = list(picture.fingerprints(data, media_type))
        size = picture.declared_size(data, media_type)
        if found and size is not None and size[0] != size[1]:
            with Image.open(path) as opened:
                side, (width, height) = min(opened.size), opened.size
                left, top = (width - side) // 2, (height - side) // 2
                square = opened.convert("RGB").crop((left, top, left + side, top + side))
                found.append(picture.of_pixels(np.asarray(square)))
    except Exception:  # what can't be decoded wasn't learnt from either
        return []
    return [one.bits.hex() for one in found if one.quality >= QUALITY["picture"]]
