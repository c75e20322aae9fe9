"""What a training on clips of sound or of pictures, or on speech, is said to learn from; see ``units``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from luokuan.foundation.progress import duration
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import FamilyTraining, Plan


class Clips:
    """Clips of sound, long ones several times."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} parts of training clips (2 s each), {held_out} clips held out; {device}, {precision}, "
            "{threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out clips.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a part of a clip", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} parts/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} parts of clips ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} parts of training clips (2 s each), {held} clips held out",
                train=plan.training_items,
                held=plan.held_out_items,
            ),
        }


class Animations:
    """Short clips."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training clips, {held_out} held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out clips.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a training clip", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.1f} clips/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} clips ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _("{train} training clips, {held} held out", train=plan.training_items, held=plan.held_out_items),
        }


class Utterances:
    """Recorded sentences."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training utterances, {held_out} held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out sentences.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP an utterance", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.1f} utterances/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} utterances ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} training utterances, {held} held out", train=plan.training_items, held=plan.held_out_items
            ),
        }
