"""Models as this interface knows them: by their config alone, without loading or hashing anything."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from luokuan.foundation.foreign import family_of
from luokuan.foundation.hubcard import UNKNOWN, licence_of_card
from luokuan.foundation.modelfolder import (
    CARD,
    CONFIG,
    JSON_LIMIT,
    STARTERS,
    TRAINING,
    WEIGHTS,
    is_name,
    starters,
)
from luokuan.i18n import _
from luokuan.store import belongings
from luokuan.store.accounts import AccountRow
from luokuan.studio.access import principal
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.state import Studio, studio_of

SPEECH = "voices"
"""The model that speaks: the voices together."""
PRESENTER, STORYBOARD = "presenter", "storyboard"
"""Those that make videos: of a text, and of a storyboard."""
OF_KIND = ("gan/text", "gan/music", "vae/text", "vae/music", "plm/music")
"""Rows of ``models.registry.FAMILIES`` for one kind of a family; that module brings torch."""
SERVES: Mapping[str, tuple[str, ...]] = {
    "plm": ("chat/completions", "completions", "embeddings", "fine_tuning/jobs"),
    "vae/text": ("embeddings",),
    "gan": ("images/generations",),
    "vae": ("images/generations",),
    "prior": ("images/generations", "images/edits", "images/variations"),
    SPEECH: ("audio/speech",),
    PRESENTER: ("videos",),
    STORYBOARD: ("videos",),
}
"""What models of a family answer to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model.

    Args:
        name: How requests name it.
        path: Its folder; None: the voices, or what draws.
        family: Its row of ``models.registry.FAMILIES``.
        config: config.json.
        made_at: POSIX time.
        owner: ``luokuan`` (it came with it), ``home``, or the name of who asks.
    """

    name: str
    path: Path | None
    family: str
    config: Mapping[str, Any]
    made_at: int
    owner: str

    @property
    def serves(self) -> tuple[str, ...]:
        """What it answers to."""
        return SERVES.get(self.family, ())


_read: dict[Path, tuple[int, tuple[str, Mapping[str, Any]]]] = {}


def entries(studio: Studio, person: AccountRow) -> list[Entry]:
    """The models that ``person`` may use: those of the home, then the starters, then the voices."""
    home = studio.home
    kept = sorted(path.name for path in home.models.iterdir() if is_name(path.name) and path.is_dir())
    with studio.database.read() as connection:
        usable = belongings.usable(connection, "model", kept, person)
        rows = {row.name for row in belongings.rows_of(connection, "model", person)}
    found = [_entry(home.models / name, person.name if name in rows else "home") for name in usable]
    found += [_entry(STARTERS / name, "luokuan") for name in starters() if name not in kept]
    made_at = int(Path(__file__).stat().st_mtime)
    drawn = [Entry(name, None, name, {}, made_at, "luokuan") for name in (SPEECH, PRESENTER, STORYBOARD)]
    return [*(one for one in found if one is not None), *drawn]


def find_entry(request: Request, name: str, endpoint: str = "") -> Entry:
    """The model ``name``, which must serve ``endpoint`` if one is given.

    Raises:
        ApiError: there is none that this account may use (404), or it is of another kind.
    """
    known = entries(studio_of(request), principal(request).person)
    fit = [one.name for one in known if not endpoint or endpoint in one.serves]
    entry = next((one for one in known if one.name == name), None)
    if entry is None:
        near = difflib.get_close_matches(name.casefold(), [one.name for one in known], n=3, cutoff=0.4)
        raise ApiError(
            _("There is no model '{name}'.", name=name[:120]),
            _("Did you mean {names}?", names=", ".join(near))
            if near
            else _("Known models: {names}.", names=", ".join(fit) or "-"),
            code="model_not_found",
            status=404,
            param="model",
        )
    if endpoint and endpoint not in entry.serves:
        raise _unfit(name, fit)
    return entry


def _unfit(name: str, fit: Sequence[str]) -> ApiError:
    return ApiError(
        _("The model '{name}' can't do this.", name=name),
        _("Those that can: {names}.", names=", ".join(fit) or "-"),
        code="model_not_supported",
        param="model",
    )


def _entry(path: Path, owner: str) -> Entry | None:
    try:
        moment = (path / CONFIG).stat()
        (path / WEIGHTS).stat()
        if path not in _read or _read[path][0] != moment.st_mtime_ns:
            _read[path] = (moment.st_mtime_ns, _looked_at(path))
    except (OSError, ValueError, RecursionError):
        return None  # no model, or one that is being written or removed
    family, config = _read[path][1]
    return Entry(path.name, path, family, config, int(moment.st_mtime), owner)


def _looked_at(path: Path) -> tuple[str, Mapping[str, Any]]:
    if (path / CONFIG).stat().st_size > JSON_LIMIT:
        raise ValueError(path)
    config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise ValueError(path)
    family = family_of(config)
    row = f"{family}/{config.get('kind')}"
    return (row if row in OF_KIND else family), config


def licence_of(path: Path) -> str:
    """The licence of what it learnt from, by training.json; of a model that wasn't trained here the one of its card; or
    ``unknown``. As ``ModelFolder.licence`` says it, without reading the weights."""
    try:
        corpus = json.loads((path / TRAINING).read_text(encoding="utf-8")).get("corpus")
    except FileNotFoundError:
        corpus = None
    except (OSError, ValueError, AttributeError, RecursionError):
        return UNKNOWN
    return str(corpus.get("licence") or UNKNOWN) if isinstance(corpus, dict) else licence_of_card(path / CARD)
