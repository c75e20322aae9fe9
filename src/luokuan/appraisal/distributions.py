"""Named distributions with parameters that people can state, drawn through the normal numbers of a Gaussian copula."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from luokuan.appraisal.numbers import Number, Strict
from luokuan.i18n import _

Floats = NDArray[np.float64]


class Normal(Strict):
    """Mean and standard deviation."""

    kind: Literal["normal"]
    mean: Number
    sd: Annotated[Number, Field(gt=0)]

    def at(self, z: Floats) -> Floats:
        """Values whose standard normal quantile is ``z``."""
        return self.mean + self.sd * z


class Lognormal(Strict):
    """``median``, and ``sigma``: standard deviation of the logarithm (0.1 is about 10 %)."""

    kind: Literal["lognormal"]
    median: Annotated[Number, Field(gt=0)]
    sigma: Annotated[Number, Field(gt=0, le=3)]

    def at(self, z: Floats) -> Floats:
        """Values whose standard normal quantile is ``z``."""
        return self.median * np.exp(self.sigma * z)


class Uniform(Strict):
    """Every value from ``low`` to ``high`` alike."""

    kind: Literal["uniform"]
    low: Number
    high: Number

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if not self.low < self.high:
            raise ValueError(_("low must lie below high"))
        return self

    def at(self, z: Floats) -> Floats:
        """Values whose standard normal quantile is ``z``."""
        return self.low + (self.high - self.low) * _share(z)


class _Three(Strict):
    low: Number
    mode: Number
    high: Number

    @model_validator(mode="after")
    def _ordered(self) -> _Three:
        if not (self.low <= self.mode <= self.high and self.low < self.high):
            raise ValueError(_("low, mode and high must rise"))
        return self


class Triangular(_Three):
    """Least, most likely and largest value, with straight lines between them."""

    kind: Literal["triangular"]

    def at(self, z: Floats) -> Floats:
        """Values whose standard normal quantile is ``z``: the closed form of the inverse distribution."""
        share, width = _share(z), self.high - self.low
        peak = (self.mode - self.low) / width
        left = self.low + np.sqrt(share * width * (self.mode - self.low))
        right = self.high - np.sqrt((1 - share) * width * (self.high - self.mode))
        return np.where(share < peak, left, right)


class Pert(_Three):
    """Beta-PERT (Malcolm et al. 1959): a beta distribution of mean (low + 4 mode + high) / 6; smoother than the
    triangle."""

    kind: Literal["pert"]

    def at(self, z: Floats) -> Floats:
        """Values whose standard normal quantile is ``z``."""
        from scipy.special import betaincinv

        width = self.high - self.low
        first = 1 + 4 * (self.mode - self.low) / width
        second = 1 + 4 * (self.high - self.mode) / width
        return self.low + width * np.asarray(betaincinv(first, second, _share(z)), dtype=np.float64)


Distribution = Annotated[Normal | Lognormal | Uniform | Triangular | Pert, Field(discriminator="kind")]
KINDS = ("triangular", "normal", "lognormal", "uniform", "pert")


def _share(z: Floats) -> Floats:
    """The standard normal distribution function."""
    from scipy.special import ndtr

    return np.asarray(ndtr(z), dtype=np.float64)
