"""What a training is said to learn from, such as pictures or windows of text; in whole sentences, which translate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from luokuan.cli.units_clips import Animations, Clips, Utterances
from luokuan.cli.units_songs import Excerpts
from luokuan.foundation.progress import duration
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import FamilyTraining, Plan


class Unit(Protocol):
    """The sentences of one kind of item."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """What there is to learn from, and on which machine."""
        ...

    def kept(self, step: int) -> str:
        """Which average was kept."""
        ...

    def planned(self, plan: Plan) -> dict[str, str]:
        """``cost``, ``speed``, ``run`` and ``corpus`` of a plan."""
        ...


class Pictures:
    """Pictures."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training pictures, {held_out} held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out pictures.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a training picture", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} pictures/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} pictures ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} training pictures, {held} held out, classes: {classes}",
                train=plan.training_items,
                held=plan.held_out_items,
                classes=", ".join(plan.classes) or "-",
            ),
        }


class Windows:
    """Windows of text."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} windows of training text, {held_out} held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out text.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a window of text", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} windows/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} windows ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} windows of training text, {held} held out", train=plan.training_items, held=plan.held_out_items
            ),
        }


class Examples:
    """Prompts with their answers."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training examples, {held_out} held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out examples.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a training example", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} examples/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} examples ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} training examples, {held} held out", train=plan.training_items, held=plan.held_out_items
            ),
        }


class Pairs:
    """Pairs of answers, of which one is the better one."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training pairs, {held_out} held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out pairs.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a training pair", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} pairs/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} pairs ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _("{train} training pairs, {held} held out", train=plan.training_items, held=plan.held_out_items),
        }


class Sentences:
    """Sentences with their translations, each direction for itself."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training sentences with translations, {held_out} held out; {device}, {precision}, {threads} "
            "threads.",
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
            "cost": _("{gflop:.2f} GFLOP a training sentence", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} sentences/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} sentences ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} training sentences with translations, {held} held out",
                train=plan.training_items,
                held=plan.held_out_items,
            ),
        }


class Texts:
    """Sentences, or other short texts, each by itself."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training sentences, {held_out} held out; {device}, {precision}, {threads} threads.",
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
            "cost": _("{gflop:.2f} GFLOP a training sentence", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} sentences/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} sentences ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} training sentences, {held} held out", train=plan.training_items, held=plan.held_out_items
            ),
        }


class Pieces:
    """Pieces of music."""

    def announced(self, training: FamilyTraining[Any, Any]) -> str:
        """See ``Unit``."""
        return _(
            "{count} training pieces, {held_out} held out; {device}, {precision}, {threads} threads.",
            count=training.learning.items(),
            held_out=training.held_out,
            device=training.machine.device,
            precision=training.machine.precision,
            threads=training.machine.threads,
        )

    def kept(self, step: int) -> str:
        """See ``Unit``."""
        return _("Kept is the average after step {kept}, which did best on held-out pieces.", kept=step)

    def planned(self, plan: Plan) -> dict[str, str]:
        """See ``Unit``."""
        return {
            "cost": _("{gflop:.2f} GFLOP a training piece", gflop=plan.gflop_per_item),
            "speed": _(
                "{rate:.0f} pieces/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
            "run": _(
                "{steps} steps, {items} pieces ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_items, 1),
                time=duration(plan.seconds),
            ),
            "corpus": _(
                "{train} training pieces, {held} held out", train=plan.training_items, held=plan.held_out_items
            ),
        }


UNITS: dict[str, Unit] = {
    "pictures": Pictures(),
    "windows": Windows(),
    "examples": Examples(),
    "pairs": Pairs(),
    "sentences": Sentences(),
    "texts": Texts(),
    "pieces": Pieces(),
    "excerpts": Excerpts(),
    "clips": Clips(),
    "animations": Animations(),
    "utterances": Utterances(),
}
"""By ``FamilyTraining.unit``."""
