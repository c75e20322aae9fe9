"""A trained VAE: strict loading, sampling from either prior, reconstruction, ranking, a walk, export."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import channels_last, machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.models.codec.learning import to_pictures
from luokuan.models.interface import WithoutWords
from luokuan.models.vae import discretised, elbo
from luokuan.models.vae.config import PRIORS, VaeConfig
from luokuan.models.vae.learning import to_inputs, to_values
from luokuan.models.vae.networks import Decoder, Encoder
from luokuan.models.vae.prior import Mixture, expected, from_tensors, stored
from luokuan.models.vae.sheet import latent_walk

STORED = "float16"
CHUNK = 16
"""Pictures computed together, always: with one shape of product, item i's bits don't depend on the count."""


def weights_of(encoder: nn.Module, decoder: nn.Module, mixture: Mixture) -> dict[str, Tensor]:
    """Tensors as they are stored: ``encoder.*`` and ``decoder.*`` in float16, ``prior.weights`` (K,), ``prior.means``
    (K, D) and ``prior.roots`` (K, D, D) in float32."""
    named = {f"encoder.{k}": v for k, v in encoder.state_dict().items()}
    named |= {f"decoder.{k}": v for k, v in decoder.state_dict().items()}
    weights = {name: value.detach().cpu().half().contiguous() for name, value in named.items()}
    return weights | stored(mixture)


def expected_tensors(config: VaeConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        weights = {
            **{f"encoder.{k}": v for k, v in Encoder(config).state_dict().items()},
            **{f"decoder.{k}": v for k, v in Decoder(config).state_dict().items()},
        }
    shapes = {name: (tuple(value.shape), STORED) for name, value in weights.items()}
    return shapes | expected(config.components, config.latent)


class Vae(WithoutWords):
    """Encoder, decoder and fitted prior, ready to use (see ``PictureModel``). Runs in float32, whatever the machine
    offers, so that equal seeds give equal pictures on CPUs with and without bfloat16.

    Pictures are the locations of p(x|z): the noise of that distribution, which the ELBO counts, is not drawn.
    """

    prior: str = "mixture"
    """Where samples come from: ``mixture`` or ``standard``, N(0, I)."""

    def __init__(
        self, folder: ModelFolder, config: VaeConfig, encoder: Encoder, decoder: Decoder, mixture: Mixture
    ) -> None:
        self.folder, self.config, self.mixture = folder, config, mixture
        self.device = machine().device
        self.encoder = channels_last(encoder.eval().requires_grad_(False).to(self.device))
        self.decoder = channels_last(decoder.eval().requires_grad_(False).to(self.device))

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> Vae:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen, not finite or no mixture.
        """
        config = strict_config(VaeConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        mixture = from_tensors(tensors, folder.path)
        encoder, decoder = Encoder(config), Decoder(config)
        for prefix, module in (("encoder.", encoder), ("decoder.", decoder)):
            part = {k[len(prefix) :]: v.float() for k, v in tensors.items() if k.startswith(prefix)}
            module.load_state_dict(part, strict=True)
        return cls(folder, config, encoder, decoder, mixture)

    def with_prior(self, prior: str) -> Vae:
        """The same model, whose samples come from ``mixture`` or ``standard``.

        Raises:
            ValueError: there is no such prior.
        """
        if prior not in PRIORS:
            raise ValueError(f"prior is one of {', '.join(PRIORS)}")
        other = copy.copy(self)
        other.prior = prior
        return other

    @property
    def size(self) -> int:
        """Side of its pictures in pixels."""
        return self.config.size

    @property
    def classes(self) -> tuple[str, ...]:
        """None: it is not conditional."""
        return ()

    @property
    def usual_truncation(self) -> float:
        """Latents at 70 % of their distance from the component's mean."""
        return 0.7

    @property
    def class_weights(self) -> tuple[float, ...]:
        """None."""
        return ()

    def draw_labels(self, count: int, seed: int) -> list[int]:
        """It has no classes.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.folder.name} has no classes")

    # --- latents --------------------------------------------------------------------------------------

    def latents(self, count: int, seed: int, *, truncation: float = 1.0) -> Tensor:
        """z of items 0 … ``count`` - 1 of ``seed`` from ``prior``, float32 (count, D).

        Item i has a stream of its own, so that it is the same whatever the count. ``truncation`` ψ < 1 scales the way
        from the centre: of its component in the mixture, from 0 in N(0, I).
        """
        rows = []
        for index in range(count):
            stream = torch.Generator().manual_seed(mix_seed(seed, "latent", index))
            noise = torch.randn(self.config.latent, generator=stream)
            share = float(torch.rand((), generator=stream))
            if self.prior == "standard":
                rows.append(truncation * noise)
            else:
                rows.append(self.mixture.draw(self.mixture.pick(share), noise, truncation))
        return torch.stack(rows)

    def render(self, latents: Tensor) -> NDArray[np.uint8]:
        """Latents (N, D) to pictures, uint8 (N, size, size, 3)."""
        return self._in_chunks(latents, lambda z: to_pictures(self.decoder(z.to(self.device))))

    @torch.no_grad()
    def _in_chunks(self, rows: Tensor, work: Callable[[Tensor], Tensor]) -> NDArray[np.uint8]:
        found = []
        for start in range(0, len(rows), CHUNK):
            piece = rows[start : start + CHUNK]
            full = torch.cat([piece, piece.new_zeros(CHUNK - len(piece), *piece.shape[1:])])
            found.append(work(full)[: len(piece)].cpu().numpy())
        return np.concatenate(found)

    def posterior(self, pictures: NDArray[np.uint8]) -> tuple[Tensor, Tensor]:
        """μ and log σ² of q(z|x) of pictures uint8 (N, size, size, 3): (N, D) each, on the CPU.

        Raises:
            ValueError: pictures of another type or size.
        """
        if pictures.dtype != np.uint8 or pictures.shape[1:] != (self.size, self.size, 3):
            raise ValueError(f"pictures are uint8 (N, {self.size}, {self.size}, 3)")

        def work(piece: Tensor) -> Tensor:
            return torch.cat(self.encoder(to_inputs(to_values(piece.numpy(), self.device))), dim=1)

        moments = torch.from_numpy(self._in_chunks(torch.from_numpy(np.array(pictures)), work))
        mean, log_variance = moments.chunk(2, dim=1)
        return mean, log_variance

    # --- pictures -------------------------------------------------------------------------------------

    def reconstruct(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Through the posterior's mean and back: uint8 (N, size, size, 3), same shape."""
        return self.render(self.posterior(pictures)[0])

    def sample(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> NDArray[np.uint8]:
        """Make ``count`` pictures (see ``PictureModel.sample``); ``labels`` have no say."""
        return self.render(self.latents(count, seed, truncation=truncation))

    def sample_ranked(
        self,
        count: int,
        *,
        seed: int,
        labels: Sequence[int] | None = None,
        truncation: float = 1.0,
        among: int = 4,
    ) -> NDArray[np.uint8]:
        """As ``sample``, each picture the one of ``among`` drafts with the highest ``score``."""
        drafts = self.sample(count * among, seed=seed, truncation=truncation)
        scores = self.score(drafts).reshape(count, among)
        return drafts[scores.argmax(axis=1) + np.arange(count) * among]

    @torch.no_grad()
    def score(self, pictures: NDArray[np.uint8], labels: Sequence[int] | None = None) -> NDArray[np.float32]:
        """How well the model explains each picture, (N,): its ELBO in nats a value, with the first term at the
        posterior's mean instead of a draw, so that it is the same each time.

        A VAE has no critic; a likelihood is not realness (Nalisnick et al. 2019, arXiv 1810.09136): plain pictures
        score higher than rich ones.
        """
        mean, log_variance = self.posterior(pictures)
        fitted = []
        for start in range(0, len(pictures), CHUNK):
            piece = mean[start : start + CHUNK]
            full = torch.cat([piece, piece.new_zeros(CHUNK - len(piece), piece.shape[1])])
            made = self.decoder(full.to(self.device))[: len(piece)]
            values = to_values(pictures[start : start + CHUNK], self.device)
            term = discretised.log_likelihood(values, made, self.decoder.log_scale, self.config.likelihood)
            fitted.append(term.cpu())
        bound = torch.cat(fitted) - elbo.kl_to_standard(mean, log_variance).sum(dim=1)
        found: NDArray[np.float32] = (bound / self.config.values).float().numpy()
        return found

    def interpolate(
        self,
        seeds: tuple[int, int],
        steps: int,
        *,
        labels: tuple[int, int] | None = None,
        truncation: float = 1.0,
    ) -> NDArray[np.uint8]:
        """``steps`` ≥ 2 pictures from the first seed's to the second's on the arc between their latents (see
        ``latent_walk``), uint8 (steps, size, size, 3)."""
        ends = [self.latents(1, seed, truncation=truncation)[0] for seed in seeds]
        return self.render(latent_walk(ends[0], ends[1], steps))

    def export_module(self) -> tuple[nn.Module, tuple[Tensor, ...], list[str], list[str]]:
        """For ONNX: (module, example inputs, input names, output names).

        The module maps latents float32 (N, D) to pictures float32 (N, 3, size, size), -1 to 1."""
        return _Exported(copy.deepcopy(self.decoder).cpu()), (self.latents(2, 0),), ["latents"], ["pictures"]


class _Exported(nn.Module):
    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, *inputs: Tensor) -> Tensor:
        """Pictures clamped to -1..1, as a viewer expects them."""
        points: Tensor = self.decoder(inputs[0])
        return points.clamp(-1, 1)
