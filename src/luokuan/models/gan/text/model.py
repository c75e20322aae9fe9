"""A trained GAN of sentences: strict loading, and all that its VAE can do, with samples by the generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.gan.text.config import TextGanConfig
from luokuan.models.gan.text.networks import Discriminator, Generator
from luokuan.models.vae.text.finding import text_vae_of
from luokuan.models.vae.text.model import TextVae

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from luokuan.models.plm.ngrams import Ngrams
    from luokuan.models.vae.text.config import TextVaeConfig

STORED = "float32"
"""Half precision would save a megabyte, and the codes' scale isn't made for it."""
CENTRE = 4096
"""Draws whose mean is the centre that truncation draws to."""


def weights_of(generator: nn.Module, discriminator: nn.Module) -> dict[str, Tensor]:
    """Both networks' tensors as they are stored: ``generator.*`` and ``discriminator.*``, float32."""
    named = {f"generator.{k}": v for k, v in generator.state_dict().items()}
    named |= {f"discriminator.{k}": v for k, v in discriminator.state_dict().items()}
    return {name: value.detach().cpu().float().contiguous() for name, value in named.items()}


def expected_tensors(config: TextGanConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        parts = (("generator", Generator(config)), ("discriminator", Discriminator(config)))
        named = {f"{part}.{k}": v for part, network in parts for k, v in network.state_dict().items()}
    return {name: (tuple(value.shape), STORED) for name, value in named.items()}


class TextGan:
    """Both networks and the VAE that writes, ready to use, in float32. Whatever starts from a sentence is the VAE's.

    Args:
        folder: Where it came from.
        config: Shape of the networks.
        generator, discriminator: In eval mode.
        vae: In whose latents they play.
    """

    prior = "generator"
    """What samples are drawn from, as recipes say it."""

    def __init__(
        self,
        folder: ModelFolder,
        config: TextGanConfig,
        generator: Generator,
        discriminator: Discriminator,
        vae: TextVae,
    ) -> None:
        self.folder, self.shape, self.vae = folder, config, vae
        self.device = machine().device
        self.generator = generator.eval().requires_grad_(False).to(self.device)
        self.discriminator = discriminator.eval().requires_grad_(False).to(self.device)
        self._centre: Tensor | None = None

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> TextGan:
        """Load strictly: every tensor present, with the shape and type that the config says, and the VAE that it names.

        Raises:
            UserError: the config is wrong, tensors are missing, extra, misshapen or not finite, or see
                ``text_vae_of``.
        """
        config = strict_config(TextGanConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        vae = text_vae_of(folder, config.codec, config.codec_digest)
        if vae.config.latent != config.points or vae.config.items != config.items:
            raise UserError(
                _("config.json can't be used: {what}.", what=f"points {config.points}, VAE {vae.config.latent}"),
                _("Take another copy of the model, or train it again."),
                code="model.config",
            )
        generator, discriminator = Generator(config), Discriminator(config)
        for prefix, module in (("generator.", generator), ("discriminator.", discriminator)):
            part = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            module.load_state_dict(part, strict=True)
        return cls(folder, config, generator, discriminator, vae)

    # --- samples --------------------------------------------------------------------------------------

    def latents(self, count: int, seed: int, *, truncation: float = 1.0) -> Tensor:
        """Codes of items 0 … ``count`` - 1 of ``seed``, float32 (count, D); item i is the same whatever the count.
        ``truncation`` ψ < 1 scales the way from the mean code."""
        rows = []
        for index in range(count):
            stream = torch.Generator().manual_seed(mix_seed(seed, "latent", index))
            z = torch.randn(1, self.shape.latent, generator=stream).to(self.device)
            rows.append(self.generator.codes(z)[0].cpu())
        codes = torch.stack(rows)
        return codes if truncation >= 1 else self._middle() + truncation * (codes - self._middle())

    def _middle(self) -> Tensor:
        if self._centre is None:
            stream = torch.Generator().manual_seed(mix_seed("centre"))
            z = torch.randn(CENTRE, self.shape.latent, generator=stream).to(self.device)
            self._centre = self.generator.codes(z).mean(dim=0).cpu()
        return self._centre

    def score(self, codes: Tensor) -> Tensor:
        """D's logits of codes (N, D), (N,): how real it finds them."""
        points = (codes.to(self.device) - self.generator.mean) / self.generator.spread
        found: Tensor = self.discriminator(points)
        return found.cpu()

    # --- what its VAE does ----------------------------------------------------------------------------

    @property
    def config(self) -> TextVaeConfig:
        """The VAE's shape: tokens, context, items and directions are its own."""
        return self.vae.config

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The VAE's."""
        return self.vae.tokenizer

    @property
    def ngrams(self) -> Ngrams | None:
        """Which runs of words the VAE was trained on.

        Raises:
            UserError: what its folder says is damaged.
        """
        return self.vae.ngrams

    def around(self, text: str, count: int, seed: int, *, noise: float = 1.0) -> Tensor:
        """See ``TextVae.around``."""
        return self.vae.around(text, count, seed, noise=noise)

    def between(self, one: str, other: str, steps: int) -> Tensor:
        """See ``TextVae.between``."""
        return self.vae.between(one, other, steps)

    def moved(self, z: Tensor, attribute: str, amount: float) -> Tensor:
        """See ``TextVae.moved``."""
        return self.vae.moved(z, attribute, amount)

    def write(self, z: Tensor, *, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> list[str]:
        """See ``TextVae.write``."""
        return self.vae.write(z, temperature=temperature, top_p=top_p, seed=seed)

    def posterior(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """See ``TextVae.posterior``."""
        return self.vae.posterior(texts)
