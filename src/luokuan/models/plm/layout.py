"""From examples to rows of tokens: where the prompt ends and the answer begins, in words or as turns of a chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.corpus import Example
from luokuan.foundation.corpus.examples import ANSWERING
from luokuan.foundation.corpus.reader import BROKEN_LIMIT
from luokuan.i18n import _
from luokuan.models.plm import chat
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.tokenizers import encode
from luokuan.models.plm.writing import end_tokens, prompt_tokens

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<' + message['role'] + '>\\n' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<assistant>\\n' }}{% endif %}"
)
"""Chat template of models that come without one: each turn begins with its role on a line of its own, and the
assistant's end with the token that ends texts."""


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt with one answer.

    Args:
        tokens: int64 (T,), the prompt's, then the answer's with its end.
        start: Place of the answer's first token, at least 1.
    """

    tokens: NDArray[np.int64]
    start: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a split.

    Args:
        rows: For each example one row for each of its answers.
        left_out: Examples whose prompt fills the context.
        cut: Answers whose end didn't fit into it.
    """

    rows: tuple[tuple[Row, ...], ...]
    left_out: int
    cut: int

    @property
    def answer_tokens(self) -> int:
        """Tokens of all answers."""
        return sum(len(row.tokens) - row.start for pair in self.rows for row in pair)


def lay_out(model: PlmModel, examples: Sequence[Example], *, context: int, as_chat: bool) -> Rows:
    """Tokens of ``examples`` as the model will see them when it writes: a plain prompt begun by the token that begins
    documents and followed at once by its answer, a conversation as the chat template says.

    Args:
        context: Most tokens of a row; an answer that doesn't fit is cut and then has no end. What comes after the end
            of the assistant's turn, such as a line break, isn't part of the answer.
        as_chat: Plain prompts are a user's turn, too.

    Raises:
        UserError: more than 5 % of the prompts fill the context; no usable chat template.
    """
    ends = end_tokens(model)
    found: list[tuple[Row, ...]] = []
    too_long: list[tuple[Example, int]] = []
    cut = 0
    for example, prompt, answers in _tokens(model, examples, as_chat):
        if len(prompt) > context - 1:
            too_long.append((example, len(prompt)))
            continue
        pair = []
        for tokens in answers:
            whole = [*prompt, *_ended(tokens, ends, int(model.tokenizer.eos_token_id))]
            cut += len(whole) > context
            pair.append(Row(np.array(whole[:context], dtype=np.int64), len(prompt)))
        found.append(tuple(pair))
    if len(too_long) > BROKEN_LIMIT * len(examples):
        example, length = too_long[0]
        raise UserError(
            _(
                "{count} of {all} prompts leave no room for an answer in {context} tokens, for instance {place} with "
                "{length}.",
                count=len(too_long),
                all=len(examples),
                context=context,
                place=example.place,
                length=length,
            ),
            _("Shorten or remove them, or give a larger --context where the model has one."),
            code="corpus.long_prompts",
        )
    return Rows(tuple(found), len(too_long), cut)


def _ended(tokens: list[int], ends: frozenset[int], end: int) -> list[int]:
    """``tokens`` up to the first that ends a text; with ``end`` where there is none, or it would never learn to."""
    for place, token in enumerate(tokens):
        if token in ends:
            return tokens[: place + 1]
    return [*tokens, end]


def _tokens(
    model: PlmModel, examples: Sequence[Example], as_chat: bool
) -> list[tuple[Example, list[int], list[list[int]]]]:
    found: list[tuple[Example, list[int], list[list[int]]]] = []
    chats = [example for example in examples if as_chat or example.turns]
    for example in examples:
        if not (as_chat or example.turns):
            answers = encode(model.tokenizer, list(example.answers))
            found.append((example, prompt_tokens(model, example.prompt), answers))
    for example, prompt, answers_as_text in _chats(model, chats) if chats else ():
        answers = [prompt_tokens(model, text, chat=True) for text in answers_as_text]
        found.append((example, prompt_tokens(model, prompt, chat=True), answers))
    if chats and len(chats) < len(examples):  # back to the order of the corpus
        order = {id(example): number for number, example in enumerate(examples)}
        found.sort(key=lambda item: order[id(item[0])])
    return found


def _chats(model: PlmModel, examples: Sequence[Example]) -> list[tuple[Example, str, list[str]]]:
    """(example, prompt, answers) as the template lays them out."""
    asked = []
    for example in examples:
        turns = example.turns or (("user", example.prompt),)
        asked.append((_messages(turns), True))
        asked += [(_messages((*turns, (ANSWERING, answer))), False) for answer in example.answers]
    texts = iter(chat.laid_out(model, asked))
    found = []
    for example in examples:
        prompt, wholes = next(texts), [next(texts) for _answer in example.answers]
        if not all(whole.startswith(prompt) and len(whole) > len(prompt) for whole in wholes):
            raise UserError(
                _(
                    "The chat template of '{name}' doesn't put the answer after what asks for it ({place}).",
                    name=model.folder.name,
                    place=example.place,
                ),
                _("Give columns prompt and completion without --chat, or another model."),
                code="chat.template",
            )
        found.append((example, prompt, [whole[len(prompt) :] for whole in wholes]))
    return found


def _messages(turns: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


@dataclass(frozen=True, slots=True)
class Padded:
    """Rows of one length.

    Args:
        tokens: int64 (B, T), filled up at the end: no token looks at a later one, so that none sees the filling.
        counted: bool (B, T - 1): whether token t + 1 is part of the answer.
    """

    tokens: Tensor
    counted: Tensor


def padded(rows: Sequence[Row], *, fill: int, device: str = "cpu") -> Padded:
    """``rows``, at least one, as tensors on ``device``."""
    length = max(len(row.tokens) for row in rows)
    tokens = np.full((len(rows), length), fill, dtype=np.int64)
    counted = np.zeros((len(rows), length - 1), dtype=np.bool_)
    for number, row in enumerate(rows):
        tokens[number, : len(row.tokens)] = row.tokens
        counted[number, row.start - 1 : len(row.tokens) - 1] = True
    return Padded(torch.from_numpy(tokens).to(device), torch.from_numpy(counted).to(device))
