"""How a language model learns music: excerpts of whole bars, in all keys, now and then with a gap to fill."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from luokuan.foundation.compute import mix_seed
from luokuan.i18n import _
from luokuan.media import Picture, Score
from luokuan.models.plm.learning import PlmLearning, PlmSettings
from luokuan.models.plm.likelihood import TOGETHER, VALIDATED
from luokuan.models.plm.music.material import Song
from luokuan.models.plm.music.tokens import (
    DURATION,
    END,
    HEAD,
    MIDDLE,
    NEW_BAR,
    PAD,
    SUFFIX,
    TEMPI,
    Told,
    bars_token,
    density_of,
    moved,
    notes_of,
    score_of,
    transposed,
)
from luokuan.models.plm.shards import Stream

if TYPE_CHECKING:
    from transformers import Qwen3Config

SHIFTS = (-5, 6)
"""Semitones by which excerpts are moved: every key once."""
SHOWN, SHOWN_BARS = 2, 8
"""Pieces of a preview and their bars."""
EXTRA = 5
"""Tokens of an excerpt beside its head and its bars: those around a gap, and the end."""


@dataclass(frozen=True, slots=True)
class MusicSettings:
    """How a language model learns music, beside ``PlmSettings``.

    Args:
        transpose: Whether excerpts are moved to any key.
        fill: Share of excerpts with a gap, 0 to 1.
        blank: Share of keys, tempi and densities that aren't told.
    """

    transpose: bool = True
    fill: float = 0.25
    blank: float = 0.15


class MusicLearning(PlmLearning):
    """A language model of music as an objective of the training loop. An item is an excerpt that fills a window.

    Args:
        config: Shape of the network.
        settings: How it learns.
        own: Likewise.
        songs: What to learn from.
        limits: Notes a bar between low, medium and high density.
        held_out: Songs for validation.
        context: Tokens of a window.
        device: Where the network lives.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: Qwen3Config,
        settings: PlmSettings,
        own: MusicSettings,
        songs: Sequence[Song],
        *,
        limits: tuple[float, float],
        held_out: Sequence[Song],
        context: int,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.own, self._songs, self._limits, self._unseen = own, songs, limits, held_out
        self._room = context + 1 - HEAD - EXTRA
        self._places = places(songs, self._room)
        tokens = np.concatenate([song.tokens for song in songs])
        super().__init__(
            config,
            settings,
            Stream(np.resize(tokens, max(len(tokens), context + 1)), len(songs), 0),
            held_out=None,
            context=context,
            decode=lambda _numbers: "",
            device=device,
            seed=seed,
        )

    def items(self) -> int:
        """Excerpts that don't overlap."""
        return len(self._places)

    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """The excerpts at ``indices``, each moved on by a random part of its length: int64 (B, context + 1), filled up
        with ``PAD``."""
        rows = np.full((len(indices), self._context + 1), PAD, np.int64)
        draws = torch.rand(len(indices), 8).double().numpy()
        for row, index, chance in zip(rows, indices.tolist(), draws, strict=True):
            number, place = self._places[index]
            song = self._songs[number]
            at = min(int(place + chance[0] * self._room), len(song.tokens) - 1)
            first = min(int(np.searchsorted(song.starts, at, side="right")) - 1, latest(song, self._room))
            written = self._excerpt(song, first, chance[1:])
            row[: min(len(written), len(row))] = written[: len(row)]
        return torch.from_numpy(rows).to(self._device)

    def _excerpt(self, song: Song, first: int, chance: NDArray[np.float64]) -> list[int]:
        """Head and bars from ``first`` on, as many as fit."""
        low, high = SHIFTS
        shift = low + int(chance[0] * (high - low + 1)) if self.own.transpose else 0
        last = fitting(song, first, self._room)
        head = head_of(song, first, last, self._limits, shift=shift, blank=(chance[1:4] < self.own.blank).tolist())
        starts = song.starts
        tokens = transposed(song.tokens[starts[first] : starts[last]], shift).tolist()
        if chance[4] < self.own.fill and last - first >= 3:
            return head + gapped(tokens, (starts[first : last + 1] - starts[first]).tolist(), chance[5:7].tolist())
        return [*head, *tokens, *([END] if last == song.bars else [])]

    def _nats(self, model: nn.Module, rows: Tensor) -> Tensor:
        """See ``nats_in``."""
        return nats_in(model, rows)

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """-log p a token and a note of at most 262,144 tokens of held-out songs, nats, in their own key, with their
        heads, in excerpts that don't overlap and are spread evenly."""
        excerpts = held_out_rows(self._unseen, self._limits, self._context)
        total, tokens, notes = 0.0, 0, 0
        at_once = max(TOGETHER // self._context, 1)
        for start in range(0, len(excerpts), at_once):
            rows = excerpts[start : start + at_once]
            nats = self._nats(average["model"], torch.from_numpy(rows).to(self._device))
            total += float(nats.double().sum())
            tokens += len(nats)
            notes += notes_in(rows)
        if not tokens:
            return {}
        return {
            "songs": float(len(self._unseen)),
            "tokens": float(tokens),
            "notes": float(notes),
            "nats_per_token": total / tokens,
            "nats_per_note": total / max(notes, 1),
        }

    def preview(self, average: Mapping[str, nn.Module]) -> Picture | None:
        """Piano-rolls of two pieces in C major, the same each time for equal weights."""
        from luokuan.models.plm.music.sampling import USUAL, Writer
        from luokuan.models.vae.music.pianoroll import strip

        network = copy.deepcopy(average["model"]).float().cpu().eval()
        writer = Writer(network, self._context)
        scores: list[Score] = []
        for index in range(SHOWN):
            stream = torch.Generator().manual_seed(mix_seed("preview", index))
            told = Told(key=0, tempo=float(TEMPI[4]))
            bars = writer.write(told, SHOWN_BARS, stream=stream, manner=USUAL)
            scores.append(score_of(notes_of(bars), float(TEMPI[4])))
        return Picture(strip(scores, columns=1, quarters=4.0 * SHOWN_BARS))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Whether it still improved or learnt by heart, in words."""
        seen = [row for row in history if "validation/nats_per_token" in row]
        if len(seen) < 2:
            return []
        costs = [float(row["validation/nats_per_token"]) for row in seen]
        best = costs.index(min(costs))
        if costs[-1] > costs[best] + 0.01:
            return [
                _(
                    "After step {best} of {steps} held-out music was predicted worse: from there on it learns its "
                    "pieces by heart.",
                    best=seen[best]["step"],
                    steps=seen[-1]["step"],
                )
            ]
        if best == len(costs) - 1 and costs[-2] > costs[-1] + 0.005:
            return [_("It was still improving at the end: a longer run would give better music.")]
        return []


def places(songs: Sequence[Song], room: int) -> list[tuple[int, int]]:
    """(song, token) at which excerpts of ``room`` tokens begin that don't overlap."""
    return [
        (number, at) for number, song in enumerate(songs) for at in range(0, max(len(song.tokens) - room // 2, 1), room)
    ]


def fitting(song: Song, first: int, room: int) -> int:
    """The bar before which an excerpt from bar ``first`` on ends so that its tokens have room; one bar at least is in
    it, cut where it is longer."""
    last = int(np.searchsorted(song.starts, song.starts[first] + room, side="right")) - 1
    return max(last, first + 1)


def latest(song: Song, room: int) -> int:
    """The last bar from which on an excerpt fills the room, or nearly so."""
    return int(np.searchsorted(song.starts[:-1], max(len(song.tokens) - room, 0)).clip(0, song.bars - 1))


def head_of(
    song: Song,
    first: int,
    last: int,
    limits: tuple[float, float],
    *,
    shift: int = 0,
    blank: Sequence[bool] = (False, False, False),
) -> list[int]:
    """What stands in front of the bars ``first`` to before ``last``, but for what is ``blank``: key, tempo, density."""
    key, tempo, density = blank
    told = Told(
        None if key else moved(song.key, shift),
        None if tempo else song.tempo,
        None if density else density_of(float(song.counts[first:last].mean()), limits),
        song.bars - first,
    )
    return told.tokens()


def gapped(tokens: list[int], starts: list[int], chances: Sequence[float]) -> list[int]:
    """Bars with a gap of one bar to half of them: before it, behind it, it.

    Args:
        tokens: Of at least three bars.
        starts: Where each begins, and the end.
        chances: Two numbers in [0, 1): how long the gap is, and where.
    """
    bars = len(starts) - 1
    length = 1 + int(chances[0] * (bars // 2))
    first = int(chances[1] * (bars - length))  # a bar behind it always stays
    before, gap, behind = (
        tokens[: starts[first]],
        tokens[starts[first] : starts[first + length]],
        tokens[starts[first + length] :],
    )
    return [*before, SUFFIX, *behind, MIDDLE, bars_token(length), *gap, END]


def held_out_rows(songs: Sequence[Song], limits: tuple[float, float], context: int) -> NDArray[np.int64]:
    """Excerpts of songs one after the other, each with its head, (N, context + 1); of very many, evenly spread ones."""
    room = context + 1 - HEAD - EXTRA
    chosen = []
    for song in songs:
        first = 0
        while first < song.bars:
            last = min(fitting(song, first, room), song.bars)
            chosen.append((song, first, last))
            first = last
    most = max(VALIDATED // context, 1)
    if len(chosen) > most:
        chosen = [chosen[i] for i in np.linspace(0, len(chosen) - 1, most).round().astype(int)]
    rows = np.full((len(chosen), context + 1), PAD, np.int64)
    for row, (song, first, last) in zip(rows, chosen, strict=True):
        body = song.tokens[song.starts[first] : song.starts[last]].tolist()
        written = [*head_of(song, first, last, limits), *body, *([END] if last == song.bars else [])]
        row[: min(len(written), len(row))] = written[: len(row)]
    return rows


def nats_in(model: Any, rows: Tensor) -> Tensor:
    """-log p of each token of the bars of ``rows`` (B, T + 1), and of each end, given all before it: (N,)."""
    logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    wanted = rows[:, 1:]
    counted = (wanted >= NEW_BAR) | (wanted == END)
    return F.cross_entropy(logits.float()[counted], wanted[counted], reduction="none")


def notes_in(rows: NDArray[np.int64]) -> int:
    """How many notes the tokens hold."""
    return int((rows >= DURATION).sum())
