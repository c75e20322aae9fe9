"""Sentences with slots by a language model that has learnt them: only those slots, each once, and no figure else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from luokuan.create.slotcopy import Task
from luokuan.create.slots import SLOTS, TRUTHS, placeholder, values_of

if TYPE_CHECKING:
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.plm.sampling import Manner

LONGEST = 96
"""Most tokens of a sentence."""


def writes_slots(model: PlmModel) -> bool:
    """Whether the model's tokenizer has learnt the placeholders of the corpus."""
    known = model.tokenizer.get_vocab().keys()
    return all(f"Ġ{placeholder(name)}" in known for name in ("batteryrating", "powerconsumption", "screensizerange"))


def write_sentences(
    model: PlmModel, tasks: Sequence[Task], *, seed: int, among: int, manner: Manner, strict: bool = True
) -> list[list[str]]:
    """For each task, ``among`` sentences with slots, the likeliest first.

    Args:
        strict: Whether only placeholders of the task may be written, each once, and no digit: for one product, since
            those of a second one hold digits.
    """
    from luokuan.models.plm.writing import write

    given = [task for task in tasks for _draft in range(among)]
    allowed = _only([task.attributes for task in given], model) if strict else None
    whole = replace(manner, max_tokens=LONGEST, stop=("\n",))
    written = write(model, [task.head for task in given], seed=seed, manner=whole, allowed=allowed)
    texts = [" ".join(found.text.split()) for found in written]
    rows = [texts[start : start + among] for start in range(0, len(texts), among)]
    return [
        _likeliest_first(model, task.head, row) if among > 1 else row for task, row in zip(tasks, rows, strict=True)
    ]


def _likeliest_first(model: PlmModel, head: str, sentences: Sequence[str]) -> list[str]:
    """By the mean -log p of a token, equal ones as they are."""
    means = nats_given(model, [head] * len(sentences), sentences)
    return [sentences[place] for place in sorted(range(len(sentences)), key=means.__getitem__)]


def nats_given(model: PlmModel, heads: Sequence[str], texts: Sequence[str]) -> list[float]:
    """The mean -log p of a token of each text, the end's too, given its heading, in nats."""
    import torch

    from luokuan.models.plm.likelihood import nats_of
    from luokuan.models.plm.tokenizers import encode
    from luokuan.models.plm.writing import end_tokens, prompt_tokens

    end = min(end_tokens(model))
    starts = [prompt_tokens(model, head) for head in heads]
    rows = [[*start, *own, end] for start, own in zip(starts, encode(model.tokenizer, list(texts)), strict=True)]
    longest = max(map(len, rows))
    padded = torch.tensor([row + [end] * (longest - len(row)) for row in rows])
    with torch.inference_mode():
        nats = nats_of(model.network, padded, end).view(len(rows), -1)
    return [
        float(own[len(start) - 1 : len(row) - 1].mean()) for own, start, row in zip(nats, starts, rows, strict=True)
    ]


def _only(rows: Sequence[Sequence[tuple[str, str]]], model: PlmModel) -> Callable[[int, Sequence[int]], Any]:
    """What may follow in each sentence; see ``write_sentences``."""
    import torch

    vocabulary = model.tokenizer.get_vocab()
    words = int(model.network.get_input_embeddings().weight.shape[0])
    every = {placeholder(name) for names in SLOTS.values() for name in names if name not in TRUTHS}
    slots = {number: word for text, number in vocabulary.items() if (word := text.removeprefix("Ġ")) in every}
    digits = [number for text, number in vocabulary.items() if re.search(r"\d", text)]
    wanted = [frozenset(values_of(row)) for row in rows]

    @lru_cache(maxsize=4096)
    def mask(left: frozenset[str]) -> Any:
        found = torch.ones(words, dtype=torch.bool)
        found[[*digits, *(number for number, slot in slots.items() if slot not in left)]] = False
        return found

    return lambda number, tokens: mask(wanted[number] - {slots[token] for token in tokens if token in slots})
