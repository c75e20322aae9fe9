"""Families that learn several kinds of material: which module trains which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.foundation.family import FamilyTraining
from luokuan.foundation.runs import read_run
from luokuan.i18n import _
from luokuan.store.home import Home


@dataclass(frozen=True, slots=True)
class Kind:
    """``module`` has ``prepare(corpus, resume, home, quiet, **choices)`` and the dataclass ``run`` of its choices."""

    module: str
    run: str


def prepare_kind(
    family: str,
    kinds: Mapping[str, Kind],
    corpus: Path | str,
    *,
    resume: bool,
    home: Home,
    quiet: bool,
    **choices: Any,
) -> FamilyTraining[Any, Any]:
    """A run of the kind among ``choices`` (default: image), or of that with which the run ``name`` began.

    Args:
        family: Such as ``vae``.
        kinds: What it learns, by ``--kind``.
        resume: Take all choices but ``name`` from the run's record.

    Raises:
        UserError: there is no such kind, it has no such choice, or see ``FamilyTraining``.
    """
    name = choices["name"]
    chosen = read_run(home, name, family)["run"].get("kind", "image") if resume else choices.get("kind", "image")
    if chosen not in kinds:
        raise UserError(
            _("There is no kind '{kind}' of the family '{family}'.", kind=chosen, family=family),
            _("Known kinds: {kinds}.", kinds=", ".join(kinds)),
            code="training.kind",
        )
    kind = kinds[str(chosen)]
    module = import_module(kind.module)
    known = {field.name for field in fields(getattr(module, kind.run))}
    if "kind" not in known:  # such as of runs from before there were kinds
        choices.pop("kind", None)
    if strange := sorted(choices.keys() - known):
        option = "--" + strange[0].replace("_", "-")
        raise UserError(
            _("{option} has no say with {other}.", option=option, other=f"--kind {chosen}"),
            _("Leave one of them out."),
            code="training.option",
        )
    prepared: FamilyTraining[Any, Any] = module.prepare(corpus, resume=resume, home=home, quiet=quiet, **choices)
    return prepared
