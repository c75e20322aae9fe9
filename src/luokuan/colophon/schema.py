"""What a colophon says, and the version of the way in which it says it.

Files signed under an older version must verify forever: a change of meaning here needs a new ``COLOPHON_SCHEMA``,
new golden files in tests/data, and a reader that still knows the old one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from luokuan.media import Clip, Media, Picture, Score, Sound, Text

COLOPHON_SCHEMA = 1
"""Version of manifest, recipe and commitment."""

RECIPE_ASSERTION = "org.luokuan.recipe"
"""Label of our own C2PA assertion."""

LOG_ASSERTION = "org.luokuan.log"
"""Label of the one that names the transparency log: its ``origin``, and the ``key`` that verifies its checkpoints. The
entry's number isn't in it: the entry holds the hash of the signed file, and so comes after it."""

SALT_BYTES = 32


def package_versions() -> dict[str, str]:
    """Versions of the packages on which a draft's samples depend, by name; absent ones are left out."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    # Once: what is imported doesn't change any more, and ten files are looked for in each folder of the path.
    found = {}
    for name in (
        "luokuan",
        "torch",
        "numpy",
        "pillow",
        "transformers",
        "tokenizers",
        "symusic",
        "hibari-tts",
        "onnxruntime",
        "pypinyin",
    ):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a draft was made: the same recipe on equal versions and the same kind of CPU makes the same samples.

    It stays private in the home; the public manifest carries the model's name and digest, the licence and a
    salted commitment to the whole.

    Args:
        model: Name of the model.
        model_digest: SHA-256 of the model folder, 64 lower-case hexadecimal digits.
        brief: What was asked for, in words.
        parameters: Values of the sampler, JSON types only, finite.
        seed: Seed of the draft, ≥ 0.
        licence: Licence of the work (SPDX id or a name), or ``unknown``.
        corpus_digest: Digest of the material that the model was trained on, when known.
        versions: Versions of packages.
        draft_digest: SHA-256 of the draft's samples; ``finish`` fills it in.
        credit: Who is to be named with the work, as a licence asks; public.

    Raises:
        ValueError: the digest is no SHA-256, or model or licence are empty.
    """

    model: str
    model_digest: str
    brief: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    licence: str = "unknown"
    corpus_digest: str | None = None
    versions: Mapping[str, str] = field(default_factory=package_versions)
    draft_digest: str = ""
    credit: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.model_digest):
            raise ValueError("a model's digest is 64 lower-case hexadecimal digits")
        if not self.model or not self.licence:
            raise ValueError("a recipe names its model and its licence ('unknown' when nobody knows)")

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        values = {**asdict(self), "parameters": dict(self.parameters), "versions": dict(self.versions)}
        if not self.credit:
            del values["credit"]  # as before there was one: commitments stay what they were
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe from what ``to_dict`` gave."""
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Draft:
    """Samples that may not leave yet: only ``finish`` turns them into a work. ``kind``: such as ``image``."""

    media: Media
    recipe: Recipe
    kind: str = "image"


@dataclass(frozen=True, slots=True)
class Work:
    """A finished work: its final bytes and what the home knows about it.

    ``id``: 64 random bits as 16 hexadecimal digits. ``sha256``: of ``data``. ``label``: the explicit label's text.
    ``path``: where it was exported to, else None. ``created_at``: UTC. ``sidecars``: files that belong beside it, by
    what their names add to the work's (see ``formats.base``). ``proof``: that the home's log holds it, as
    the log was when the work was made; a newer one can be had at any time (``tlog.proof.prove_work``).
    """

    id: str
    kind: str
    data: bytes
    media_type: str
    sha256: str
    recipe: Recipe
    label: str
    commitment: str
    created_at: datetime
    path: Path | None = None
    sidecars: Mapping[str, bytes] = field(default_factory=dict)
    proof: bytes = b""


def new_work_id() -> str:
    """64 random bits as 16 lower-case hexadecimal digits."""
    return secrets.token_hex(8)


def new_salt() -> bytes:
    """A fresh salt for one commitment."""
    return secrets.token_bytes(SALT_BYTES)


def canonical_json(value: Any) -> bytes:
    """One byte string for one JSON value: sorted keys, no spaces, UTF-8, finite numbers only.

    Raises:
        ValueError: a number is not finite.
        TypeError: a value has no JSON form.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def commit(salt: bytes, recipe: Recipe) -> str:
    """Commitment SHA-256(salt ‖ canonical JSON of the recipe), 64 lower-case hexadecimal digits.

    The salt has a fixed length, so that no other (salt, recipe) gives the same input; it hides the recipe from
    guessing, because an unsalted hash of a short brief can be searched for.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(salt + canonical_json(recipe.to_dict())).hexdigest()


def opens(commitment: str, salt: bytes, recipe: Recipe) -> bool:
    """Whether (salt, recipe) is what ``commitment`` was made from."""
    return len(salt) == SALT_BYTES and hmac.compare_digest(commitment, commit(salt, recipe))


def samples_digest(media: Media) -> str:
    """SHA-256 over ``picture H W C`` and the samples in row order, over ``sound C N RATE`` and the samples channel by
    channel as little-endian float32, over ``text LANGUAGE`` and the text in UTF-8, over ``score`` and its values as
    JSON in ASCII, or over ``clip T H W FPS``, its frames one after the other, and its sound as above, if it has one; 64
    lower-case hexadecimal digits.

    Raises:
        TypeError: works of this kind can't be finished yet.
    """
    if isinstance(media, Picture):
        height, width, channels = media.pixels.shape
        digest = hashlib.sha256(f"picture {height} {width} {channels}\n".encode())
        digest.update(media.pixels.tobytes(order="C"))
        return digest.hexdigest()
    if isinstance(media, Sound):
        return hashlib.sha256(_sound_bytes(media)).hexdigest()
    if isinstance(media, Clip):
        count, height, width, _channels = media.frames.shape
        digest = hashlib.sha256(f"clip {count} {height} {width} {float(media.fps)!r}\n".encode())
        for frame in media.frames:  # one at a time: all of them may be most of the memory
            digest.update(frame.tobytes(order="C"))
        if media.sound is not None:
            digest.update(_sound_bytes(media.sound))
        return digest.hexdigest()
    if isinstance(media, Text):
        return hashlib.sha256(f"text {media.language}\n{media.text}".encode("utf-8", "surrogatepass")).hexdigest()
    if isinstance(media, Score):
        return hashlib.sha256(f"score\n{_score_json(media)}".encode("ascii")).hexdigest()
    raise TypeError(type(media).__name__)


def _sound_bytes(sound: Sound) -> bytes:
    channels, count = sound.samples.shape
    return f"sound {channels} {count} {sound.rate}\n".encode() + sound.samples.astype("<f4", copy=False).tobytes("C")


def _score_json(score: Score) -> str:
    notes = [
        [float(note.start), float(note.length), int(note.pitch), int(note.velocity), int(note.track)]
        for note in score.notes
    ]
    values = {"tempo": float(score.tempo), "tracks": list(score.tracks), "notice": score.notice, "notes": notes}
    if score.bar != 4.0:  # which older works don't know
        values["bar"] = float(score.bar)
    return json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
