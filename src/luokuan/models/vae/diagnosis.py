"""What the terms of the ELBO mean, in words: collapse, ignored latents, overfitting, a run that was too short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from luokuan.i18n import _

COLLAPSED = 0.1
"""KL, nats an item, under which the latents carry nothing that could be seen."""
FEW = 16
"""Fewer than one in so many latent values active: most of them are ignored."""
WORSE = 1.01
"""Held-out bound at the end, as a multiple of the best one, from which it has got worse."""
BETTER = 1.002
"""The bound before, as a multiple of the last one, from which a run was still improving."""
GAP = 1.1
"""Held-out bound, as a multiple of that of training items, from which the gap is worth a word."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One validation, nats an item.

    Args:
        bound: The negative ELBO (β = 1) of held-out items.
        kl: Its KL term.
        active: Active units.
        training: The negative ELBO of training items, measured in the same way; None: not measured.
    """

    bound: float
    kl: float
    active: int
    training: float | None = None


def verdicts(seen: Sequence[Looked], latent: int, *, advice: str) -> list[str]:
    """Sentences about a run by its validations, in order; none of fewer than two.

    Args:
        latent: Length of z.
        advice: What to change where latents carry too little, as the end of a sentence.
    """
    if len(seen) < 2:
        return []
    last = seen[-1]
    found = []
    if last.active == 0 or last.kl < COLLAPSED:
        found.append(
            _(
                "The latents carry nothing: KL {kl:.2f} nats, {active} of {latent} values active (posterior "
                "collapse). To change it, {advice}.",
                kl=last.kl,
                active=last.active,
                latent=latent,
                advice=advice,
            )
        )
    elif last.active < max(latent // FEW, 1):
        found.append(
            _(
                "Only {active} of {latent} latent values carry anything, the others have collapsed onto the prior and "
                "are ignored. To change it, {advice}.",
                active=last.active,
                latent=latent,
                advice=advice,
            )
        )
    best = min(one.bound for one in seen)
    gap = None if last.training is None else last.bound / last.training
    if last.bound > WORSE * best:
        found.append(
            _(
                "The bound on held-out items was better earlier: it learns its items by heart. Train shorter, or on "
                "more of them."
            )
        )
    elif gap is not None and gap > GAP:
        found.append(
            _(
                "Held-out items cost {share:.0%} more than training items: it overfits. More material would help more "
                "than a longer run.",
                share=gap - 1,
            )
        )
    elif seen[-2].bound > BETTER * last.bound:
        found.append(_("The bound was still improving at the end: a longer run would be better."))
    return found or [
        _(
            "The bound has settled, and {active} of {latent} latent values are in use.",
            active=last.active,
            latent=latent,
        )
    ]
