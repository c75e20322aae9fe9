"""Models that somebody may use: their own, those of the home, and starters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from luokuan.errors import UserError
from luokuan.foundation.foreign import family_of
from luokuan.foundation.hubcard import licence_of_card
from luokuan.foundation.modelfolder import (
    CARD,
    CONFIG,
    STARTERS,
    TRAINING,
    is_name,
    sheet_of,
    starters,
)
from luokuan.i18n import _
from luokuan.store import belongings
from luokuan.store.jobs import live_briefs
from luokuan.studio.access import principal
from luokuan.studio.errors import missing
from luokuan.studio.jobs.owners import models_in
from luokuan.studio.state import address_of, studio_of
from luokuan.studio.training.runs import remove_run

_LIMIT = 4 << 20
"""Bytes of a file that are read."""


@dataclass(frozen=True, slots=True)
class ModelHere:
    """A model as a page shows it. ``own``: whether the reader may remove it; ``starter``: whether it came with Luokuan.
    Its weights aren't read here; who loads it does that strictly."""

    name: str
    folder: Path
    own: bool
    starter: bool
    config: Mapping[str, Any]
    training: Mapping[str, Any]

    @property
    def family(self) -> str:
        """Such as ``gan``; of models of transformers what they do."""
        return family_of(self.config)

    @property
    def choices(self) -> Mapping[str, Any]:
        """With what it was trained."""
        found = self.training.get("run")
        kind = self.config.get("kind")
        return {**({"kind": kind} if kind else {}), **(found if isinstance(found, dict) else {})}

    @property
    def licence(self) -> str:
        """As works of it carry it."""
        corpus = self.corpus
        return str(corpus.get("licence") or "unknown") if corpus else licence_of_card(self.folder / CARD)

    @property
    def corpus(self) -> Mapping[str, Any]:
        """What its record says of its material."""
        found = self.training.get("corpus")
        return found if isinstance(found, dict) else {}

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())

    @property
    def card(self) -> str:
        """README.md as it stands there, without its head for the Hub; empty where there is none."""
        try:
            text = (self.folder / CARD).read_bytes()[:_LIMIT].decode("utf-8", "replace")
        except OSError:
            return ""
        if text.startswith("---\n") and (end := text.find("\n---\n", 4)) > 0:
            text = text[end + 5 :]
        return text.strip()

    @property
    def sheet(self) -> Path | None:
        """A sheet of samples, if there is one."""
        return sheet_of(self.folder)

    @property
    def classes(self) -> list[str]:
        """Classes that it tells apart."""
        found = self.config.get("classes")
        return [str(name) for name in found] if isinstance(found, list) else []


def models_of(request: Request) -> list[ModelHere]:
    """All that the reader may use: their own first, then the home's, then starters."""
    studio, person = studio_of(request), principal(request).person
    names = sorted(path.name for path in studio.home.models.iterdir() if is_name(path.name) and path.is_dir())
    with studio.database.read() as connection:
        usable = belongings.usable(connection, "model", names, person)
        own = set(belongings.own(connection, "model", names, person))
    here = [_read(studio.home.models / name, own=name in own, starter=False) for name in usable]
    shipped = [_read(STARTERS / name, own=False, starter=True) for name in starters() if name not in names]
    return [*sorted(here, key=lambda model: not model.own), *shipped]


def find_model(request: Request, name: str) -> ModelHere:
    """The model of this name, if the reader may use it.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    studio, person = studio_of(request), principal(request).person
    if not is_name(name):
        raise missing()
    with studio.database.read() as connection:
        may = belongings.may_use(connection, "model", name, person)
        own = belongings.is_own(connection, "model", name, person)
    if may and (studio.home.models / name).is_dir():
        return _read(studio.home.models / name, own=own, starter=False)
    if (studio.home.models / name).is_dir() or name not in starters():
        raise missing()
    return _read(STARTERS / name, own=False, starter=True)


def own_model(request: Request, name: str) -> ModelHere:
    """The model of this name, if the reader may remove it.

    Raises:
        UserError: there is none, or it is another's (404).
    """
    model = find_model(request, name)
    if not model.own:
        raise missing()
    return model


def remove_own_model(request: Request, name: str) -> None:
    """Remove a model that is the reader's, with its run; works that it made stay.

    Raises:
        UserError: there is none (404), or it is at work or being trained (409).
    """
    studio, person = studio_of(request), principal(request).person
    own_model(request, name)
    with studio.database.read() as connection:
        busy = any(name in models_in(brief) for brief in connection.execute(live_briefs()).scalars())
    if busy:
        raise UserError(
            _("A job works with '{name}' just now.", name=name),
            _("Wait for it, or cancel it."),
            code="conflict",
            status=409,
        )
    remove_run(studio.database, studio.home, name, person.id, address=address_of(request))


def _read(folder: Path, *, own: bool, starter: bool) -> ModelHere:
    return ModelHere(folder.name, folder, own, starter, _json(folder / CONFIG), _json(folder / TRAINING))


def _json(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            found = json.loads(stream.read(_LIMIT))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
