"""Models that people bring: which files of an archive are taken, and what must hold before it counts as a model.

Runs in a child process, because whoever packed the archive may have written anything into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from luokuan.errors import UserError
from luokuan.files import write_atomic
from luokuan.foundation.hubcard import UNKNOWN, licence_of_card, with_licence
from luokuan.foundation.modelfolder import CARD, CONFIG, FILES, WEIGHTS, ModelFolder, read_folder
from luokuan.foundation.pickles import PICKLES, refused_pickle
from luokuan.foundation.weightshards import INDEX, SHARD, join_shards
from luokuan.i18n import _

CODE = (".py", ".pyc", ".so", ".dll", ".dylib", ".sh", ".exe")
"""Endings of programs: models of the Hub bring them where transformers doesn't know how to compute them."""
NO_LICENCE = "model.licence"
"""Code of the error that asks for one."""
_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
_NUMBER = 1e300
"""Beyond it are infinity and numbers that no float holds; transformers writes 1e30 for "no limit"."""
_TEXTS = ("title", "licence", "credit", "digest")


def model_files(paths: Sequence[PurePosixPath]) -> dict[PurePosixPath, Path]:
    """What a model is made of: of the folder that holds a config.json, the uppermost one, what the loaders read,
    and where the weights come in several files these with their index. Sheets of samples are left out: of what others
    have drawn nothing is served.

    Raises:
        UserError: there is none, or there are pickles or programs anywhere.
    """
    for path in paths:
        if path.suffix.lower() in PICKLES:
            raise refused_pickle(_("The archive"), path.name)
        if path.suffix.lower() in CODE:
            raise _code(path.name)
    folders = [path.parent for path in paths if path.name == CONFIG]
    if not folders:
        raise UserError(
            _("The archive holds no model: there is no config.json."),
            _("Pack a folder with config.json, model.safetensors and README.md. Nothing was kept."),
            code="upload.empty",
            status=422,
        )
    folder = min(folders, key=lambda one: (len(one.parts), str(one)))
    inside = {path: Path(path.name) for path in paths if path.parent == folder}
    several = Path(WEIGHTS) not in inside.values()

    def is_taken(name: str) -> bool:
        return name in FILES or (several and (name == INDEX or SHARD.fullmatch(name) is not None))

    return {path: place for path, place in inside.items() if is_taken(place.name)}


def take_model(folder: Path, licence: str) -> ModelFolder:
    """Look through an unpacked model, and load it once, strictly. Weights in several files become one.

    Args:
        licence: Under which its owner says to have it, if its card names none; ``unknown`` is an answer too.

    Raises:
        UserError: it is no model, wants to run code, is of a family that this version doesn't know, its weights don't
            fit its config, or nobody says its licence (``NO_LICENCE``).
    """
    from luokuan.models.registry import loaded

    join_shards(folder)
    found = read_folder(folder)
    for path in sorted(folder.glob("*.json")):
        _check_json(path)
    _check_record(found.training)
    if "corpus" not in found.training and licence_of_card(folder / CARD) == UNKNOWN:
        _write_licence(folder / CARD, licence)
        found = read_folder(folder)
    loaded(found)
    return found


def _check_json(path: Path) -> None:
    try:
        said = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _damaged(path.name, _("it is not JSON ({why})", why=type(error).__name__)) from error
    if isinstance(said, dict) and (said.get("auto_map") or said.get("trust_remote_code")):
        raise _code(path.name)
    if not _is_plain(said):
        raise _damaged(path.name, _("it holds numbers that are none, or is too deep"))


def _is_plain(said: Any, depth: int = 0) -> bool:
    if depth > 60:
        return False
    if isinstance(said, dict):
        return all(_is_plain(one, depth + 1) for one in said.values())
    if isinstance(said, list):
        return all(_is_plain(one, depth + 1) for one in said)
    return not isinstance(said, int | float) or -_NUMBER < said < _NUMBER


def _check_record(training: Mapping[str, Any]) -> None:
    """The studio shows what training.json says, and works carry its licence and credit."""
    corpus = training.get("corpus", {})
    steps, measured, verdicts = (training.get(key, usual) for key, usual in
                                 (("steps", 0), ("measured", {}), ("verdicts", [])))  # fmt: skip
    texts = [corpus.get(key) or "" for key in _TEXTS] if isinstance(corpus, dict) else [None]
    fine = (
        all(isinstance(text, str) and len(text) < 4000 for text in texts)
        and isinstance(steps, int)
        and isinstance(measured, dict)
        and isinstance(verdicts, list)
        and all(isinstance(sentence, str) for sentence in verdicts)
    )
    if not fine:
        raise _damaged("training.json", _("it is no record of a training of ours"))


def _write_licence(card: Path, licence: str) -> None:
    if not licence:
        raise UserError(
            _("The model's card names no licence."),
            _("Choose the one under which you have the model, and go on."),
            code=NO_LICENCE,
            status=422,
        )
    if not _LICENCE.fullmatch(licence):
        raise UserError(
            _("'{text}' is no identifier of a licence.", text=licence[:40]),
            _("Choose one of the list, or type one of SPDX, such as Apache-2.0."),
            code=NO_LICENCE,
            status=422,
        )
    if licence != UNKNOWN:
        text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
        write_atomic(card, with_licence(text, licence).encode())


def _code(file: str) -> UserError:
    return UserError(
        _("The model brings a program of its own ({file}), which is never run here.", file=file),
        _("Take a model that transformers or Luokuan can compute without one. Nothing was kept."),
        code="model.code",
        status=422,
    )


def _damaged(file: str, why: str) -> UserError:
    return UserError(
        _("{path} is damaged: {why}.", path=file, why=why),
        _("Take another copy of the model, or train it again."),
        code="model.damaged",
        status=422,
    )
