"""Memorisation: do samples lie nearer to the training pictures than pictures that the model never saw?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luokuan.i18n import _
from luokuan.models.evaluation.metrics import Features, nearest

MEMORISED = 0.05
"""Share of samples nearer to a training picture than 99 % of held-out pictures above which we call it memorising
(1 % is expected of a model that doesn't)."""
CHANCE = 0.01
"""... unless so many would turn up by chance with at least this probability, as they may among few pictures."""


@dataclass(frozen=True, slots=True)
class Memorisation:
    """Distances to the nearest training picture, in feature units.

    ``closer_than_1_percent``: share of samples that lie nearer to a training picture than the nearest 1 % of
    held-out pictures do; 0.01 is expected of a model that has learnt no picture by heart. ``chance``: probability of
    so many or more if samples were as far from the training pictures as held-out pictures are.
    """

    samples_median: float
    held_out_median: float
    closer_than_1_percent: float
    closer_than_5_percent: float
    chance: float

    @property
    def found(self) -> bool:
        """Whether pictures were probably learnt by heart."""
        return self.closer_than_1_percent > MEMORISED and self.chance < CHANCE


def memorisation(samples: Features, held_out: Features, train: Features) -> tuple[Memorisation, NDArray[np.int64]]:
    """Compare how far samples (N, F) and held-out pictures (M, F) are from their nearest training pictures (T, F).

    Returns:
        The figures, and the index of the training picture nearest to each sample, (N,).
    """
    index, distance = nearest(samples, train)
    _i, usual = nearest(held_out, train)
    # Order statistics rather than interpolated percentiles: ranks are what ``chance_of`` is exact for.
    ranks = [max(1, round(share * len(usual))) for share in (0.01, 0.05)]
    one, five = (np.partition(usual, rank - 1)[rank - 1] for rank in ranks)
    nearer = int((distance < one).sum())
    found = Memorisation(
        float(np.median(distance)),
        float(np.median(usual)),
        nearer / len(distance),
        float((distance < five).mean()),
        chance_of(nearer, len(distance), len(usual), ranks[0]),
    )
    return found, index


def chance_of(nearer: int, samples: int, held_out: int, rank: int) -> float:
    """P(at least ``nearer`` of the samples lie below the ``rank``-th smallest held-out value), all of one distribution.

    In the pooled order every arrangement is equally likely; there are that many before the rank-th held-out value
    just when the first nearer + rank - 1 places hold at least ``nearer`` samples: a hypergeometric tail.
    """
    from scipy.stats import hypergeom

    if nearer == 0:
        return 1.0
    return float(hypergeom.sf(nearer - 1, samples + held_out, samples, nearer + rank - 1))


def sentence(memory: Memorisation) -> str:
    """What the figures mean."""
    if memory.found:
        return _(
            "{share:.1%} of the samples lie nearer to a training picture than 99 % of unseen pictures do: "
            "look at the sheet of neighbours, the model may have learnt pictures by heart.",
            share=memory.closer_than_1_percent,
        )
    if memory.closer_than_1_percent > MEMORISED:
        return _(
            "{share:.1%} of the samples lie unusually near to a training picture (1 % expected), which may be chance "
            "among so few: take more samples or hold out more pictures.",
            share=memory.closer_than_1_percent,
        )
    return _(
        "No sign of pictures learnt by heart ({share:.1%} unusually near to a training picture, 1 % expected).",
        share=memory.closer_than_1_percent,
    )
