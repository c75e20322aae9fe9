"""A trained VAE of sentences: strict loading, reading, writing, sampling, walks and moves in z."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.compute import machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.plm import tokenizers
from luokuan.models.plm.ngrams import Ngrams
from luokuan.models.vae.prior import Mixture, expected, from_tensors, stored
from luokuan.models.vae.sheet import latent_walk
from luokuan.models.vae.text.config import TextVaeConfig
from luokuan.models.vae.text.decoding import write
from luokuan.models.vae.text.learning import posteriors
from luokuan.models.vae.text.material import Row, unknown_mark
from luokuan.models.vae.text.networks import TextVaeNetwork

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

STORED = "float16"


def weights_of(network: TextVaeNetwork, mixture: Mixture, directions: Sequence[Tensor]) -> dict[str, Tensor]:
    """Tensors as they are stored: ``network.*`` in float16, the prior (see ``prior.stored``), and ``directions``
    (A, D) in float32, if there are any."""
    named = {f"network.{k}": v.detach().cpu().half().contiguous() for k, v in network.state_dict().items()}
    return named | stored(mixture) | ({"directions": torch.stack(list(directions)).float()} if directions else {})


def expected_tensors(config: TextVaeConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        weights = TextVaeNetwork(config).state_dict()
    shapes = {f"network.{name}": (tuple(value.shape), STORED) for name, value in weights.items()}
    shapes |= expected(config.components, config.latent)
    if config.directions:
        shapes["directions"] = ((len(config.directions), config.latent), "float32")
    return shapes


class TextVae:
    """Network, prior, directions and tokenizer, ready to use. Runs in float32, whatever the machine offers, so that
    equal seeds give equal sentences on CPUs with and without bfloat16.

    Args:
        folder: Where it came from.
        config: Shape of the network.
        network: In eval mode.
        mixture: Where samples come from.
        directions: Direction in z of each attribute, (D,).
        tokenizer: Its tokenizer.
    """

    prior = "mixture"
    """What samples are drawn from, as recipes say it."""

    def __init__(
        self,
        folder: ModelFolder,
        config: TextVaeConfig,
        network: TextVaeNetwork,
        mixture: Mixture,
        directions: dict[str, Tensor],
        tokenizer: PreTrainedTokenizerFast,
    ) -> None:
        self.folder, self.config, self.mixture = folder, config, mixture
        self.directions, self.tokenizer = directions, tokenizer
        self.device = machine().device
        self.network = network.eval().requires_grad_(False).to(self.device)
        self._unknown = unknown_mark(tokenizer)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> TextVae:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config or the tokenizer is wrong, they don't fit each other, or tensors are missing, extra,
                misshapen or not finite.
        """
        config = strict_config(TextVaeConfig, folder.config)
        if not config.latent:
            raise _unfit(folder, "latent")
        tensors = folder.tensors(expected_tensors(config))
        mixture = from_tensors(tensors, folder.path)
        tokenizer = tokenizers.read(folder.path)
        if tokenizers.size(tokenizer) != config.tokens or tokenizer.eos_token_id != config.end:
            raise _unfit(folder, _("the tokenizer has other tokens than they"))
        network = TextVaeNetwork(config)
        part = {k.removeprefix("network."): v.float() for k, v in tensors.items() if k.startswith("network.")}
        network.load_state_dict(part, strict=True)
        directions = dict(zip(config.directions, tensors.get("directions", ()), strict=True))
        return cls(folder, config, network, mixture, directions, tokenizer)

    @cached_property
    def ngrams(self) -> Ngrams | None:
        """Which runs of words it was trained on; None if its folder doesn't say.

        Raises:
            UserError: what the folder says is damaged.
        """
        return Ngrams.read(self.folder.path)

    # --- reading --------------------------------------------------------------------------------------

    def rows(self, texts: Sequence[str]) -> list[Row]:
        """Tokens of each sentence, without its end.

        Raises:
            UserError: one is blank, has several lines where the model knows only one, is longer than the model's
                context, or holds characters that it doesn't know.
        """
        plain = ["\n".join(line.strip() for line in text.strip().splitlines() if line.strip()) for text in texts]
        found = [tuple(row) for row in tokenizers.encode(self.tokenizer, plain)]
        name, most = self.folder.name, self.config.context - 1
        for text, row in zip(plain, found, strict=True):
            if not row:
                raise UserError(
                    _("The sentence is empty."), _("Give a sentence with at least one word."), code="create.sentence"
                )
            if self.config.items == "lines" and "\n" in text:
                raise UserError(
                    _("'{name}' reads one line, not several.", name=name),
                    _("Give one sentence, without line breaks."),
                    code="create.sentence",
                )
            if len(row) > most:
                raise UserError(
                    _("The sentence has {count} tokens; '{name}' reads {most}.", count=len(row), name=name, most=most),
                    _("Give a shorter sentence."),
                    code="create.sentence",
                )
            if self._unknown is not None and self._unknown in row:
                known = self.tokenizer.get_vocab()
                strange = "".join(dict.fromkeys(c for c in text if c not in known))
                raise UserError(
                    _("'{name}' doesn't know: {characters}", name=name, characters=strange[:40]),
                    _("Write the sentence with other characters, or choose another --model."),
                    code="create.characters",
                )
        return found

    def knows(self, text: str) -> bool:
        """Whether all characters of a text are among the model's."""
        if self._unknown is None:
            return True
        (row,) = tokenizers.encode(self.tokenizer, [text])
        return self._unknown not in row

    def posterior(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """μ and log σ² of q(z|x) of sentences: (N, D) each, on the CPU.

        Raises:
            UserError: see ``rows``.
        """
        return posteriors(self.network, self.rows(texts))

    # --- moving ---------------------------------------------------------------------------------------

    def latents(self, count: int, seed: int, *, truncation: float = 1.0) -> Tensor:
        """z of items 0 … ``count`` - 1 of ``seed`` from the mixture, float32 (count, D); item i is the same whatever
        the count. ``truncation`` ψ < 1 scales the way from the centre of its component."""
        found = []
        for index in range(count):
            stream = torch.Generator().manual_seed(mix_seed(seed, "latent", index))
            noise = torch.randn(self.config.latent, generator=stream)
            share = float(torch.rand((), generator=stream))
            found.append(self.mixture.draw(self.mixture.pick(share), noise, truncation))
        return torch.stack(found)

    def around(self, text: str, count: int, seed: int, *, noise: float = 1.0) -> Tensor:
        """``count`` latents near that of a sentence, (count, D): μ + ``noise``·σ·ε; with 1 draws from q(z|x), with 0
        its mean each time."""
        mean, log_variance = self.posterior([text])
        found = []
        for index in range(count):
            stream = torch.Generator().manual_seed(mix_seed(seed, "around", index))
            spread = (0.5 * log_variance[0]).exp() * torch.randn(self.config.latent, generator=stream)
            found.append(mean[0] + noise * spread)
        return torch.stack(found)

    def between(self, one: str, other: str, steps: int) -> Tensor:
        """``steps`` ≥ 2 latents from one sentence's to another's (see ``latent_walk``), (steps, D)."""
        mean, _log_variance = self.posterior([one, other])
        return latent_walk(mean[0], mean[1], steps)

    def moved(self, z: Tensor, attribute: str, amount: float) -> Tensor:
        """z (N, D) moved along an attribute: by 1 it goes as far as the mean sentences with and without it are apart.

        Raises:
            UserError: the model has no such attribute.
        """
        if attribute not in self.directions:
            raise UserError(
                _("'{name}' has no attribute '{attribute}'.", name=self.folder.name, attribute=attribute),
                _("It has: {known}.", known=", ".join(self.directions))
                if self.directions
                else _("It has none; its sentences differ in nothing that is known of them."),
                code="create.attribute",
            )
        return z + amount * self.directions[attribute]

    # --- writing --------------------------------------------------------------------------------------

    def write(self, z: Tensor, *, temperature: float = 0.0, top_p: float = 1.0, seed: int = 0) -> list[str]:
        """One sentence for each z (N, D). Sentence i draws from a stream of its own."""
        streams = None
        if temperature:
            streams = [torch.Generator().manual_seed(mix_seed(seed, "words", index)) for index in range(len(z))]
        forbidden = () if self._unknown is None else (self._unknown,)
        rows = write(
            self.network,
            z.to(self.device),
            temperature=temperature,
            top_p=top_p,
            generators=streams,
            forbidden=forbidden,
        )
        return [self.spell(row) for row in rows]

    def spell(self, row: Sequence[int]) -> str:
        """Tokens to text."""
        return str(self.tokenizer.decode(list(row))).strip()

    def reconstruct(self, texts: Sequence[str]) -> list[str]:
        """Through the posterior's mean and back, likeliest token by likeliest token."""
        return self.write(self.posterior(texts)[0])


def _unfit(folder: ModelFolder, what: str) -> UserError:
    return UserError(
        _("The weights in {path} don't fit their config.json: {what}.", path=folder.path, what=what),
        _("Take another copy of the model, or train it again."),
        code="model.tensors",
    )
