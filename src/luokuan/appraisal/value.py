"""What a row of monthly flows is worth: net present value, rates of return, payback, profitability, break-even price.

Brealey, Myers and Allen, Principles of Corporate Finance, ch. 5 (the rules, and why several rates of return say
nothing); Norstrøm (1972) on when there is only one. Few lines of our own: numpy-financial has had no release since
2019 and finds one rate where there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luokuan.appraisal.cashflow import Plan, Values, monthly
from luokuan.appraisal.distributions import Floats

GRID = 4001
"""Places at which the sign of a polynomial is looked at: two rates nearer to each other than a step may be missed,
unless they touch or turn between two places."""
DEAREST = 1e9
"""Highest price that is tried."""


def discount_factors(rate: float | Floats, months: int) -> Floats:
    """(1 + rate)^(-t / 12) for t = 0 … months - 1.

    Args:
        rate: A year, in per cent, effective; a scalar or (paths, 1).
        months: How many.
    """
    return np.exp(-np.log1p(np.asarray(rate) / 100) * (np.arange(months) / 12))


def net_present_value(rate: float, flows: Floats) -> float:
    """Σ flow_t (1 + rate)^(-t / 12).

    Args:
        rate: A year, in per cent, effective.
        flows: (months,).
    """
    return float(flows @ discount_factors(rate, len(flows)))


@dataclass(frozen=True, slots=True)
class Returns:
    """All real rates of return above -100 % a year, ascending, in per cent, effective. None of them means what it
    seems to where there are ``several``; ``sign_changes`` bounds their number (Descartes)."""

    rates: tuple[float, ...]
    sign_changes: int

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return len(self.rates) > 1

    @property
    def one(self) -> float | None:
        """The rate, where there is just one."""
        return self.rates[0] if len(self.rates) == 1 else None


def rates_of_return(flows: Floats) -> Returns:
    """Every rate at which the flows are worth nothing.

    With x = 1 / (1 + monthly rate) the worth is a polynomial in x. Its positive roots are looked for in (0, 1] as they
    are and above 1 in 1 / x, where the polynomial with its coefficients reversed has the same sign: no power overflows.
    A double root shows as a turning point on the axis.

    Args:
        flows: (months,), finite.
    """
    coefficients = np.trim_zeros(np.asarray(flows, dtype=np.float64))
    signs = np.sign(coefficients[coefficients != 0])
    changes = int(np.sum(signs[1:] != signs[:-1]))
    if not changes:
        return Returns((), 0)
    coefficients = coefficients / np.abs(coefficients).max()
    low = _roots_in_unit(coefficients[::-1])  # highest power first, as Horner wants it
    high = [1 / root for root in _roots_in_unit(coefficients) if root < 1 - 1e-12]
    found: list[float] = []
    for x in sorted({*low, *high}, reverse=True):
        rate = 100 * (np.exp(-12 * np.log(x)) - 1) if np.log(x) > -50 else np.inf
        if np.isfinite(rate) and not (found and abs(rate - found[-1]) <= 1e-7 * max(abs(rate), 1)):
            found.append(float(rate))
    return Returns(tuple(found), changes)


def _roots_in_unit(polynomial: Floats) -> list[float]:
    """Roots in (0, 1]; the highest power comes first."""
    from scipy.optimize import brentq

    slope = np.polyder(polynomial)
    places = np.linspace(1e-9, 1, GRID)
    turns = [
        float(brentq(lambda x: np.polyval(slope, x), a, b, xtol=1e-15)) for a, b in _changes(places, _at(slope, places))
    ]
    places = np.unique([*places, *turns])
    worth, scale = _at(polynomial, places), _at(np.abs(polynomial), places)
    worth[np.abs(worth) <= 1e-13 * scale] = 0
    roots = [float(x) for x in places[worth == 0]]
    roots += [float(brentq(lambda x: np.polyval(polynomial, x), a, b, xtol=1e-15)) for a, b in _changes(places, worth)]
    return roots


def _at(polynomial: Any, places: Any) -> Floats:
    return np.asarray(np.polyval(polynomial, places), dtype=np.float64)


def _changes(places: Floats, values: Floats) -> list[tuple[float, float]]:
    """Neighbours between which the sign changes."""
    at = np.flatnonzero(values[:-1] * values[1:] < 0)
    return [(float(places[i]), float(places[i + 1])) for i in at]


def payback(flows: Floats, rate: float = 0.0) -> int | None:
    """The first month from whose end on the accumulated flow stays at or above 0; None: it never does.

    Args:
        flows: (months,).
        rate: A year, in per cent, at which flows are discounted first; 0: the simple payback.
    """
    total = np.cumsum(flows * discount_factors(rate, len(flows)))
    # A hundred-millionth of the sums is their rounding.
    below = np.flatnonzero(total < -1e-8 * max(float(np.abs(total).max()), 1e-300))
    last = int(below[-1]) + 1 if len(below) else 0
    return last if last < len(flows) else None


def profitability_index(rate: float, net: Floats, invested: Floats) -> float | None:
    """Present value of all but the investment, for each unit of present value invested; None without investment.

    Args:
        rate: A year, in per cent.
        net: (months,), with the investment taken off.
        invested: (months,), ≥ 0.
    """
    spent = net_present_value(rate, invested)
    return None if spent <= 0 else (net_present_value(rate, net) + spent) / spent


def break_even_price(plan: Plan, values: Values) -> float | None:
    """The lowest price at which the project is worth 0; None: no price up to ``DEAREST`` does it. The worth never falls
    with the price, as tax and royalty take at most all of what it adds.

    Args:
        plan: The months.
        values: Quantities, scalars.
    """
    from scipy.optimize import brentq

    def worth(price: float) -> float:
        net = monthly(plan, {**values, "price": price}).net[0]
        return net_present_value(float(values["discount_rate"]), net)

    if worth(0.0) >= 0:
        return 0.0
    high = max(float(values["price"]), 1.0)
    while worth(high) < 0:
        high *= 4
        if high > DEAREST:
            return None
    return float(brentq(worth, 0.0, high, xtol=1e-9, rtol=1e-12))


def annuity(rate: float, months: int) -> float:
    """Present value of 1 at the end of each of ``months`` months: (1 - (1 + i)^-n) / i, with i the monthly rate.

    Args:
        rate: A year, in per cent, effective.
        months: n ≥ 0.
    """
    i = float(np.expm1(np.log1p(rate / 100) / 12))
    return float(months) if i == 0 else float(-np.expm1(-months * np.log1p(i)) / i)


def accumulated(flows: Sequence[float] | Floats) -> Floats:
    """Sums up to and with each month, (months,)."""
    return np.cumsum(np.asarray(flows, dtype=np.float64))
