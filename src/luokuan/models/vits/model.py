"""A stranger's voice at rest and in use: a folder of transformers' VITS, loaded strictly."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import STORED, ModelFolder
from luokuan.i18n import _
from luokuan.models.vits.config import checked_config
from luokuan.models.vits.letters import Letters, read_letters

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 240.0
"""Seconds of the longest piece: what would be longer is no speech."""
_FLOATS = ("float32", "float16", "bfloat16", "float64")
_ALONE = threading.Lock()
"""Held while one of them speaks: all draw from PyTorch's own generator."""
_NORM = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
"""Weight normalisation as PyTorch names it, and as it did before 2.0, when most voices of the Hub were saved."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """``samples``: (samples,), float32, -1 to 1. ``ends``: (letters and blanks,), float64: the second at which each
    ends, the last one the length."""

    samples: NDArray[np.float32]
    ends: NDArray[np.float64]


class VitsVoice:
    """A loaded voice. It runs on the CPU in float32, and of all such voices one sentence at a time, so that equal
    seeds give equal sounds.

    Args:
        folder: Where it came from.
        network: transformers' ``VitsModel``, in eval mode.
        letters: What it reads.
    """

    def __init__(self, folder: ModelFolder, network: Any, letters: Letters) -> None:
        self.folder, self.network, self.letters = folder, network, letters

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> VitsVoice:
        """Load a folder whose config.json is that of a VITS of transformers: every tensor must be there, with its
        shape, and finite. Nothing is unpickled, and no code from the folder is run.

        Raises:
            UserError: sizes are out of bounds or don't fit the weights, tensors are missing, left over or not finite,
                it has several speakers, or its letters can't be read.
        """
        from transformers import VitsModel

        config = checked_config(folder)
        letters = read_letters(folder.path, config.vocab_size)
        with torch.device("meta"):  # nothing is filled yet, so nothing costs memory
            network = VitsModel(config)
        names = {name: _name_in(folder, name) for name in network.state_dict()}
        kinds = {own: folder.dtype(own) for own in names.values()}
        kinds = {own: kind if kind in _FLOATS else _FLOATS[0] for own, kind in kinds.items()}
        wanted = {names[name]: (tuple(value.shape), kinds[names[name]]) for name, value in network.state_dict().items()}
        if folder.stored:
            raise UserError(
                _("{path} asks for '{key}', which is not supported.", path=folder.path, key=STORED),
                _("Give a model whose weights are all in model.safetensors, and that needs no code of its own."),
                code="model.voice",
            )
        tensors = folder.tensors(wanted)
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        network.load_state_dict({name: tensors[own].float() for name, own in names.items()}, assign=True)
        return cls(folder, network.eval().requires_grad_(False), letters)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self.network.config.sampling_rate)

    @property
    def classes(self) -> tuple[str, ...]:
        """It knows none."""
        return ()

    def say(self, letters: str, *, rate: float = 1.0, seed: int = 0) -> Spoken:
        """Speak letters that it knows, at least one.

        Args:
            letters: Each of ``self.letters.numbers``.
            rate: How fast; 1: as config.json says. No letter and no blank is shorter than a frame.
            seed: Of the lengths and of the noise.

        Raises:
            UserError: it makes sounds of them that no speech has: without end, or not finite.
        """
        numbers = torch.tensor([self.letters.coded(letters)])
        pace = float(self.network.speaking_rate) * rate
        hop = int(np.prod(self.network.config.upsample_rates))
        frames: list[torch.Tensor] = []

        def note(_module: object, _given: object, logs: torch.Tensor) -> None:
            counts = torch.ceil(torch.exp(logs) * (1.0 / pace)).flatten()  # as VitsModel.forward counts them
            if not bool(torch.isfinite(counts).all()) or float(counts.sum()) * hop > LONGEST * self.rate:
                raise _Unspeakable
            frames.append(counts)

        with _ALONE, torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(seed % 2**63)
            handle = self.network.duration_predictor.register_forward_hook(note)
            try:
                found = self.network(numbers, speaking_rate=pace).waveform[0]
            except (RuntimeError, ValueError, _Unspeakable) as error:
                raise self._fails() from error
            finally:
                handle.remove()
        if not bool(torch.isfinite(found).all()):
            raise self._fails()
        ends = np.cumsum(frames[0].double().numpy()) * hop / self.rate
        return Spoken(found.numpy().astype(np.float32), np.minimum(ends, len(found) / self.rate))

    def _fails(self) -> UserError:
        return UserError(
            _("'{name}' makes nothing of this text that speech could be.", name=self.folder.name),
            _("Take another --seed or another model; this one may be damaged."),
            code="model.unspeakable",
        )


class _Unspeakable(Exception):
    """Lengths that no speech has."""


def _name_in(folder: ModelFolder, name: str) -> str:
    """How a tensor is called in the folder's file."""
    for now, before in _NORM.items():
        if name.endswith(now):
            older = name.removesuffix(now) + before
            return older if folder.dtype(older) else name
    return name
