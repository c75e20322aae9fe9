"""What the studio shows of models, without loading any: a card each, read once and again only when its files change."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import (
    FILES,
    SHEETS,
    STARTERS,
    ModelFolder,
    is_name,
    read_folder,
    starters,
)
from luokuan.store import belongings
from luokuan.store.accounts import AccountRow
from luokuan.store.home import Home
from luokuan.studio.jobs.kinds import Kind
from luokuan.studio.state import Studio

OWN_ROWS = ("gan/music", "gan/text", "vae/text", "vae/music", "plm/music")
"""Families whose kind makes something else than the rest of the family: rows of their own in
``models.registry.FAMILIES``, which isn't imported here because it brings torch."""
TOOLS = ("codec", "upscaler")
"""Families that make nothing by themselves, as there."""
SAMPLE = (320, 240)
"""Largest sides of what is shown of a sheet of samples, in pixels."""
_Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model at a glance.

    Args:
        name: How briefs name it.
        path: Its folder.
        family: Its row of ``models.registry.FAMILIES``.
        licence: SPDX id of the licence of what it learnt from, or ``unknown``.
        digest: SHA-256 of the folder.
        megabytes: Of its weights.
        starter: Whether it came with Luokuan.
        sheet: Name of its sheet of samples, or empty.
        words: What it can be asked for: classes, or names of attributes; empty where it says nothing.
    """

    name: str
    path: Path
    family: str
    licence: str
    digest: str
    megabytes: float
    starter: bool
    sheet: str
    words: tuple[str, ...]

    def fits(self, kind: Kind[Any]) -> bool:
        """Whether jobs of ``kind`` can work with it."""
        if not kind.models or "model" not in kind.brief.model_fields:
            return False
        return self.family in kind.families if kind.families else self.family not in TOOLS

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "family": self.family,
            "licence": self.licence,
            "digest": self.digest,
            "megabytes": self.megabytes,
            "starter": self.starter,
            "words": list(self.words),
        }


_known: dict[Path, tuple[_Signature, ModelCard | None]] = {}


def visible_models(studio: Studio, person: AccountRow) -> list[ModelCard]:
    """The models that somebody may use: those of the home that are theirs or everybody's, then the starters."""
    cards = all_models(studio.home)
    with studio.database.read() as connection:
        mine = set(belongings.usable(connection, "model", [card.name for card in cards if not card.starter], person))
    return [card for card in cards if card.starter or card.name in mine]


def all_models(home: Home) -> list[ModelCard]:
    """Those of the home, then starters whose name the home hasn't taken. Folders that can't be read are left out."""
    own = [path for path in sorted(home.models.iterdir()) if is_name(path.name) and path.is_dir()]
    taken = {path.name for path in own}
    found = (_card(path) for path in (*own, *(STARTERS / name for name in starters() if name not in taken)))
    return [card for card in found if card is not None]


def visible_model(studio: Studio, person: AccountRow, name: str) -> ModelCard | None:
    """The model of this name, if somebody may use it; without looking at all others, as ``visible_models`` does."""
    if not is_name(name):
        return None
    path = studio.home.models / name
    if not path.is_dir():
        return _card(STARTERS / name) if name in starters() else None
    with studio.database.read() as connection:
        usable = belongings.may_use(connection, "model", name, person)
    return _card(path) if usable else None


def fitting(cards: Sequence[ModelCard], families: Sequence[str]) -> list[ModelCard]:
    """Those of these families."""
    return [card for card in cards if card.family in families]


@lru_cache(maxsize=64)
def sample_of(card: ModelCard) -> bytes:
    """The upper left of a model's sheet of samples as a small WebP picture."""
    from PIL import Image

    with Image.open(card.path / card.sheet) as sheet:
        side = min(sheet.width, sheet.height) // 2
        part = sheet.crop((0, 0, side, side * 3 // 4)).convert("RGB")
    part.thumbnail(SAMPLE, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    part.save(out, "WEBP", quality=80)
    return out.getvalue()


def _card(path: Path) -> ModelCard | None:
    try:
        signature = tuple((entry.name, entry.stat().st_mtime_ns, entry.stat().st_size)
                          for entry in sorted(path.iterdir()) if entry.name in (*FILES, *SHEETS))  # fmt: skip
        if path not in _known or _known[path][0] != signature:
            _known[path] = (signature, _read(path))
        return _known[path][1]
    except OSError:
        return None  # it is being written, or removed


def _read(path: Path) -> ModelCard | None:
    try:
        folder = read_folder(path)
    except UserError:
        return None
    return ModelCard(
        name=folder.name,
        path=path,
        family=_family(folder),
        licence=folder.licence,
        digest=folder.digest,
        megabytes=round(folder.megabytes, 2),
        starter=path.parent == STARTERS,
        sheet=folder.sheet.name if folder.sheet else "",
        words=_words(folder.config.get("classes")) or _words(folder.config.get("attributes")),
    )


def _words(said: object) -> tuple[str, ...]:
    """A list of the config, or the names of a table; nothing of what is neither."""
    return tuple(str(word) for word in said) if isinstance(said, list | dict) else ()


def _family(folder: ModelFolder) -> str:
    of_kind = f"{folder.family}/{folder.config.get('kind')}"
    return of_kind if of_kind in OWN_ROWS else folder.family
