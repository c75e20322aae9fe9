"""A trained GAN of music: strict loading, and pieces of any length in a mode and density."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import torch
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import machine, mix_seed, one_thread
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.media import Score
from luokuan.models.gan.music.config import DENSITIES, KEYS, MusicGanConfig
from luokuan.models.gan.music.networks import Discriminator, Generator
from luokuan.models.gan.music.symbols import to_frames
from luokuan.models.vae.music.encodings import Encoding, decode
from luokuan.models.vae.music.model import frames_for
from luokuan.models.vae.music.sampling import stream_of

STORED = "float16"
TONICS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SIDES: Mapping[str, tuple[str, str]] = {"mode": ("major", "minor"), "density": ("low", "high")}
"""What can be wished for: below 0 the first, above 0 the second."""


def weights_of(generator: nn.Module, discriminator: nn.Module) -> dict[str, Tensor]:
    """Both networks' tensors as they are stored: ``generator.*`` and ``discriminator.*``, float16."""
    named = {f"generator.{k}": v for k, v in generator.state_dict().items()}
    named |= {f"discriminator.{k}": v for k, v in discriminator.state_dict().items()}
    return {name: value.detach().cpu().half().contiguous() for name, value in named.items()}


def expected_tensors(config: MusicGanConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        parts = (("generator", Generator(config)), ("discriminator", Discriminator(config)))
        named = {f"{part}.{k}": v for part, network in parts for k, v in network.state_dict().items()}
    return {name: (tuple(value.shape), STORED) for name, value in named.items()}


class MusicGan:
    """Both networks, ready to use. Runs in float32, one piece at a time, as ``MusicVae`` does and for its reasons.

    Args:
        folder: Where it came from.
        config: Shape of the networks.
        generator, discriminator: In eval mode.
    """

    usual_temperature = 1.0
    """At which pieces are drawn as it was learnt."""

    def __init__(
        self, folder: ModelFolder, config: MusicGanConfig, generator: Generator, discriminator: Discriminator
    ) -> None:
        self.folder, self.config = folder, config
        self.device = machine().device
        self.generator = generator.eval().requires_grad_(False).to(self.device)
        self.discriminator = discriminator.eval().requires_grad_(False).to(self.device)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> MusicGan:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen or not finite.
        """
        config = strict_config(MusicGanConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        generator, discriminator = Generator(config), Discriminator(config)
        for prefix, module in (("generator.", generator), ("discriminator.", discriminator)):
            part = {k.removeprefix(prefix): v.float() for k, v in tensors.items() if k.startswith(prefix)}
            module.load_state_dict(part, strict=True)
        return cls(folder, config, generator, discriminator)

    @property
    def way(self) -> Encoding:
        """How scores are written."""
        return self.config.way

    @one_thread()
    @torch.no_grad()
    def sample(
        self,
        seed: int,
        *,
        bars: int = 8,
        temperature: float = usual_temperature,
        truncation: float = 1.0,
        nudges: Mapping[str, float] | None = None,
        tempo: float = 96.0,
        key: int | None = None,
        density: str | None = None,
    ) -> Score:
        """A piece, in a key and density drawn as often as the training material has them.

        Args:
            bars: Its length; a melody has always two.
            temperature: Of the symbols, 0 takes the likeliest.
            truncation: ψ: the noise at this share of its distance from 0.
            nudges: Wishes: ``mode`` below 0 major, above 0 minor; ``density`` below 0 low, above 0 high.
            tempo: Quarter notes a minute.
            key: 0 … 11 C major to B major, 12 … 23 C minor to B minor; None: as it comes.
            density: One of ``DENSITIES``; None: as it comes, or as ``nudges`` say.

        Raises:
            UserError: its material had nothing of that kind, or see ``frames_for``.
        """
        config = self.config
        length = frames_for(bars, self.way, config.bar)
        stream = stream_of(mix_seed(seed, "music"))
        label = self._drawn(nudges or {}, stream, key=key, density=density)
        z = truncation * torch.randn(1, config.noise_for(length), generator=stream)
        noise = stream_of(mix_seed(seed, "symbols"))
        found = self.generator(z.to(self.device), label.to(self.device), temperature=temperature, stream=noise)
        symbols = found.argmax(dim=-1)[0, :length].cpu().numpy()
        return decode(to_frames(symbols, self.way), self.way, tempo=tempo)

    def _drawn(
        self,
        nudges: Mapping[str, float],
        stream: torch.Generator,
        *,
        key: int | None = None,
        density: str | None = None,
    ) -> Tensor:
        """A class (1,) among those that are wished for."""
        table = torch.tensor(self.config.counts, dtype=torch.float64).reshape(2, KEYS // 2, len(DENSITIES))
        wished = {name: SIDES[name][int(amount > 0)] for name, amount in nudges.items() if amount}
        if density is not None:
            wished["density"] = density
        if "mode" in wished:
            table[1 - SIDES["mode"].index(wished["mode"])] = 0
        if "density" in wished:
            table = table * torch.tensor([float(name == wished["density"]) for name in DENSITIES], dtype=torch.float64)
        if key is not None:
            wished["key"] = f"'{TONICS[key % 12]} {SIDES['mode'][key // 12]}'"
            others = torch.ones(KEYS, dtype=torch.bool)
            others[key] = False
            table.view(KEYS, -1)[others] = 0
        if not table.any():
            raise UserError(
                _("The model '{name}' has learnt no music of that kind: {what}.", name=self.folder.name,
                  what=", ".join(f"--{name} {side}" for name, side in wished.items())),
                _("Leave one of them out, or choose another --model."),
                code="create.attribute",
            )  # fmt: skip
        return torch.multinomial(table.flatten(), 1, generator=stream)

    # --- what it can't --------------------------------------------------------------------------------

    def vary(self, score: Score, seed: int, **how: object) -> NoReturn:
        """Nothing leads from a piece to the noise of which it would be made.

        Raises:
            UserError: always.
        """
        self._refuse("--like")

    def interpolate(self, first: Score, last: Score, steps: int, **how: object) -> NoReturn:
        """See ``vary``.

        Raises:
            UserError: always.
        """
        self._refuse("--from")

    def _refuse(self, option: str) -> NoReturn:
        raise UserError(
            _("'{name}' is a GAN: it makes new pieces, and can't begin with one ({option}).", name=self.folder.name,
              option=option),
            _("Choose a VAE of music, such as 'chorale', with --model."),
            code="create.option",
        )  # fmt: skip
