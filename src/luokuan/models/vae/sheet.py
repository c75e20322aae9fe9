"""Sheets to look at: reconstructions, samples, a walk; and the path of that walk."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.models.evaluation.sheet import grid

COLUMNS = 12


def latent_walk(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """``steps`` ≥ 2 latents from ``start`` to ``end`` (D,) on the arc between them, (steps, D), both ends exact.

    Spherical (White 2016, arXiv 1609.04468): draws of a Gaussian in D dimensions lie near a sphere of radius √D, and
    the middle of a straight line lies well inside it, where no picture was encoded. Straight where the ends have
    (nearly) one direction or opposite ones.
    """
    shares = torch.linspace(0, 1, steps, dtype=torch.float64)[:, None]
    a, b = start.double(), end.double()
    cosine = torch.dot(a, b) / (a.norm() * b.norm()).clamp_min(1e-12)
    angle = torch.arccos(cosine.clamp(-1, 1))
    if float(torch.sin(angle)) < 1e-4:
        way = a + shares * (b - a)
    else:
        way = (torch.sin((1 - shares) * angle) * a + torch.sin(shares * angle) * b) / torch.sin(angle)
    found = way.float()
    found[0], found[-1] = start, end
    return found


def sheet(
    pictures: NDArray[np.uint8],
    reconstructions: NDArray[np.uint8],
    standard: NDArray[np.uint8],
    fitting: NDArray[np.uint8],
    walk: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """One sheet of rows: pictures, their reconstructions, samples from N(0, I), samples from the fitted prior, a walk.

    Args:
        pictures: uint8 (N ≤ 12, S, S, 3); rows shorter than ``COLUMNS`` are filled with white.
        reconstructions: As many.
        standard: Samples from N(0, I), whole rows.
        fitting: Samples from the mixture, or the Gaussian that stands for it, whole rows.
        walk: ``COLUMNS`` pictures.
    """
    rows = []
    for part in (pictures, reconstructions, standard, fitting, walk):
        missing = -len(part) % COLUMNS
        rows.append(np.concatenate([part, np.full((missing, *part.shape[1:]), 255, dtype=np.uint8)]))
    return grid(np.concatenate(rows), COLUMNS)
