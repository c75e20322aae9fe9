"""Writing texts with a language model: prompts in, texts out, batched and piece by piece.

What is guaranteed: on one machine, with one version of PyTorch and one number of threads, the same call gives the same
texts. The randomness of a text depends on its seed alone; its logits are those of the text written alone but for the
rounding of float32 in products of another batch size (about 1e-5), which can change a token where two are nearly as
likely, or where a uniform number falls on the edge between them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.i18n import _
from luokuan.models.plm.decoding import Decoder, decoder_of
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner, next_tokens
from luokuan.models.plm.tokenizers import encode
from luokuan.models.plm.transcript import Cut, Spelling
from luokuan.models.plm.watermark import Watermark

TOGETHER = 16
"""Texts that are written at a time."""
_ENCODING = threading.Lock()
"""Whether marks in a text are marks is a switch of the tokenizer, which threads share."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text.

    Args:
        text: What follows the prompt, without the stop string and without a last character that isn't whole.
        tokens: All tokens that were drawn but the end's; those of the stop string are among them.
        ended: Why it ended: ``end`` (the model said so), ``stop`` (a stop string came), ``length`` (the most tokens
            that were asked for) or ``context`` (the most tokens, with the prompt, that the model can look at).
        prompt_tokens: Tokens of the prompt, with the mark that begins a document.
    """

    text: str
    tokens: tuple[int, ...]
    ended: str
    prompt_tokens: int


def write(
    model: PlmModel,
    prompts: Sequence[str],
    *,
    seed: int = 0,
    manner: Manner | None = None,
    on_text: Callable[[int, str], None] | None = None,
    chat: bool = False,
    precision: str = "float32",
    allowed: Callable[[int, Sequence[int]], Tensor] | None = None,
    watermark: Watermark | None = None,
    on_token: Callable[[int, int, Tensor], None] | None = None,
) -> list[Written]:
    """Go on from each prompt.

    Args:
        prompts: What texts begin with; an empty one begins a new document.
        seed: Text i draws from the stream of seed + i: the same alone and among others.
        manner: How to draw.
        on_text: Called with the number of a text and its next piece as soon as that is certain; the pieces of a text
            put together are its ``text``. What it raises ends the writing.
        chat: The prompts come from ``chat.as_chat``: marks in them are marks.
        precision: ``float32``, or ``bf16``, which is quicker for many texts on CPUs with AMX or AVX512-BF16 and gives
            other texts; networks that go through transformers don't look at it.
        allowed: Called with the number of a text and its tokens so far, before each token; returns which may follow,
            bool (V,), one of them at least.
        watermark: Makes its green tokens likelier.
        on_token: Called with the number of a text, each of its tokens but the end's, and the logits from which it was
            drawn as the network gave them, float32 (V,).

    Raises:
        UserError: ``manner`` can't work, or a prompt holds half a character or too many tokens.
    """
    manner = manner or Manner()
    manner.check()
    context = context_of(model)
    rows = [prompt_tokens(model, prompt, chat=chat) for prompt in prompts]
    for tokens in rows:
        if context is not None and len(tokens) > context - 1:
            mark = not chat
            raise UserError(
                _(
                    "The prompt has {count} tokens, and {most} may be.",
                    count=len(tokens) - mark,
                    most=context - 1 - mark,
                ),
                _("Shorten it: the model looks at {context} tokens at a time.", context=context),
                code="prompt.too_long",
            )
    ends = end_tokens(model)

    def spell(numbers: list[int]) -> str:
        return str(model.tokenizer.backend_tokenizer.decode(numbers, skip_special_tokens=True))

    decoder = decoder_of(model.network, precision)
    texts = [_Text(i, row, spell, seed + i, manner, context, ends, on_text) for i, row in enumerate(rows)]
    with torch.inference_mode():
        for start in range(0, len(texts), TOGETHER):
            _write(decoder, model, texts[start : start + TOGETHER], manner, allowed, watermark, on_token)
    return [text.written() for text in texts]


def context_of(model: PlmModel) -> int | None:
    """Most tokens that the model can look at, with what it writes; None if nothing says so."""
    found = getattr(model.network.config.get_text_config(decoder=True), "max_position_embeddings", None)
    return found if isinstance(found, int) and found > 0 else None


def prompt_tokens(model: PlmModel, prompt: str, *, chat: bool = False) -> list[int]:
    """Tokens of a prompt, begun by the token that begins documents; see ``write`` for ``chat``, which begins as its
    template says.

    Raises:
        UserError: half a character (a lone surrogate).
    """
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            _("The prompt holds half a character at place {place}.", place=error.start + 1),
            _("Remove it, or give the text as UTF-8."),
            code="prompt.surrogate",
        ) from error
    with _ENCODING:
        if not chat:
            return [_start(model), *encode(model.tokenizer, [prompt])[0]]
        backend = model.tokenizer.backend_tokenizer
        backend.encode_special_tokens = False
        return list(backend.encode(prompt, add_special_tokens=False).ids) or [_start(model)]


def _start(model: PlmModel) -> int:
    """The token that begins documents: in our models that which ends them, too."""
    found = getattr(model.network.config.get_text_config(decoder=True), "bos_token_id", None)
    return found if isinstance(found, int) else int(model.tokenizer.eos_token_id)


def end_tokens(model: PlmModel) -> frozenset[int]:
    """The tokens with which the model ends a text."""
    sources = (model.network.generation_config, model.network.config, model.tokenizer)
    found: set[int] = set()
    for source in sources:
        value = getattr(source, "eos_token_id", None)
        found.update(value if isinstance(value, list) else [value] if isinstance(value, int) else [])
    return frozenset(found)


def barred_tokens(model: PlmModel, words: int) -> Tensor:
    """True for tokens that a text can't have, bool (words,): numbers without a token, those that generation_config.json
    suppresses, and the one for unknown characters."""
    barred = torch.ones(words, dtype=torch.bool)
    barred[[number for number in model.tokenizer.get_vocab().values() if number < words]] = False
    named = list(getattr(model.network.generation_config, "suppress_tokens", None) or [])
    if (unknown := model.tokenizer.unk_token_id) not in (None, *end_tokens(model)):
        named.append(unknown)
    barred[[number for number in named if isinstance(number, int) and 0 <= number < words]] = True
    return barred


class _Text:
    """One text under way."""

    def __init__(
        self,
        number: int,
        prompt: list[int],
        spell: Callable[[list[int]], str],
        seed: int,
        manner: Manner,
        context: int | None,
        ends: frozenset[int],
        on_text: Callable[[int, str], None] | None,
    ) -> None:
        self.number, self.prompt, self.ended = number, prompt, ""
        self._ends, self._on_text = ends, on_text
        self._most = manner.max_tokens
        self._room = None if context is None else context - len(prompt)
        self._spelling, self._cut = Spelling(spell, prompt), Cut(manner.stop)
        self._tokens: list[int] = []
        self._pieces: list[str] = []
        self._random = np.random.Generator(np.random.PCG64(mix_seed(seed, "text")))

    @property
    def tokens(self) -> Sequence[int]:
        """What was drawn so far."""
        return self._tokens

    def uniform(self) -> float:
        """The next number of its stream, in [0, 1)."""
        return float(self._random.random())

    def is_end(self, token: int) -> bool:
        """Whether the model ends the text with it."""
        return token in self._ends

    def take(self, token: int) -> bool:
        """Take the next token in; whether the text goes on."""
        if token in self._ends:
            self.ended = "end"
        else:
            self._tokens.append(token)
            piece, stopped = self._cut.add(self._spelling.add(token))
            self._tell(piece)
            if stopped:
                self.ended = "stop"
            elif len(self._tokens) == self._most:
                self.ended = "length"
            elif len(self._tokens) == self._room:
                self.ended = "context"
        if self.ended:
            self._tell(self._cut.rest())
        return not self.ended

    def _tell(self, piece: str) -> None:
        if piece:
            self._pieces.append(piece)
            if self._on_text is not None:
                self._on_text(self.number, piece)

    def written(self) -> Written:
        """The whole."""
        return Written("".join(self._pieces), tuple(self._tokens), self.ended, len(self.prompt))


def _write(
    decoder: Decoder,
    model: PlmModel,
    texts: list[_Text],
    manner: Manner,
    allowed: Callable[[int, Sequence[int]], Tensor] | None,
    watermark: Watermark | None,
    on_token: Callable[[int, int, Tensor], None] | None,
) -> None:
    passage, logits = decoder.begin([text.prompt for text in texts])
    barred = barred_tokens(model, logits.shape[1])
    barred_or_none = barred if bool(barred.any()) else None
    seen = _seen(texts, logits.shape[1]) if manner.repetition_penalty != 1 else None
    while True:
        uniforms = torch.tensor([text.uniform() for text in texts], dtype=torch.float64)
        if allowed is not None:
            may = torch.stack([allowed(text.number, text.tokens) for text in texts])  # (B, V)
            barred_or_none = barred | ~may
        plain = logits
        if watermark is not None:
            biases = [watermark.bias((*text.prompt[-1:], *text.tokens[-1:])[-1]) for text in texts]
            logits = logits + torch.from_numpy(np.stack(biases))  # (B, V)
        tokens: list[Any] = next_tokens(logits, uniforms, manner, seen=seen, barred=barred_or_none).tolist()
        if on_token is not None:
            for row, (text, token) in enumerate(zip(texts, tokens, strict=True)):
                if not text.is_end(token):
                    on_token(text.number, token, plain[row])
        on = [row for row, (text, token) in enumerate(zip(texts, tokens, strict=True)) if text.take(token)]
        if not on:
            return
        if len(on) < len(texts):
            passage.keep(on)
            texts, tokens = [texts[row] for row in on], [tokens[row] for row in on]
            seen = None if seen is None else seen[on]
        if seen is not None:
            seen[torch.arange(len(on)), tokens] = True
        logits = passage.step(torch.tensor(tokens))


def _seen(texts: list[_Text], words: int) -> Tensor:
    """True for the tokens of each prompt but the one that begins it, which is no part of the text, bool (B, V)."""
    seen = torch.zeros(len(texts), words, dtype=torch.bool)
    for row, text in enumerate(texts):
        seen[row, text.prompt[1:]] = True
    return seen
