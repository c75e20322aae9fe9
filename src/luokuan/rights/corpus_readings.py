"""What is known of each item of a corpus: fingerprints of pictures, of frames of clips and of sounds, features of
pictures, lines of scores. Each is read once, and kept in the home's cache for as long as the file stays as it was."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from luokuan.errors import UserError
from luokuan.files import sha256_bytes, write_atomic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.media import Score
    from luokuan.store.home import Home

What = Literal["picture", "clip", "sound", "feature", "score"]
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_MOVING = (".gif", ".apng", ".png", ".webp")
_CLIPS = {".mp4": "video/mp4", ".webm": "video/webm"}
_FRAMES = 32
"""Frames of a clip that are looked at, evenly spread."""
_SOUNDS = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg", ".m4a": "audio/mp4"}
_SCORES = (".mid", ".midi", ".json")
_SIZE_LIMIT = 256 << 20
_FILE_LIMIT = 256 << 20
"""Bytes of an item that is read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Which files are read, and how: to texts, none of which can be told from others are left out."""

    suffixes: tuple[str, ...]
    read: Callable[[Path], list[str]]


def readings(folder: Path, home: Home, what: What) -> list[tuple[str, list[str]]]:
    """Path inside the corpus and what was read, of each file of this kind."""
    reading = _READINGS[what]
    name = sha256_bytes(str(folder.resolve()).encode())[:16]
    kept_at = home.cache / "rights" / (f"{name}.json" if what == "picture" else f"{name}-{what}.json")
    kept, rows = _kept(kept_at), dict[str, dict[str, Any]]()
    for path in _files(folder, reading.suffixes):
        place, state = path.relative_to(folder).as_posix(), path.stat()
        seen = [state.st_size, state.st_mtime_ns]
        old = kept.get(place)
        rows[place] = old if old and old.get("seen") == seen else {"seen": seen, "bits": _safely(reading, path)}
    if rows != kept:
        kept_at.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(kept_at, json.dumps(rows, ensure_ascii=False).encode())
    return [(place, [str(bits) for bits in row["bits"]]) for place, row in rows.items()]


def has_any(folder: Path, what: What) -> bool:
    """Whether a corpus holds files of this kind."""
    return next(_files(folder, _READINGS[what].suffixes), None) is not None


def packed(features: NDArray[np.float32]) -> str:
    """A picture's features as text: scaled to length 1, and rounded to half precision, which is plenty."""
    import numpy as np

    length = float(np.linalg.norm(features))
    return base64.b64encode((features / length if length else features).astype("<f2").tobytes()).decode()


def unpacked(text: str) -> NDArray[np.float32]:
    """Features out of ``packed``."""
    import numpy as np

    return np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)


def features_of(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a picture shows, by the network with which samples are measured: (1280,)."""
    import numpy as np
    from PIL import Image

    from luokuan.models.evaluation.network import RESOLUTION, feature_network

    square = Image.fromarray(pixels).convert("RGB").resize((RESOLUTION, RESOLUTION), Image.Resampling.BILINEAR)
    found: NDArray[np.float32] = feature_network().features(np.asarray(square)[None])[0]
    return found


def _kept(path: Path) -> dict[str, dict[str, Any]]:
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}  # it can be made again
    return found if isinstance(found, dict) else {}


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and path.is_file() and not path.is_symlink():
            yield path


def _safely(reading: Reading, path: Path) -> list[str]:
    try:
        return reading.read(path) if path.stat().st_size <= _FILE_LIMIT else []
    except Exception:  # what can't be decoded wasn't learnt from either
        return []


def _picture(path: Path) -> list[str]:
    import numpy as np
    from PIL import Image

    from luokuan.colophon.fingerprint import picture
    from luokuan.colophon.fingerprint.base import QUALITY

    data = path.read_bytes()
    media_type = _PICTURES[path.suffix.lower()]
    found = list(picture.fingerprints(data, media_type))
    size = picture.declared_size(data, media_type)
    if found and size is not None and size[0] != size[1]:
        with Image.open(path) as opened:
            side, (width, height) = min(opened.size), opened.size
            left, top = (width - side) // 2, (height - side) // 2
            square = opened.convert("RGB").crop((left, top, left + side, top + side))
            found.append(picture.of_pixels(np.asarray(square)))
    return [one.bits.hex() for one in found if one.quality >= QUALITY["picture"]]


def _clip(path: Path) -> list[str]:
    """Frames of a film, an animation or a strip; of a picture none."""
    import numpy as np

    from luokuan.colophon.fingerprint import picture
    from luokuan.colophon.fingerprint.base import QUALITY

    if path.suffix.lower() in _CLIPS:
        from luokuan.colophon.footage import look

        frames = look(path.read_bytes(), _CLIPS[path.suffix.lower()], _FRAMES).frames
    else:
        from PIL import Image

        from luokuan.foundation.corpus.clipframes import read_clip

        with Image.open(path) as opened:
            sides = sorted(opened.size)
            if getattr(opened, "n_frames", 1) == 1 and (sides[0] == sides[1] or sides[1] % sides[0]):
                return []  # it needn't be decoded to know that
        frames = read_clip(path).frames
    places = sorted({round(float(at)) for at in np.linspace(0, len(frames) - 1, _FRAMES)})
    found = [picture.of_pixels(frames[place]) for place in places]
    return [one.bits.hex() for one in found if one.quality >= QUALITY["picture"]]


def _sound(path: Path) -> list[str]:
    from luokuan.colophon.fingerprint import sound
    from luokuan.colophon.fingerprint.base import QUALITY

    found = sound.fingerprints(path.read_bytes(), _SOUNDS[path.suffix.lower()]) or ()
    return [one.bits.hex() for one in found if one.quality >= QUALITY["sound"]]


def _feature(path: Path) -> list[str]:
    import numpy as np
    from PIL import Image

    with Image.open(path) as opened:
        return [packed(features_of(np.asarray(opened.convert("RGB"))))]


def _score(path: Path) -> list[str]:
    from luokuan.foundation.corpus.scores import open_scores
    from luokuan.rights.melodies import lines_of

    try:
        scores: list[Score] = [piece.score() for piece in open_scores(path).pieces]
    except UserError:
        return []  # a .json file of something else
    return [line for score in scores for line in lines_of(score)]


_READINGS: dict[What, Reading] = {
    "picture": Reading(tuple(_PICTURES), _picture),
    "clip": Reading((*_MOVING, *_CLIPS), _clip),
    "sound": Reading(tuple(_SOUNDS), _sound),
    "feature": Reading(tuple(_PICTURES), _feature),
    "score": Reading(_SCORES, _score),
}
