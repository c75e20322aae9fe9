"""Kinds of material that a GAN learns. A new kind is one row here, and a module with its run and its ``prepare``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.models.kinds import Kind, prepare_kind
from luokuan.store.home import Home, open_home

KINDS: Mapping[str, Kind] = {
    "image": Kind("luokuan.models.gan.train", "GanRun"),
    "text": Kind("luokuan.models.gan.text.train", "TextGanRun"),
    "music": Kind("luokuan.models.gan.music.train", "MusicGanRun"),
}


def prepare(corpus: Path | str, *, resume: bool, home: Home, quiet: bool, **choices: Any) -> FamilyTraining[Any, Any]:
    """A run of the kind among ``choices`` (default: image), or of that with which the run ``name`` began.

    Raises:
        UserError: see ``prepare_kind``.
    """
    return prepare_kind("gan", KINDS, corpus, resume=resume, home=home, quiet=quiet, **choices)


def train_gan(
    corpus: Path | str,
    *,
    resume: bool = False,
    home: Home | None = None,
    quiet: bool = True,
    **choices: Any,
) -> ModelFolder | None:
    """Train a GAN (Python counterpart of ``luokuan train gan``).

    Args:
        corpus: Folder of pictures; of the kind text a folder of .txt, .md or .jsonl files, of the kind music
            one of .mid or .json files; or one such file.
        resume: Continue the run ``name``; other choices come from its start.
        home: Where runs and models are kept; default: the user's home.
        quiet: No progress.
        choices: Fields of ``GanRun``, with ``kind="text"`` of ``TextGanRun``, with ``"music"`` of ``MusicGanRun``;
            ``name`` is required.

    Returns:
        The model folder, or None when the run was stopped and can be resumed.

    Raises:
        UserError: see ``FamilyTraining``.
    """
    return prepare(corpus, resume=resume, home=home or open_home(), quiet=quiet, **choices).train(resume=resume)[1]
