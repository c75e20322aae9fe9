"""Writing music with a language model: bar by bar, only what the grammar allows, with what is given kept as it is.

The network looks at ``context`` tokens. Where a piece is longer, it goes on from a window that begins with a later
bar, with a head that tells how many bars are left from there: so were all excerpts of the training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from luokuan.models.plm.decoding import Passage, decoder_of
from luokuan.models.plm.music.grammar import Grammar
from luokuan.models.plm.music.tokens import (
    END,
    HEAD,
    MIDDLE,
    NEW_BAR,
    SUFFIX,
    Bar,
    Told,
    bar_tokens,
    bars_of,
    bars_token,
)
from luokuan.models.plm.sampling import Manner, next_tokens

USUAL = Manner(temperature=0.95, top_p=0.95)
"""In which its pieces are seldom failures and still differ."""
SHARE = 3
"""A bar has at most a third of the window."""

SPARE = 4
"""Tokens by which a bar may be longer than that: a note that was begun is ended."""

OnBar = Callable[[int], None]
"""Called with the number of bars that are written."""


class Writer:
    """Writes bars.

    Args:
        network: A causal language model of transformers in eval mode, over ``tokens.TOKENS``.
        context: Tokens that it looks at.
    """

    def __init__(self, network: Any, context: int) -> None:
        self._decoder = decoder_of(network)
        self._rows = int(network.get_input_embeddings().weight.shape[0])
        self._context, self._most = context, context // SHARE

    def write(
        self,
        told: Told,
        count: int,
        *,
        stream: torch.Generator,
        manner: Manner = USUAL,
        before: Sequence[Bar] = (),
        melody: Sequence[Bar] = (),
        follows: int = 0,
        on_bar: OnBar | None = None,
    ) -> list[Bar]:
        """``count`` bars that go on from those ``before`` them.

        Args:
            told: What they are to be like; ``left`` isn't looked at.
            stream: Where chance comes from.
            manner: How to draw.
            melody: For each bar the melody, to which the other parts are written; empty: all parts are written.
            follows: Bars of the piece behind those that are written.
        """
        done: list[list[int]] = [bar_tokens(bar) for bar in before]
        behind = count + follows
        passage, _logits, room = self._begin(told, done, behind)
        found: list[Bar] = []
        for number in range(count):
            given = [note for note in melody[number] if note[0] == 0] if melody else []
            forced = bar_tokens(given)
            if room < max(self._most, len(forced)) + SPARE:
                passage, _logits, room = self._begin(told, done, behind - number)
            tokens = self._bar(passage, forced, 0 if melody else -1, stream, manner)
            room -= len(tokens)
            done.append(tokens)
            found += bars_of(tokens)
            if on_bar is not None:
                on_bar(number + 1)
        return found

    def fill(
        self,
        told: Told,
        before: Sequence[Bar],
        behind: Sequence[Bar],
        count: int,
        *,
        stream: torch.Generator,
        manner: Manner = USUAL,
        on_bar: OnBar | None = None,
    ) -> list[Bar]:
        """``count`` bars between those ``before`` and those ``behind``: the last ones, as many as take a third of the
        window, as a gap is filled; those before them, if there are any, as a piece goes on."""
        around = [len(bar_tokens(bar)) for bar in (*before, *behind)]
        usual = max(sum(around) // max(len(around), 1), 1)
        gap = min(count, max(self._context // (3 * usual), 1)) if behind else 0
        found = self.write(
            told,
            count - gap,
            stream=stream,
            manner=manner,
            before=before,
            follows=gap + len(behind),
            on_bar=on_bar,
        )
        if not gap:
            return found
        first = [bar_tokens(bar) for bar in (*before, *found)]
        last = [bar_tokens(bar) for bar in behind]
        for number in range(gap):
            # Each bar begins anew: what is written may be longer than what was reckoned with.
            own = first[-1 - number :] if number else []
            kept, following = self._around(first[: len(first) - number], last, own, gap - number, usual)
            prompt = [
                *Told(told.key, told.tempo, told.density, len(kept) + gap + len(behind)).tokens(),
                *(token for bar in kept for token in bar),
                SUFFIX,
                *(token for bar in following for token in bar),
                MIDDLE,
                bars_token(gap),
                *(token for bar in own for token in bar),
            ]
            passage, _logits = self._decoder.begin([prompt])
            tokens = self._bar(passage, [NEW_BAR], -1, stream, manner)
            first.append(tokens)
            found += bars_of(tokens)
            if on_bar is not None:
                on_bar(count - gap + number + 1)
        return found

    def _around(
        self, before: list[list[int]], behind: list[list[int]], own: list[list[int]], left: int, usual: int
    ) -> tuple[list[list[int]], list[list[int]]]:
        """As many bars next to a gap, on both sides in turn, as leave room for what is to be written into it."""
        room = self._context - HEAD - 3 - sum(map(len, own)) - max(self._most, left * usual)
        kept: list[list[int]] = []
        following: list[list[int]] = []
        sides = [(list(reversed(before)), kept), (list(behind), following)]
        while True:
            taken = False
            for waiting, side in (sides[1], sides[0]):
                if waiting and len(waiting[0]) <= room:
                    room -= len(waiting[0])
                    side.append(waiting.pop(0))
                    taken = True
            if not taken:
                return kept[::-1], following

    def _begin(self, told: Told, done: Sequence[Sequence[int]], left: int) -> tuple[Passage, torch.Tensor, int]:
        """A window with the last of the bars that are there; also how many tokens it still holds."""
        room = self._context - HEAD - 2 * self._most
        kept: list[Sequence[int]] = []
        for bar in reversed(done):
            if len(bar) > room:
                break
            room -= len(bar)
            kept.insert(0, bar)
        head = Told(told.key, told.tempo, told.density, len(kept) + left).tokens()
        prompt = head + [token for bar in kept for token in bar]
        passage, logits = self._decoder.begin([prompt])
        return passage, logits, self._context - len(prompt)

    def _bar(
        self, passage: Passage, forced: Sequence[int], above: int, stream: torch.Generator, manner: Manner
    ) -> list[int]:
        """The tokens of a bar that begins with ``forced``; what ends it isn't among them, nor read."""
        grammar, tokens = Grammar(self._rows, self._most), list(forced)
        for token in tokens:
            grammar.take(token)
            logits = passage.step(torch.tensor([token]))
        while True:
            uniform = torch.rand(1, generator=stream, dtype=torch.float64)
            token = int(next_tokens(logits, uniform, manner, barred=grammar.barred(above=above)[None])[0])
            if token in (NEW_BAR, END):
                return tokens
            grammar.take(token)
            tokens.append(token)
            logits = passage.step(torch.tensor([token]))
