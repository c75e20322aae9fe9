"""What the figures of a game mean, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from luokuan.i18n import _

COLLAPSE_COVERAGE = 0.2
"""Below this share of held-out pictures with a sample in their neighbourhood, modes are missing. (A perfect
model of equal counts reaches about 1 - 2^-k ≈ 0.97 for k = 5, arXiv 2002.09797.)"""
STRONG_GAP = 6.0
"""Mean logit gap D(x) - D(G(z)) above which σ(gap) > 0.997: the critic is sure, its gradient says little."""
DIVERGING = 3.0
"""Growth of the generator's loss from the middle third to the last that is called diverging."""

YOUNG = 20
"""Records of the loss (one in ten steps) below which an even game says nothing yet."""


def _values(history: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [float(record[name]) for record in history if name in record]


def diagnose(history: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences about a run's records (see ``MetricsFile``); one reassuring sentence when all is well."""
    verdicts: list[str] = []
    coverage = _values(history, "validation/coverage")
    if coverage and coverage[-1] < COLLAPSE_COVERAGE:
        verdicts.append(
            _(
                "Only {share:.0%} of the held-out pictures have a sample near them: the model repeats itself "
                "or is still young. Train longer; if it stays, raise --gamma.",
                share=coverage[-1],
            )
        )
    if len(coverage) > 2 and coverage[-1] < 0.5 * max(coverage):
        verdicts.append(
            _(
                "Coverage fell from {best:.0%} to {last:.0%}: the model is collapsing. Stop earlier or raise --gamma.",
                best=max(coverage),
                last=coverage[-1],
            )
        )
    gap = _values(history, "discriminator/logit_gap")
    if gap and (late := fmean(gap[-max(len(gap) // 10, 1) :])) > STRONG_GAP:
        verdicts.append(
            _(
                "The discriminator is too strong (logit gap {gap:.1f}): the generator learns little from it. "
                "Raise --gamma or train on more pictures.",
                gap=late,
            )
        )
    losses = _values(history, "generator/loss")
    third = len(losses) // 3
    if third and fmean(losses[-third:]) > DIVERGING * max(fmean(losses[third : 2 * third]), 0.5):
        verdicts.append(_("The generator's loss keeps growing: the game diverges. Lower --rate or raise --gamma."))
    if not verdicts and len(losses) < YOUNG:
        verdicts.append(_("Too few steps to judge the game: train longer."))
    if not verdicts:
        verdicts.append(_("The game is stable: no collapse, no overpowering discriminator, no divergence seen."))
    return verdicts
