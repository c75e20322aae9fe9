"""From frames of pieces to what the game draws from: symbols, places where a window may begin, keys, densities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.foundation.corpus.scores import ScoreCorpus
from luokuan.i18n import _
from luokuan.models.evaluation.music import Key, key_of
from luokuan.models.gan.music.config import CLASSES, class_of
from luokuan.models.gan.music.symbols import PITCHES, to_symbols
from luokuan.models.vae.music.encodings import Encoding, decode, ranges, shifts


@dataclass(frozen=True, slots=True)
class Part:
    """One piece.

    Args:
        symbols: int64 (T, voices), see ``symbols``.
        starts: Frames at which a window may begin: bars.
        densities: The third, 0 to 2, in which each of these windows lies by its notes.
        shifts: Semitones by which the piece may be transposed.
        key: Its own key.
    """

    symbols: NDArray[np.int64]
    starts: tuple[int, ...]
    densities: tuple[int, ...]
    shifts: tuple[int, ...]
    key: Key

    def label(self, place: int, shift: int) -> int:
        """The class of the window at ``starts[place]``, transposed by ``shift``."""
        return class_of((self.key.tonic + shift) % 12, major=self.key.major, density=self.densities[place])


def parts_of(
    pieces: Sequence[NDArray[np.int64]], way: Encoding, *, window: int, bar: float, transpose: bool = True
) -> list[Part]:
    """Pieces of at least a window's length, as frames (T, voices). Thirds of density are those of all their windows.

    Args:
        window: Frames.
        bar: Quarter notes.
        transpose: Whether by up to six semitones, as far as all voices stay in the material's ranges.
    """
    long = [piece for piece in pieces if len(piece) >= window]
    if not long:
        return []
    rows = [to_symbols(piece, way) for piece in long]
    # Ranges of lines, with rests and holds out of the way as the encodings' own have them.
    limits = ranges([_pitched(row) for row in rows], way.voices)
    step = max(round(bar * way.grid), 1)
    found = [
        Part(
            row,
            tuple(range(0, len(row) - window + 1, step)),
            (),
            tuple(shifts(_pitched(row), limits)) if transpose else (0,),
            key_of(decode(piece, way)),
        )
        for row, piece in zip(rows, long, strict=True)
    ]
    amounts = [_struck(part.symbols, part.starts, window) for part in found]
    low, high = np.quantile(np.concatenate(amounts), [1 / 3, 2 / 3])
    return [
        replace(part, densities=tuple((amount > low).astype(int) + (amount > high)))
        for part, amount in zip(found, amounts, strict=True)
    ]


def _pitched(symbols: NDArray[np.int64]) -> NDArray[np.int64]:
    """Symbols with rest and hold where ``encodings`` looks for no pitch."""
    return np.where(symbols < PITCHES, symbols, symbols - PITCHES + 128)


def _struck(symbols: NDArray[np.int64], starts: Sequence[int], window: int) -> NDArray[np.int64]:
    """Notes that start in each window: a pitch that stands again (of sets) goes on."""
    again = np.zeros_like(symbols, dtype=np.bool_)
    again[1:] = symbols[1:] == symbols[:-1]
    new = ((symbols < PITCHES) & ~again).sum(axis=1)
    return np.array([int(new[start : start + window].sum()) for start in starts])


def window_at(part: Part, place: int, window: int) -> NDArray[np.int64]:
    """The window that begins at ``starts[place]``, int64 (window, voices)."""
    start = part.starts[place]
    return part.symbols[start : start + window]


def counts_of(parts: Sequence[Part]) -> tuple[int, ...]:
    """Windows of each class, in the pieces' own keys."""
    labels = [part.label(place, 0) for part in parts for place in range(len(part.starts))]
    return tuple(np.bincount(labels, minlength=CLASSES).tolist())


def require_parts(parts: Sequence[Part], corpus: ScoreCorpus, window: int) -> None:
    """Refuse material from which nothing can be drawn.

    Raises:
        UserError: fewer than two pieces are as long as a window.
    """
    if len(parts) < 2:
        raise UserError(
            _(
                "{path} has {count} training pieces of {frames} frames or more; that is too few.",
                path=corpus.path,
                count=len(parts),
                frames=window,
            ),
            _("Add longer pieces, or choose another --encoding or --grid."),
            code="corpus.too_small",
        )
