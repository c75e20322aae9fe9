"""Keeping a language model to a form of verse while it writes: which characters may stand at the next place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from luokuan.create.prosody import HANZI, LEVEL, OBLIQUE, Form, common_rhymes, level_rhymes, rhyme_table, tone_at, tones
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    import torch

    from luokuan.models.plm.model import PlmModel

ROOM = 8
"""Characters that a rhyme must have among those that the model knows, to be chosen."""
TITLE = 12
"""Characters of the longest title that the model gives itself."""


class Characters:
    """The characters that a model writes one by one, by what they are good for. Masks are bool (V,).

    Raises:
        UserError: it writes characters in pieces, or hardly any hanzi.
    """

    def __init__(self, model: PlmModel) -> None:
        import torch

        self.words = int(model.network.get_input_embeddings().weight.shape[0])
        self.known = {text: number for text, number in model.tokenizer.get_vocab().items() if len(text) == 1}
        hanzi = {text: number for text, number in self.known.items() if HANZI.match(text)}
        if len(hanzi) < 500 or not {"，", "。", "\n", "·"} <= self.known.keys():
            raise UserError(
                _("The model '{name}' doesn't write Chinese verse character by character.", name=model.folder.name),
                _("Choose the starter verse, or train one with --tokenizer chars."),
                code="verse.model",
            )
        self.hanzi = self.mask(hanzi.values())
        self.tones = {t: self.mask(n for c, n in hanzi.items() if t in tones(c)) for t in (LEVEL, OBLIQUE)}
        rhymes = {r: [hanzi[c] for c in cs if c in hanzi] for r, cs in rhyme_table()[LEVEL].items()}
        self.rhymes = {rhyme: self.mask(numbers) for rhyme, numbers in rhymes.items() if len(numbers) >= ROOM}
        self.rhyming = torch.stack(list(self.rhymes.values())).any(0)

    def mask(self, numbers: Iterable[int]) -> torch.Tensor:
        """True for these tokens."""
        import torch

        found = torch.zeros(self.words, dtype=torch.bool)
        found[list(numbers)] = True
        return found

    def only(self, text: str) -> torch.Tensor:
        """True for one character."""
        return self.mask([self.known[text]])

    def check(self, text: str) -> None:
        """Refuse characters that the model doesn't know.

        Raises:
            UserError: there are some.
        """
        strange = "".join(dict.fromkeys(c for c in text if c not in self.known))
        if strange:
            raise UserError(
                _("The model doesn't know the characters {characters}.", characters=strange[:20]),
                _("Write simplified characters, or choose other words."),
                code="verse.character",
            )


class Measure:
    """What may follow in one poem.

    Args:
        characters: Those of the model.
        form: The form.
        end: The token that ends a text.
        titled: Whether the title is given; else the model writes it first.
        begun: What of the poem is given: its first line with the mark behind it, or nothing.
        heads: First characters of the lines, as many as are wished.
        rhyme: The level rhyme, as the table calls it; None: the model's choice.
        first: The tone of the second character; None: no tones are kept.
    """

    def __init__(
        self,
        characters: Characters,
        form: Form,
        end: int,
        *,
        titled: bool,
        begun: str = "",
        heads: str = "",
        rhyme: str | None = None,
        first: str | None = None,
    ) -> None:
        self._characters, self._form, self._end = characters, form, end
        self._titled, self._begun, self._heads = titled, begun, heads
        self._rhyme, self._first = rhyme, first
        self._letters: Mapping[int, str] = {number: text for text, number in characters.known.items()}

    def allowed(self, tokens: Sequence[int]) -> torch.Tensor:
        """Tokens that may follow ``tokens``, what was written so far, bool (V,)."""
        letters = [self._letters.get(token, "") for token in tokens]
        if not self._titled:
            if "\n" not in letters:
                return self._title(len(letters))
            letters = letters[letters.index("\n") + 1 :]
        poem = self._begun + "".join(letters)
        places = self._form.places
        if len(poem) >= len(places):
            return self._characters.mask([self._end])
        place = places[len(poem)]
        return self._characters.only(place) if isinstance(place, str) else self._hanzi(place, poem)

    def _title(self, written: int) -> torch.Tensor:
        newline = self._characters.only("\n")
        if written == 0:
            return self._characters.hanzi
        return newline if written >= TITLE else self._characters.hanzi | newline

    def _hanzi(self, place: tuple[int, int], poem: str) -> torch.Tensor:
        line, within = place
        if within == 0 and line < len(self._heads):
            return self._characters.only(self._heads[line])
        length = self._form.lengths[line]
        if self._form.rhymes(line) and within == length - 1:
            return self._rhymed(poem)
        tone = None if self._first is None else tone_at(line, within, length, self._first)
        return self._characters.hanzi if tone is None else self._characters.tones[tone]

    def _rhymed(self, poem: str) -> torch.Tensor:
        ends = self._ends(poem)
        shared = common_rhymes(ends)
        if self._rhyme is not None:
            shared = frozenset([self._rhyme])
        if shared is None:
            return self._characters.rhyming
        found = self._characters.mask([])
        for rhyme in shared & self._characters.rhymes.keys():
            found = found | self._characters.rhymes[rhyme]
        return found & ~self._characters.mask([self._characters.known[end] for end in ends])

    def _ends(self, poem: str) -> list[str]:
        """The rhyming characters so far; that of a first line that was given counts if it has a level rhyme."""
        at, found = -1, []
        for line, (length, mark) in enumerate(zip(self._form.lengths, self._form.marks, strict=True)):
            at += length
            if at >= len(poem):
                break
            if self._form.rhymes(line):
                found.append(poem[at])
            at += len(mark)
        return [end for end in found if level_rhymes(end)]
