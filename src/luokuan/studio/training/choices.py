"""From a form to a brief of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.forms import number_in, text_in
from luokuan.studio.training.tasks import Task, lengths, task_named

LONGEST = 100_000
"""Minutes."""
STEPS = 10**9


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to train. ``length`` is one of ``lengths()``; ``minutes`` and ``steps`` are as typed."""

    task: Task
    corpus: str
    name: str
    length: str
    minutes: str
    steps: str
    size: str
    base: str
    seed: str

    def choices(self, languages: Sequence[str] = ()) -> dict[str, Any]:
        """Choices of the family's run.

        Args:
            languages: Of a corpus of pairs.

        Raises:
            UserError: a number is none, or what is needed wasn't given.
        """
        form = {"minutes": self.minutes, "steps": self.steps, "seed": self.seed}
        found: dict[str, Any] = {**self.task.choices, **self._length(form)}
        if self.task.sizes:
            sizes = {str(size): size for size in self.task.sizes}
            if self.size not in sizes:
                raise _choose(_("Size"))
            found["size"] = sizes[self.size]
        if self.task.base:
            if not self.base:
                raise _choose(_("Model to go on from"))
            found["base"] = self.base
        if self.task.key == "translation" and len(languages) == 2:
            found |= {"start": languages[0], "to": languages[1]}
        seed = number_in(form, "seed", most=2**31)
        if seed is not None:
            found["seed"] = seed
        return found

    def _length(self, form: Mapping[str, str]) -> dict[str, Any]:
        offered = {length.key: length for length in lengths()}
        if self.length not in offered:
            raise _choose(_("How long"))
        if (minutes := offered[self.length].minutes) is not None:
            return {"minutes": minutes}
        steps, typed = number_in(form, "steps", most=STEPS), self._minutes()
        if (steps is None) == (typed is None) or steps == 0:
            raise UserError(
                _("Type minutes or steps, one of the two."), _("Or choose a time above."), code="train.length",
                status=422,
            )  # fmt: skip
        return {"minutes": typed} if steps is None else {"steps": steps}

    def _minutes(self) -> float | None:
        if not self.minutes:
            return None
        try:
            found = float(self.minutes.replace(",", "."))
        except ValueError:
            found = -1.0
        if not 0 < found <= LONGEST:
            raise UserError(
                _("'{text}' is no number of minutes.", text=self.minutes[:40]),
                _("Type one from 0.1 to {most}.", most=LONGEST),
                code="train.minutes",
                status=422,
            )
        return found


def wanted_of(form: Mapping[str, Any]) -> Wanted:
    """What a form, or an address, says.

    Raises:
        UserError: a field can't be read, or there is no such task.
    """
    return Wanted(
        task=task_named(text_in(form, "task", most=40)),
        corpus=text_in(form, "corpus", most=80),
        name=text_in(form, "name", most=80),
        length=text_in(form, "length", most=20) or "short",
        minutes=text_in(form, "minutes", most=20),
        steps=text_in(form, "steps", most=20),
        size=text_in(form, "size", most=20),
        base=text_in(form, "base", most=80),
        seed=text_in(form, "seed", most=20),
    )


def _choose(what: str) -> UserError:
    return UserError(
        _("Nothing was chosen for '{what}'.", what=what), _("Choose one of what is offered."), code="train.choice",
        status=422,
    )  # fmt: skip
