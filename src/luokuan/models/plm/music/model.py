"""A language model of music in use: strict loading; new pieces, pieces that go on, parts for a melody, gaps filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.i18n import _
from luokuan.media import Note, Score
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.music.material import Placed, has_part
from luokuan.models.plm.music.sampling import USUAL, OnBar, Writer
from luokuan.models.plm.music.tokens import BAR, BEGIN, END, PAD, TOKENS, Told, density_of, notes_of, score_of
from luokuan.models.plm.sampling import Manner

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SCHEMA = 1
LONGEST = 256
"""Most bars of a piece, those that were given among them."""
TEMPO = 90.0
"""Quarter notes a minute of a piece of which nothing is said."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a piece is to be like. None: as it comes, or as what was given is.

    Args:
        bars: How many are written.
        key: See ``tokens.Told``.
        tempo: Quarter notes a minute.
        density: ``low``, ``medium`` or ``high``.
        temperature: Of the tokens.
        top_p: Only the likeliest tokens that have this probability together.
    """

    bars: int = 16
    key: int | None = None
    tempo: float | None = None
    density: str | None = None
    temperature: float = USUAL.temperature
    top_p: float = USUAL.top_p


class MusicPlm:
    """A language model over ``tokens.TOKENS``. Runs in float32, one piece at a time, so that equal seeds give equal
    music and no piece depends on its neighbours."""

    usual_temperature = USUAL.temperature
    """At which its pieces are seldom failures and still differ."""
    bar = BAR

    def __init__(self, plm: PlmModel, limits: tuple[float, float]) -> None:
        self.folder, self.network, self.limits = plm.folder, plm.network, limits
        self.context = int(plm.network.config.max_position_embeddings)
        self._writer = Writer(self.network, self.context)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> MusicPlm:
        """Load strictly: see ``PlmModel.from_folder``; and the tokens must be ours.

        Raises:
            UserError: they aren't, or the config is wrong.
        """
        limits = folder.config.get("density")
        good = isinstance(limits, list) and len(limits) == 2 and all(type(x) in (int, float) for x in limits)
        if not good or folder.config.get("schema") != SCHEMA:
            raise _unfit(folder, "density, schema")
        plm = PlmModel.from_folder(folder)
        if plm.tokenizer.get_vocab() != {name: number for number, name in enumerate(TOKENS)}:
            raise _unfit(folder, "tokenizer.json")
        if int(plm.network.config.max_position_embeddings) < 32:
            raise _unfit(folder, "max_position_embeddings")
        assert isinstance(limits, list)
        return cls(plm, (float(limits[0]), float(limits[1])))

    def sample(self, seed: int, *, bars: int, temperature: float = USUAL.temperature) -> Score:
        """A new piece, as it comes."""
        return self.write(Asked(bars=bars, temperature=temperature), seed)

    def write(self, asked: Asked, seed: int, *, on_bar: OnBar | None = None) -> Score:
        """A new piece, which ends.

        Raises:
            UserError: too few or too many bars.
        """
        check_bars(asked.bars)
        bars = self._writer.write(told(asked), asked.bars, stream=stream(seed), manner=manner(asked), on_bar=on_bar)
        return score_of(notes_of(bars), asked.tempo or TEMPO)

    def go_on(self, given: Placed, asked: Asked, seed: int, *, on_bar: OnBar | None = None) -> Score:
        """What was given, and ``asked.bars`` more.

        Raises:
            UserError: too few or too many bars.
        """
        check_bars(asked.bars, len(given.bars))
        bars = self._writer.write(
            self._like(given, asked),
            asked.bars,
            stream=stream(seed),
            manner=manner(asked),
            before=given.bars,
            on_bar=on_bar,
        )
        first = len(given.bars)
        new = notes_of(bars, first=first)
        return score_of([*kept(given.notes, 0, first), *new], asked.tempo or given.tempo)

    def accompany(self, given: Placed, asked: Asked, seed: int, *, on_bar: OnBar | None = None) -> Score:
        """The melody that was given, with the other parts to it; as long as it is.

        Raises:
            UserError: it holds no melody, or is too long.
        """
        if not has_part(given.bars, "melody"):
            raise UserError(
                _("The given file holds no melody."),
                _("Give a track with one note at a time, or call it 'melody'."),
                code="create.melody",
            )
        check_bars(1, len(given.bars) - 1)
        bars = self._writer.write(
            self._like(given, asked, density=False),
            len(given.bars),
            stream=stream(seed),
            manner=manner(asked),
            melody=given.bars,
            on_bar=on_bar,
        )
        own = [note for note in given.notes if note.track == 0]
        return score_of([*own, *(n for n in notes_of(bars) if n.track)], asked.tempo or given.tempo)

    def infill(
        self, given: Placed, first: int, last: int, asked: Asked, seed: int, *, on_bar: OnBar | None = None
    ) -> Score:
        """What was given, with the bars ``first`` to ``last`` written anew, both counted from 1 and both included.

        Raises:
            UserError: there are no such bars, or too many.
        """
        count = len(given.bars)
        if not 1 <= first <= last <= count:
            raise UserError(
                _("Bars {first} to {last} are not in the piece, which has {count}.", first=first, last=last,
                  count=count),
                _("Give --from-bar and --to-bar within it."),
                code="create.bars",
            )  # fmt: skip
        check_bars(1, count - 1)
        bars = self._writer.fill(
            self._like(given, asked),
            given.bars[: first - 1],
            given.bars[last:],
            last - first + 1,
            stream=stream(seed),
            manner=manner(asked),
            on_bar=on_bar,
        )
        around = [*kept(given.notes, 0, first - 1), *kept(given.notes, last, count)]
        return score_of([*around, *notes_of(bars, first=first - 1, last=last)], asked.tempo or given.tempo)

    def _like(self, given: Placed, asked: Asked, *, density: bool = True) -> Told:
        """What is asked for, and else what is given."""
        found = told(asked)
        if density and found.density is None:
            sounding = [len(bar) for bar in given.bars]
            found = replace(found, density=density_of(sum(sounding) / max(len(sounding), 1), self.limits))
        key = given.key if found.key is None else found.key
        return replace(found, key=key, tempo=asked.tempo or given.tempo)


def told(asked: Asked) -> Told:
    """What stands in front of a piece."""
    return Told(asked.key, asked.tempo or TEMPO, asked.density)


def manner(asked: Asked) -> Manner:
    """How tokens are drawn."""
    return Manner(temperature=asked.temperature, top_p=asked.top_p)


def stream(seed: int) -> torch.Generator:
    """Where the chance of a piece comes from."""
    return torch.Generator().manual_seed(mix_seed(seed, "music"))


def kept(notes: Sequence[Note], first: int, last: int) -> list[Note]:
    """The notes that begin in bars ``first`` to before ``last``, none longer than to its end but the piece's last."""
    found = []
    for note in notes:
        # A note a little early belongs to the beat that it means.
        place = round(note.start * 4) // 16
        if first <= place < last:
            room = last * BAR - note.start
            found.append(note if note.length <= room or room <= 0 else replace(note, length=room))
    return found


def check_bars(bars: int, given: int = 0) -> None:
    """Refuse lengths that aren't written.

    Raises:
        UserError: none, or too many with those that were given.
    """
    if bars < 1 or bars + given > LONGEST:
        raise UserError(
            _("The number of bars is out of its range."),
            _("--bars lies in 1…{most}.", most=max(LONGEST - given, 0)),
            code="create.range",
        )


def tokenizer() -> PreTrainedTokenizerFast:
    """The tokens as a tokenizer of transformers: names with spaces between them."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    table = {name: number for number, name in enumerate(TOKENS)}
    backend = Tokenizer(models.WordLevel(table, unk_token=TOKENS[PAD]))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=TOKENS[BEGIN],
        eos_token=TOKENS[END],
        pad_token=TOKENS[PAD],
        unk_token=TOKENS[PAD],
        clean_up_tokenization_spaces=False,
    )


def _unfit(folder: ModelFolder, what: Any) -> UserError:
    return UserError(
        _("{path} is no language model of music that can be used: {what}.", path=folder.path, what=what),
        _("Take another copy of the model, or train it again."),
        code="model.music",
    )
