"""What is said of a training that learns from excerpts of music; see ``units``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from luokuan.foundation.progress import duration
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import FamilyTraining, Plan


class Excerpts:
    """Excerpts of music."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``units.Unit``."""
        return _(
            "{count} training excerpts, {held_out} pieces held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``units.Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out pieces.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``units.Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a training excerpt", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} excerpts/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} excerpts ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} training excerpts, {held} pieces held out", train=plan.training_items, held=plan.held_out_items
            ),
        }
