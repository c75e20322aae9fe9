"""What every picture model offers, whatever its family: evaluation, creation and export need no more."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeGuard

import numpy as np

from luokuan.foundation.compute import mix_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.foundation.modelfolder import ModelFolder


_PIECES = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]|[^\W_\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a model is told of a picture; empty parts are left to it.

    Args:
        label: Index of a class.
        attributes: Attribute to value.
        text: A caption.
    """

    label: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


def words_of(text: str) -> list[str]:
    """The words of a caption: letters and digits without case; each Chinese character by itself."""
    return _PIECES.findall(text.casefold())


class PictureModel(Protocol):
    """A loaded model that makes pictures. Deterministic for (digest, seed, arguments) on equal versions."""

    folder: ModelFolder
    """Where it came from: config, digest, training record, licence."""

    @property
    def size(self) -> int:
        """Side of its square pictures in pixels."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes; empty when it is not conditional."""
        ...

    @property
    def class_weights(self) -> tuple[float, ...]:
        """Share of each class in its training data, summing to 1; empty when it is not conditional."""
        ...

    @property
    def usual_truncation(self) -> float:
        """``truncation`` at which its pictures are seldom failures and still differ."""
        ...

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        """Attributes that it can be told, each with its values; empty for models of another kind."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """Words of captions that it knows; empty for models of another kind."""
        ...

    def plausible(self, terms: Sequence[Mapping[str, Collection[str]]], seed: int) -> dict[str, str]:
        """Attributes that occur together in the training material and satisfy as many ``terms`` as can be; a term is
        satisfied by any of its attributes with any of the values beside it. Models without attributes: empty."""
        ...

    def sample(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> NDArray[np.uint8]:
        """Make ``count`` pictures, uint8 (count, size, size, 3).

        Picture i depends on (seed, i, its label) alone, not on ``count``. Without ``labels`` a conditional
        model draws them from ``class_weights`` with the seed. ``truncation`` in 0..1: 1 leaves the latents as
        drawn, less draws them towards what is typical.
        """
        ...

    def sample_ranked(
        self, count: int, *, seed: int, labels: Sequence[int] | None = None, truncation: float = 1.0, among: int = 4
    ) -> NDArray[np.uint8]:
        """As ``sample``, each picture the best of ``among`` drafts by the model's own critic."""
        ...

    def interpolate(
        self,
        seeds: tuple[int, int],
        steps: int,
        *,
        labels: tuple[int, int] | None = None,
        truncation: float = 1.0,
    ) -> NDArray[np.uint8]:
        """``steps`` ≥ 2 pictures from the first seed's to the second's, both included."""
        ...

    def draw_labels(self, count: int, seed: int) -> list[int]:
        """Classes drawn from ``class_weights``; empty weights are an error of the caller."""
        ...

    def score(self, pictures: NDArray[np.uint8], labels: Sequence[int] | None = None) -> NDArray[np.float32]:
        """How real the model's own critic finds each picture, (N,), higher is better; used for ranking.

        Raises:
            UserError: the family has no critic.
        """
        ...


class WithoutWords:
    """Base of models that understand neither attributes nor captions."""

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        """None."""
        return {}

    @property
    def words(self) -> tuple[str, ...]:
        """None."""
        return ()

    def plausible(self, terms: Sequence[Mapping[str, Collection[str]]], seed: int) -> dict[str, str]:
        """Nothing."""
        return {}


class WishingModel(PictureModel, Protocol):
    """A model that is told a ``Wish``, and can start from a picture."""

    @property
    def usual_guidance(self) -> float:
        """``guidance`` at which its pictures mostly show what was asked for; 1 where it can't be told anything."""
        ...

    def sample_ranked(
        self,
        count: int,
        *,
        seed: int,
        labels: Sequence[int] | None = None,
        truncation: float = 1.0,
        among: int = 4,
        wish: Wish | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.uint8]:
        """As ``PictureModel.sample_ranked``; ``guidance``: how strongly the wish draws, 1 is as learnt."""
        ...

    def interpolate(
        self,
        seeds: tuple[int, int],
        steps: int,
        *,
        labels: tuple[int, int] | None = None,
        truncation: float = 1.0,
        wish: Wish | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.uint8]:
        """As ``PictureModel.interpolate``, with one wish along the whole way."""
        ...

    def variations(
        self,
        picture: NDArray[np.uint8],
        count: int,
        *,
        seed: int,
        strength: float,
        truncation: float = 1.0,
        wish: Wish | None = None,
        guidance: float | None = None,
    ) -> NDArray[np.uint8]:
        """Pictures like ``picture``, uint8 (size, size, 3); the larger ``strength`` in 0..1, the less alike."""
        ...


def takes_wishes(model: PictureModel) -> TypeGuard[WishingModel]:
    """Whether the model is a ``WishingModel``."""
    return hasattr(model, "variations")


def draw_labels(weights: Sequence[float], count: int, seed: int) -> list[int]:
    """Classes drawn from ``weights``, which sum to 1; item i depends on (seed, i) alone."""
    edges = np.cumsum(weights)
    draws = [np.random.default_rng(mix_seed(seed, "class", i)).random() for i in range(count)]
    return [min(int(np.searchsorted(edges, u, side="right")), len(edges) - 1) for u in draws]
