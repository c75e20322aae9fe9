"""A trained model of sound effects: strict loading, sounds of any length, codec alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.prior.networks import Prior
from luokuan.models.prior.sampling import Given, Manner, draw, numbers_needed
from luokuan.models.sound.classifier import mel_frames
from luokuan.models.sound.config import LEAST_CLIPS, SoundConfig
from luokuan.models.sound.networks import Codec

STORED = "float16"
OVERLAP = 16
"""Cells that the decoder hears beyond both ends of a piece that is decoded by itself."""
PIECE = 256
"""Cells that are decoded at once: memory stays the same for sounds of any length."""


def weights_of(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Tensors as they are stored: ``codec.*`` and ``prior.*`` in float16."""
    named = {f"{prefix}.{name}": value for prefix, module in modules.items() for name, value in
             module.state_dict().items()}  # fmt: skip
    return {name: value.detach().cpu().half().contiguous() for name, value in named.items()}


def expected_tensors(config: SoundConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        modules = {"codec": Codec(config), "prior": Prior(config.prior)}
        found = {f"{prefix}.{k}": v for prefix, module in modules.items() for k, v in module.state_dict().items()}
    return {name: (tuple(value.shape), STORED) for name, value in found.items()}


class SoundModel:
    """Codec and prior, ready to use. Runs in float32, so that equal seeds give equal sounds on CPUs with and without
    bfloat16; one sound at a time, so that none depends on its neighbours."""

    usual_temperature = 0.95
    """At which its sounds are seldom failures and still differ."""
    usual_guidance = 3.0
    """At which they mostly are what was asked for."""

    def __init__(self, folder: ModelFolder, config: SoundConfig, codec: Codec, prior: Prior) -> None:
        self.folder, self.config, self.device = folder, config, machine().device
        self.codec = codec.eval().requires_grad_(False).to(self.device)
        self.prior = prior.eval().requires_grad_(False).to(self.device)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> SoundModel:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen or not finite.
        """
        config = strict_config(SoundConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        modules = {"codec": Codec(config), "prior": Prior(config.prior)}
        for prefix, module in modules.items():
            own = {name.removeprefix(f"{prefix}."): value.float() for name, value in tensors.items()
                   if name.startswith(f"{prefix}.")}  # fmt: skip
            module.load_state_dict(own, strict=True)
        codec, prior = modules["codec"], modules["prior"]
        assert isinstance(codec, Codec)
        assert isinstance(prior, Prior)
        return cls(folder, config, codec, prior)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its categories."""
        return self.config.classes

    def few(self, label: int) -> bool:
        """Whether so few clips of the category were learnt that what comes is nearly a copy of one of them."""
        return self.config.clips[label] < LEAST_CLIPS

    @torch.no_grad()
    def tokens(
        self,
        cells: int,
        *,
        label: int | None,
        seed: int,
        temperature: float | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.int64]:
        """Draw a sound of ``cells`` cells, int64 (cells, C); a shorter one is the beginning of a longer one.

        What is longer than the prior's window is drawn window by window, each going on from the last half of the one
        before.

        Args:
            label: Index of a category; None: any.
            seed: Of all that is random.
            temperature: Divides the logits; None: what is usual.
            guidance: How strongly the category draws; 1 is as learnt; None: what is usual.
        """
        window = self.config.cells
        manner = Manner(
            temperature=self.usual_temperature if temperature is None else temperature,
            guidance=1.0 if label is None else self.usual_guidance if guidance is None else guidance,
        )
        prefix = torch.tensor([[0 if label is None else label + 1]], device=self.device)
        found: NDArray[np.int64] = np.empty((0, len(self.config.levels)), dtype=np.int64)
        kept = window // 2
        while len(found) < cells:
            number = 0 if not len(found) else 1 + (len(found) - window) // (window - kept)
            stream = np.random.default_rng(mix_seed(seed, "tokens", number))
            shape = (1, *numbers_needed(self.prior, manner))
            uniforms = torch.from_numpy(stream.random(shape)).to(self.device)
            given = None
            if len(found):
                known = np.zeros((window, found.shape[1]), dtype=np.int64)
                known[:kept] = found[-kept:]
                mask = torch.arange(window)[None] < kept
                given = Given(torch.from_numpy(known)[None].to(self.device), mask.to(self.device))
            drawn = draw(self.prior, prefix, uniforms, manner, given)[0].cpu().numpy()
            found = np.concatenate([found, drawn[kept if given is not None else 0 :]])
        return found[:cells]

    @torch.no_grad()
    def first_windows(self, labels: Sequence[int | None], seeds: Sequence[int]) -> NDArray[np.int64]:
        """The first window of several sounds, drawn together: much quicker than ``tokens`` for each, and the same but
        for the last digits of sums. int64 (B, cells, C)."""
        guided = any(label is not None for label in labels)
        manner = Manner(temperature=self.usual_temperature, guidance=self.usual_guidance if guided else 1.0)
        prefix = torch.tensor([[0 if label is None else label + 1] for label in labels], device=self.device)
        shape = numbers_needed(self.prior, manner)
        drawn = [np.random.default_rng(mix_seed(seed, "tokens", 0)).random(shape) for seed in seeds]
        return draw(self.prior, prefix, torch.from_numpy(np.stack(drawn)).to(self.device), manner).cpu().numpy()

    def ranked_seeds(self, label: int | None, seed: int, among: int) -> list[int]:
        """``seed`` and others that follow from it, ``among`` in all: first that whose sound is most like the others, by
        mean and deviation of its log-mel frames. Drafts that miss their category, or are silent, come last; the prior's
        own probabilities don't tell them. Without a category they stay as they are."""
        seeds = [seed, *(mix_seed(seed, "among", index) for index in range(1, among))]
        if label is None or among < 3:
            return seeds
        drafts = np.stack([self.decode(tokens, seed=0) for tokens in self.first_windows([label] * among, seeds)])
        frames = mel_frames(drafts, self.config)  # (among, mels, T)
        told = torch.cat([frames.mean(2), frames.std(2)], dim=1)
        apart = torch.cdist(told, told).sum(1)
        return [seeds[place] for place in apart.argsort(stable=True).tolist()]

    @torch.no_grad()
    def decode(self, tokens: NDArray[np.int64], *, seed: int) -> NDArray[np.float32]:
        """The sound of ``tokens`` (cells, C): float32 (cells·cell,), not yet limited to -1 … 1."""
        cell = self.config.cell
        stream = np.random.default_rng(mix_seed(seed, "noise"))
        white = stream.standard_normal(len(tokens) * cell).astype(np.float32)
        pieces = []
        for start in range(0, len(tokens), PIECE):
            first, last = max(start - OVERLAP, 0), min(start + PIECE + OVERLAP, len(tokens))
            part = torch.from_numpy(tokens[first:last])[None].to(self.device)
            noise = torch.from_numpy(white[first * cell : last * cell])[None].to(self.device)
            made = self.codec.decode(part, noise)[0].cpu().numpy()
            skip = (start - first) * cell
            pieces.append(made[skip : skip + min(PIECE, len(tokens) - start) * cell])
        return np.concatenate(pieces)

    @torch.no_grad()
    def encode(self, samples: NDArray[np.float32]) -> NDArray[np.int64]:
        """Tokens of a sound (samples,) at the model's rate, int64 (cells, C); what doesn't fill a cell is silence."""
        cell = self.config.cell
        cells = max(1, -(-len(samples) // cell))
        whole = np.zeros(cells * cell, np.float32)
        whole[: len(samples)] = samples
        found: NDArray[np.int64] = self.codec.tokens(torch.from_numpy(whole)[None].to(self.device))[0].cpu().numpy()
        return found

    def sample(
        self,
        samples: int,
        *,
        label: int | None = None,
        seed: int = 0,
        temperature: float | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.float32]:
        """A new sound, float32 (samples,); see ``tokens``. Depends on (seed, label, manner, samples) alone."""
        cells = max(1, -(-samples // self.config.cell))
        drawn = self.tokens(cells, label=label, seed=seed, temperature=temperature, guidance=guidance)
        return self.decode(drawn, seed=seed)[:samples]
