"""A trained GAN: strict loading, sampling, ranking, interpolation, export."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import machine, mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.gan.config import GanConfig
from luokuan.models.gan.networks import Discriminator, Generator
from luokuan.models.gan.space import LatentSpace, Space, space_of
from luokuan.models.interface import WithoutWords, draw_labels

STORED = "float16"
"""Weights are kept in half precision: they lie well inside its range, and the file is half as large."""
CHUNK = 8
"""Pictures computed together, always: with one shape of product, item i's bits don't depend on the count."""
DECODED = 16
"""Points decoded together: a multiple of ``CHUNK``, and what a codec computes at once."""
_CENTRE_LATENTS = 1024


def weights_of(generator: nn.Module, discriminator: nn.Module) -> dict[str, Tensor]:
    """Both networks' tensors as they are stored: ``generator.*`` and ``discriminator.*``, float16."""
    named = {f"generator.{k}": v for k, v in generator.state_dict().items()}
    named |= {f"discriminator.{k}": v for k, v in discriminator.state_dict().items()}
    return {name: value.detach().cpu().half().contiguous() for name, value in named.items()}


def expected_tensors(config: GanConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        weights = {
            **{f"generator.{k}": v for k, v in Generator(config).state_dict().items()},
            **{f"discriminator.{k}": v for k, v in Discriminator(config).state_dict().items()},
        }
    return {name: (tuple(value.shape), STORED) for name, value in weights.items()}


class GanModel(WithoutWords):
    """A generator and its discriminator, ready to use. Sampling runs in float32, whatever the machine offers,
    so that equal seeds give equal pictures on CPUs with and without bfloat16."""

    def __init__(
        self, folder: ModelFolder, config: GanConfig, generator: Generator, discriminator: Discriminator, space: Space
    ) -> None:
        self.folder, self.config = folder, config
        self.device = machine().device
        self.generator = generator.eval().requires_grad_(False).to(self.device)
        self.discriminator = discriminator.eval().requires_grad_(False).to(self.device)
        self.space = space
        self._centres: Tensor | None = None

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> GanModel:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen or not finite; or see
                ``space_of``.
        """
        config = strict_config(GanConfig, folder.config)
        space = space_of(config, folder)
        tensors = folder.tensors(expected_tensors(config))
        generator, discriminator = Generator(config), Discriminator(config)
        for prefix, module in (("generator.", generator), ("discriminator.", discriminator)):
            part = {k[len(prefix) :]: v.float() for k, v in tensors.items() if k.startswith(prefix)}
            if not all(bool(torch.isfinite(value).all()) for value in part.values()):
                raise UserError(
                    _("The weights of {path} hold values that are not finite.", path=folder.path),
                    _("Train the model again, or take another copy of it."),
                    code="model.not_finite",
                )
            module.load_state_dict(part, strict=True)
        return cls(folder, config, generator, discriminator, space)

    @property
    def size(self) -> int:
        """Side of its pictures in pixels."""
        return self.config.pixels

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes."""
        return self.config.classes

    @property
    def usual_truncation(self) -> float:
        """Styles at 70 % of their distance from the class's mean."""
        return 0.7

    @property
    def class_weights(self) -> tuple[float, ...]:
        """Share of each class in the training pictures."""
        total = sum(self.config.class_counts)
        return tuple(count / max(total, 1) for count in self.config.class_counts)

    # --- latents --------------------------------------------------------------------------------------

    def latents(self, count: int, seed: int, *, first: int = 0) -> Tensor:
        """z of items ``first`` … ``first + count - 1`` of ``seed``, float32 (count, latent).

        Item i has a stream of its own, so that it is the same whatever the count."""
        rows = []
        for index in range(first, first + count):
            stream = torch.Generator().manual_seed(mix_seed(seed, "latent", index))
            rows.append(torch.randn(self.config.latent, generator=stream))
        return torch.stack(rows)

    def draw_labels(self, count: int, seed: int) -> list[int]:
        """Classes drawn from ``class_weights``, item by item as in ``latents``."""
        return draw_labels(self.class_weights, count, seed)

    def styles(self, z: Tensor, labels: Sequence[int] | None, truncation: float = 1.0) -> Tensor:
        """Styles w, (N, style): m(y) + ψ·(w - m(y)), where m(y) is the mean style of the class
        (truncation trick in w; Karras et al. 2019, arXiv 1812.04948, app. B). ψ = ``truncation``."""
        y = self._labels(labels, len(z))
        w = torch.cat(
            [
                self.generator.style_of(*self._pad(z[i : i + CHUNK], None if y is None else y[i : i + CHUNK]))[
                    : min(CHUNK, len(z) - i)
                ]
                for i in range(0, len(z), CHUNK)
            ]
        )
        if truncation >= 1:
            return w
        centres = self._class_centres()  # (classes or 1, style)
        centre = centres[y] if y is not None else centres
        return centre + truncation * (w - centre)

    def _pad(self, z: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor | None]:
        missing = CHUNK - len(z)
        z = torch.cat([z, z.new_zeros(missing, z.shape[1])]).to(self.device)
        return z, None if y is None else torch.cat([y, y.new_zeros(missing)]).to(self.device)

    def _labels(self, labels: Sequence[int] | None, count: int) -> Tensor | None:
        if not self.classes:
            return None
        if labels is None or len(labels) != count or not all(0 <= y < len(self.classes) for y in labels):
            raise UserError(
                _("{count} classes from 0 to {last} are needed.", count=count, last=len(self.classes) - 1),
                _("See `luokuan models show {name}` for the classes.", name=self.folder.name),
                code="model.labels",
            )
        return torch.tensor(list(labels), dtype=torch.int64)

    def _class_centres(self) -> Tensor:
        if self._centres is None:
            stream = torch.Generator().manual_seed(mix_seed("centre"))
            z = torch.randn(_CENTRE_LATENTS, self.config.latent, generator=stream).to(self.device)
            rows = []
            for label in range(max(len(self.classes), 1)):
                y = torch.full((len(z),), label, device=self.device) if self.classes else None
                rows.append(self.generator.style_of(z, y).mean(dim=0))
            self._centres = torch.stack(rows)
        return self._centres

    # --- pictures -------------------------------------------------------------------------------------

    def render(self, styles: Tensor) -> NDArray[np.uint8]:
        """Styles (N, style) to pictures, uint8 (N, size, size, 3)."""
        pieces = [self._points(styles[i : i + DECODED]) for i in range(0, len(styles), DECODED)]
        return np.concatenate([self._decode(piece) for piece in pieces])

    @torch.no_grad()
    def _points(self, styles: Tensor) -> Tensor:
        """Styles (N, style) to points, (N, channels, h, w)."""
        points = []
        for i in range(0, len(styles), CHUNK):
            piece = styles[i : i + CHUNK]
            missing = CHUNK - len(piece)
            full = torch.cat([piece, piece.new_zeros(missing, piece.shape[1])])
            points.append(self.generator.synthesise(full)[: len(piece)])
        return torch.cat(points)

    @torch.no_grad()
    def _decode(self, points: Tensor) -> NDArray[np.uint8]:
        """Points (N, channels, h, w) to pictures, uint8 (N, size, size, 3)."""
        pieces = [self.space.decode(points[i : i + DECODED]).cpu().numpy() for i in range(0, len(points), DECODED)]
        return np.concatenate(pieces)

    def sample(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> NDArray[np.uint8]:
        """Make ``count`` pictures (see ``PictureModel.sample``)."""
        if self.classes and labels is None:
            labels = self.draw_labels(count, seed)
        return self.render(self.styles(self.latents(count, seed), labels, truncation))

    def sample_ranked(
        self,
        count: int,
        *,
        seed: int,
        labels: Sequence[int] | None = None,
        truncation: float = 1.0,
        among: int = 4,
    ) -> NDArray[np.uint8]:
        """The ``count`` pictures that D ranks highest, item by item among ``among`` drafts of the same class."""
        if self.classes and labels is None:
            labels = self.draw_labels(count, seed)
        z = self.latents(count * among, seed)
        many = None if labels is None or not self.classes else [y for y in labels for _i in range(among)]
        y, styles = self._labels(many, len(z)), self.styles(z, many, truncation)
        kept = []
        for start in range(0, len(z), CHUNK * among):  # so many at a time, to hold few drafts in memory
            part = slice(start, start + CHUNK * among)
            drafts = self.space.shown(self._points(styles[part]))
            best = self._judge(drafts, None if y is None else y[part]).reshape(-1, among).argmax(axis=1)
            chosen = best + np.arange(len(best)) * among
            kept.append(drafts[torch.from_numpy(chosen).to(drafts.device)])
        return self._decode(torch.cat(kept))  # the others are never decoded

    def score(self, pictures: NDArray[np.uint8], labels: Sequence[int] | None = None) -> NDArray[np.float32]:
        """D's logit of each picture, float32 (N,); comparable within one class."""
        y = self._labels(labels, len(pictures))
        scores = []
        for i in range(0, len(pictures), DECODED):
            piece = torch.from_numpy(np.array(pictures[i : i + DECODED])).to(self.device)
            scores.append(self._judge(self.space.encode(piece), None if y is None else y[i : i + DECODED]))
        return np.concatenate(scores)

    @torch.no_grad()
    def _judge(self, points: Tensor, y: Tensor | None) -> NDArray[np.float32]:
        """D's logits of points (N, channels, h, w) of the classes ``y`` (N,), float32 (N,)."""
        scores = []
        for i in range(0, len(points), CHUNK):
            piece = points[i : i + CHUNK]
            missing = CHUNK - len(piece)
            full = torch.cat([piece, piece.new_zeros(missing, *piece.shape[1:])])
            part = None if y is None else torch.cat([y[i : i + CHUNK], y.new_zeros(missing)]).to(self.device)
            scores.append(self.discriminator(full, part)[: len(piece)].cpu().numpy())
        return np.concatenate(scores)

    def interpolate(
        self,
        seeds: tuple[int, int],
        steps: int,
        *,
        labels: tuple[int, int] | None = None,
        truncation: float = 1.0,
    ) -> NDArray[np.uint8]:
        """``steps`` pictures from the first seed's to the second's, evenly along the line between their styles
        (uint8 (steps, size, size, 3)); classes may differ."""
        if self.classes and labels is None:
            chosen = self.draw_labels(1, seeds[0])[0]
            labels = (chosen, chosen)
        ends = [
            self.styles(self.latents(1, seed), None if labels is None else [labels[i]], truncation)
            for i, seed in enumerate(seeds)
        ]
        shares = torch.linspace(0, 1, max(steps, 2), device=self.device)[:steps, None]
        return self.render(torch.lerp(ends[0], ends[1], shares))

    def export_module(self) -> tuple[nn.Module, tuple[Tensor, ...], list[str], list[str]]:
        """For ONNX: (module, example inputs, input names, output names).

        The module maps latents float32 (N, latent) and, with classes, labels int64 (N,) to pictures float32
        (N, 3, size, size), -1 to 1: the generator, and behind it the decoder of its codec if it has one."""
        examples: tuple[Tensor, ...] = (self.latents(2, 0),)
        names = ["latents"]
        if self.classes:
            examples += (torch.tensor([0, len(self.classes) - 1]),)
            names.append("labels")
        decoder = self.space.codec.export_module()[0] if isinstance(self.space, LatentSpace) else nn.Identity()
        return _Exported(copy.deepcopy(self.generator).cpu(), decoder), examples, names, ["pictures"]


class _Exported(nn.Module):
    def __init__(self, generator: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.generator, self.decoder = generator, decoder

    def forward(self, *inputs: Any) -> Tensor:
        """Pictures clamped to -1..1, as a viewer expects them."""
        pictures: Tensor = self.decoder(self.generator(*inputs))
        return pictures.clamp(-1, 1)
