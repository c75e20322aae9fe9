"""Training of every family that the registry knows: saved from time to time, and resumed after whatever ended it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, field_validator, model_validator

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import starters
from luokuan.i18n import _
from luokuan.studio.jobs import owners
from luokuan.studio.jobs.kinds import Brief, Kind, register
from luokuan.studio.jobs.references import corpus_path

if TYPE_CHECKING:
    from luokuan.foundation.modelfolder import ModelFolder
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

PREVIEW_SECONDS = 2.0
_OURS = {"name", "home", "quiet", "resume", "corpus", "corpora"}
_WORD = re.compile(r"[^/\\\x00-\x1f]{0,200}")


class TrainingBrief(Brief):
    """What is to be trained.

    Args:
        name: Of the model.
        corpora: Names of corpora of the home.
        choices: Of the family's run, such as ``{"steps": 100, "size": 64}``; models are named, never given by path.
        resume: Go on with the stopped run of this name; it keeps its own choices.
    """

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    corpora: tuple[str, ...] = Field(min_length=1, max_length=16)
    choices: dict[str, bool | int | float | str | tuple[int | float | str, ...] | None] = Field(
        default_factory=dict, max_length=64
    )
    resume: bool = False

    @field_validator("choices")
    @classmethod
    def _no_paths(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Refuse what would name a folder or another machine."""
        for value in values.values():
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and not _WORD.fullmatch(text):
                    raise ValueError("a choice holds '/', '\\' or control characters, or is too long")
        if taken := sorted(_OURS & values.keys()):
            raise ValueError(f"{taken[0]} is no choice")
        return values

    @model_validator(mode="after")
    def _keeps_its_choices(self) -> Self:
        """Refuse new choices for an old run."""
        if self.resume and self.choices:
            raise ValueError("a resumed run keeps its own choices")
        return self


def check(brief: TrainingBrief, home: Home) -> None:
    """Refuse corpora that aren't there and names that are taken.

    Raises:
        UserError: so it is.
    """
    for name in brief.corpora:
        corpus_path(name, home)
    # A starter's name too: others would find the new model in its place.
    taken = (home.models / brief.name).exists() or (home.runs / brief.name).exists() or brief.name in starters()
    if taken and not brief.resume:
        raise UserError(
            _("The name '{name}' is taken.", name=brief.name),
            _("Choose another name, or resume its run."),
            code="training.name_taken",
            status=409,
        )


def run(context: Context, brief: TrainingBrief, *, family: str) -> dict[str, Any] | None:
    """Train, or go on where an earlier attempt was; None when it was asked to stop and has saved."""
    from luokuan.foundation.progress import watched
    from luokuan.foundation.runs import in_one_place
    from luokuan.models.registry import trainer

    home, seen = context.home, _Previews(context, brief.name)
    if context.again and (home.models / brief.name).is_dir():
        from luokuan.foundation.modelfolder import read_folder

        # The attempt before ended between saving and saying so.
        return _result(read_folder(home.models / brief.name))
    begun = (home.runs / brief.name / "run.json").is_file()
    resume = begun and (brief.resume or context.again)
    if brief.resume and not begun:
        raise UserError(
            _("There is no run named '{name}' to resume.", name=brief.name),
            _("Start it without resuming."),
            code="training.no_run",
        )
    if not begun and context.again:
        with in_one_place(home, brief.name):
            # Made and not yet written to: it would look like another's.
            shutil.rmtree(home.runs / brief.name, ignore_errors=True)
    choices: dict[str, Any] = {} if resume else dict(brief.choices)
    corpora = [corpus_path(name, home) for name in brief.corpora]
    try:
        with watched(seen.watch):
            folder = trainer(family)(corpora, name=brief.name, resume=resume, home=home, quiet=True, **choices)
        _count(context, brief.name)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        raise UserError(
            _("The family '{family}' has no such choice: {what}.", family=family, what=str(error).rpartition(" ")[2]),
            _("See `luokuan train {family} --help`.", family=family),
            code="training.option",
        ) from error
    if folder is None:
        context.check()
        return None
    seen.show()
    return _result(folder)


def _count(context: Context, name: str) -> None:
    """Count the bytes of the model and its run against its owner's quota."""
    places = (context.home.models / name, context.home.runs / name)
    size = sum(path.stat().st_size for place in places for path in place.rglob("*") if path.is_file())
    with context.database.write() as connection:
        owners.set_size(connection, name, size)


class _Previews:
    """Shows the newest preview that the run has written."""

    def __init__(self, context: Context, name: str) -> None:
        self.context, self.folder = context, context.home.runs / name / "previews"
        self._shown = ""
        self._looked = 0.0

    def watch(self, title: str, done: int, total: int, seconds_left: float | None) -> None:
        """As ``Context.watch``; it never ends the work, which is asked to save and end instead."""
        if self.context.dropped.is_set():
            return
        self.context.watch(title, done, total, seconds_left)
        if time.monotonic() - self._looked >= PREVIEW_SECONDS:
            self._looked = time.monotonic()
            self.show()

    def show(self) -> None:
        """Now."""
        found = sorted(path for path in self.folder.glob("step-*") if path.suffix in (".png", ".txt"))
        if found and found[-1].name != self._shown:
            self._shown = found[-1].name
            media_type = "image/png" if found[-1].suffix == ".png" else "text/plain"
            self.context.show(media_type, found[-1].read_bytes())


def _result(folder: ModelFolder) -> dict[str, Any]:
    record: Mapping[str, Any] = folder.training
    figures = {name: record[name] for name in ("steps", "items", "measured", "verdicts") if name in record}
    return {
        "model": folder.name,
        "digest": folder.digest,
        "family": folder.family,
        "licence": folder.licence,
        **figures,
    }


def _register() -> None:
    for family in ("gan", "codec", "prior", "upscaler", "vae", "plm", "seq2seq", "sound", "clip", "speech"):
        register(
            Kind(
                name=f"train.{family}",
                brief=TrainingBrief,
                run=partial(run, family=family),
                check=check,
                makes=lambda brief: f"model:{brief.name}",
                tries=5,
                seconds=None,
                stops=True,
            )
        )


_register()
