"""Checkpoints: tensors in safetensors, the rest in JSON, in a folder that is whole or absent."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.files import new_folder, sha256_file
from luokuan.i18n import _
from luokuan.logs import get

_NAME = re.compile(r"step-(\d{10})")
KEEP = 2
"""Checkpoints kept: if a disk damages the newest, the one before it still serves."""


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as named tensors: ``{parameter}.{field}``."""
    return {
        f"{index}.{key}": value if isinstance(value, Tensor) else torch.tensor(value)
        for index, fields in optimiser.state_dict()["state"].items()
        for key, value in fields.items()
    }


def load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what ``optimiser_tensors`` took. Rates and momenta come from the schedule at each step."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    # Checkpoints hold plain tensors. The fused kernel walks weights and moments in the order of memory: moments of
    # weights in channels_last must lie that way too, or each weight would move by another one's moments.
    for parameter, values in optimiser.state.items():
        for key, value in values.items():
            if value.shape == parameter.shape:
                values[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def gather(modules: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]) -> dict[str, Tensor]:
    """All state as one flat mapping, copied off the device."""
    named = {f"module/{n}/{k}": v for n, m in modules.items() for k, v in m.state_dict().items()}
    named |= {f"optimiser/{n}/{k}": v for n, o in optimisers.items() for k, v in optimiser_tensors(o).items()}
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in named.items()}


def scatter(
    tensors: Mapping[str, Tensor],
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> None:
    """Put back what ``gather`` took.

    Raises:
        KeyError, RuntimeError: names or shapes differ from this run's networks.
    """

    def part(prefix: str) -> dict[str, Tensor]:
        return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}

    for name, module in modules.items():
        module.load_state_dict(part(f"module/{name}/"), strict=True)
    for name, optimiser in optimisers.items():
        load_optimiser(optimiser, part(f"optimiser/{name}/"))


def save(folder: Path, step: int, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> Path:
    """Write ``folder/step-NNNNNNNNNN`` atomically and drop all but the newest ``KEEP``.

    Raises:
        UserError: no room or no permission; earlier checkpoints are untouched.
    """
    from safetensors.torch import save_file

    target = folder / f"step-{step:010d}"
    with new_folder(target) as part:
        try:
            save_file(dict(tensors), part / "tensors.safetensors")
        except Exception as error:
            # safetensors hides the errno of a full disk in its message; let files.disk_errors name it.
            raise _as_os_error(error) from error
        record = {**state, "step": step, "sha256": sha256_file(part / "tensors.safetensors")}
        (part / "state.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    for old in saved(folder)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def _as_os_error(error: Exception) -> Exception:
    found = re.search(r"os error (\d+)", str(error))
    return OSError(int(found.group(1)), str(error)) if found else error


def saved(folder: Path) -> list[Path]:
    """Checkpoints in ``folder``, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(item for item in folder.iterdir() if _NAME.fullmatch(item.name) and item.is_dir())


def load_latest(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The newest checkpoint that is whole: (tensors, state); None when there is none at all.

    A damaged newer one is skipped with a warning.

    Raises:
        UserError: there are checkpoints, but none can be read.
    """
    found = saved(folder)
    for item in reversed(found):
        try:
            return _load(item)
        except (OSError, ValueError, KeyError, TypeError) as error:
            get("foundation.checkpoint").warning("damaged checkpoint skipped", path=str(item), why=str(error))
    if found:
        raise UserError(
            _("No checkpoint in {path} can be read.", path=folder),
            _("Start the run anew without --resume under another name."),
            code="training.checkpoint",
        )
    return None


def _load(item: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    state = json.loads((item / "state.json").read_text(encoding="utf-8"))
    path = item / "tensors.safetensors"
    if sha256_file(path) != state["sha256"]:
        raise ValueError("digest differs")
    try:
        return load_file(path), state
    except SafetensorError as error:
        raise ValueError(str(error)) from error
