"""From what was typed to a brief."""

from __future__ import annotations

from typing import Any

import pytest

from luokuan.errors import UserError
from luokuan.models.registry import TRAINERS
from luokuan.studio.jobs.handlers.training import TrainingBrief
from luokuan.studio.training.choices import wanted_of
from luokuan.studio.training.tasks import family_word, tasks


@pytest.mark.parametrize("task", tasks(), ids=lambda task: task.key)
def test_every_task_becomes_a_brief_that_fits_its_family(task: Any) -> None:
    form = {"task": task.key, "corpus": "c", "name": "mine", "length": "own", "steps": "20", "base": "m", "seed": "3"}
    choices = wanted_of({**form, "size": str((*task.sizes, "")[0])}).choices(["en", "zh"])
    assert task.family in TRAINERS and choices["steps"] == 20 and choices["seed"] == 3
    TrainingBrief(name="mine", corpora=("c",), choices=choices)
    assert family_word(task.family, choices) == task.title


def test_every_family_that_can_be_trained_is_offered() -> None:
    assert {task.family for task in tasks()} == set(TRAINERS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"task": "nothing"}, "task.unknown"), ({"length": "ever"}, "train.choice"), ({"size": "63"}, "train.choice"),
        ({"length": "own"}, "train.length"), ({"length": "own", "steps": "3", "minutes": "3"}, "train.length"),
        ({"length": "own", "steps": "0"}, "train.length"), ({"length": "own", "steps": "-1"}, "form.number"),
        ({"length": "own", "minutes": "nan"}, "train.minutes"), ({"length": "own", "minutes": "1e99"}, "train.minutes"),
        ({"task": "tune", "size": ""}, "train.choice"), ({"name": "a\x00b"}, "form.text"),
        ({"seed": "x"}, "form.number"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(changes: dict[str, str], code: str) -> None:
    form = {"task": "gan", "corpus": "c", "name": "mine", "length": "try", "size": "64", **changes}
    with pytest.raises(UserError) as caught:
        wanted_of(form).choices()
    assert caught.value.code == code


def test_minutes_may_have_a_comma() -> None:
    form = {"task": "gan", "size": "32", "length": "own", "minutes": "0,5"}
    assert wanted_of(form).choices()["minutes"] == 0.5
