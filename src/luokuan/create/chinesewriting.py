"""Chinese copy by a language model that has learnt it: what may follow while it writes a sentence, couplet or saying.

A model of ``scripts/make_copy_zh_corpus.py``'s corpus writes character by character, so each rule is a set of
characters that may come next; see ``chinesecopy`` for what is asked of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from luokuan.create import couplets, dishes, sayings
from luokuan.create.chinesecopy import Line
from luokuan.create.prosody import HANZI, LEVEL, OBLIQUE
from luokuan.create.slotwriting import nats_given

if TYPE_CHECKING:
    import torch

    from luokuan.models.plm.model import PlmModel
    from luokuan.models.plm.sampling import Manner

LONGEST = 96
"""Most characters of a line of copy."""
HURRY = 48
"""Characters after which a sentence about a dish may end without some of its facts."""
RIDDLE, ANSWER = (3, 9), (2, 6)
"""Fewest and most characters of both parts of a saying."""
STRANGE = "二三四五六七八九十百千万亿两半双几最首冠"
"""Numerals, for none is given that the model could tell, and what absolutes begin with."""


def writes_chinese_copy(model: PlmModel) -> bool:
    """Whether the model's tokenizer has learnt the marks of the corpus, a token each."""
    return set(dishes.MARKS) | {sayings.DASH[0], "菜", "联", "歇"} <= model.tokenizer.get_vocab().keys()


def write_lines(model: PlmModel, lines: Sequence[Line], *, seed: int, manner: Manner) -> list[tuple[str, float]]:
    """A text for each line that is wanted, and its mean -log p of a token given the heading, in nats."""
    from luokuan.models.plm.writing import write

    alphabet = Alphabet(model)
    whole = replace(manner, max_tokens=LONGEST, stop=("\n",))
    found = write(
        model, [line.head for line in lines], seed=seed, manner=whole,
        allowed=lambda number, tokens: alphabet.allowed(lines[number], tokens),
    )  # fmt: skip
    texts = [one.text for one in found]
    nats = nats_given(model, [line.head for line in lines], texts)
    return list(zip(texts, nats, strict=True))


class Alphabet:
    """The characters that a model writes one by one, and which of them may follow. Masks are bool (V,)."""

    def __init__(self, model: PlmModel) -> None:
        from luokuan.models.plm.writing import end_tokens

        self._words = int(model.network.get_input_embeddings().weight.shape[0])
        self.known = {text: number for text, number in model.tokenizer.get_vocab().items() if len(text) == 1}
        self._letters = {number: text for text, number in self.known.items()}
        self._end = min(end_tokens(model))

    def mask(self, characters: str | set[str]) -> torch.Tensor:
        """True for these characters, as far as the model knows them."""
        import torch

        found = torch.zeros(self._words, dtype=torch.bool)
        found[[self.known[character] for character in characters if character in self.known]] = True
        return found

    @cached_property
    def hanzi(self) -> frozenset[str]:
        """Chinese characters without ``STRANGE``."""
        return frozenset(c for c in self.known if HANZI.match(c)) - frozenset(STRANGE)

    @cached_property
    def tones(self) -> dict[str, frozenset[str]]:
        """Of ``hanzi`` those that can have a tone."""
        return {tone: frozenset(c for c in self.hanzi if couplets.fits(c, tone)) for tone in (LEVEL, OBLIQUE)}

    def allowed(self, line: Line, tokens: Sequence[int]) -> torch.Tensor:
        """What may follow, bool (V,): the end alone where nothing else may."""
        text = "".join(self._letters.get(token, "") for token in tokens)
        rule = {dishes.TASTE: self._sentence, dishes.MAKING: self._sentence, couplets.COUPLET: self._couplet}
        found = self.mask(rule.get(line.kind, self._saying)(line, text))
        if not bool(found.any()):
            found[self._end] = True
        return found

    @cached_property
    def _plain(self) -> frozenset[str]:
        """What any sentence about a dish may hold."""
        return (self.hanzi | {"一", "，", "、"}) - frozenset(dishes.GATED)

    def _sentence(self, line: Line, text: str) -> set[str]:
        if text.endswith("。"):
            return set()
        if not text and dishes.DISH in line.marks:
            return {dishes.DISH}
        left = line.marks - set(text)
        may = set(self._plain) | left | set(line.may)
        if text[-1:] in ("", "，", "、"):
            may -= {"，", "、"}
        elif not left and (len(text) >= HURRY or not set(line.facts) - set(text)):
            may.add("。")
        return may

    def _couplet(self, line: Line, text: str) -> set[str]:
        length, word, place = line.length, line.word, len(text)
        if place == length:
            return {couplets.BETWEEN}
        if place > 2 * length:
            return set()
        second = place > length
        within = place - (length + 1) * second
        first, own = text[:length], text[(length + 1) * second :]
        if within == 0 and line.heads:
            return {line.heads[second]}
        if forced := self._word_now(word, text, own, second, length):
            return {forced}
        may = set(self.tones[(OBLIQUE, LEVEL)[second]] if within == length - 1 else self.hanzi) - set(own)
        # The word comes as a whole, where there is room for it and its tones fit.
        may -= set(word[1:]) | set(line.heads)
        if word and (word in text or not self._room(word, length, within, first if second else "")):
            may -= {word[0]}
        if not second:
            # Where the word comes at the latest, the tones must be opposite to its own.
            behind = within - self._latest(word, length)
            return self._opposite(may, word[behind], within, length) if 0 <= behind < len(word) else may
        if (earlier := first.index(first[within])) < within:
            return {own[earlier]}
        return self._opposite(may - set(first), first[within], within, length)

    def _opposite(self, may: set[str], other: str, within: int, length: int) -> set[str]:
        """Of ``may`` what can stand opposite to ``other`` at this place of a line."""
        tone = couplets.tones(other)
        if len(tone) != 1 or not couplets.opposed(within, length):
            return may
        return may & self.tones[LEVEL if OBLIQUE in tone else OBLIQUE]

    @staticmethod
    def _latest(word: str, length: int) -> int:
        """The last place in the second line where the word can begin."""
        return length - len(word) - (0 if not word or couplets.fits(word[-1], LEVEL) else 1)

    @staticmethod
    def _room(word: str, length: int, within: int, first: str) -> bool:
        """Whether the word can begin here: the line holds it, with the tones that its end and the first line want."""
        end = within + len(word)
        if end > length or (end == length and not couplets.fits(word[-1], LEVEL if first else OBLIQUE)):
            return False
        pairs = zip(word, first[within:end], range(within, end), strict=False)
        return not any(
            couplets.opposed(place, length) and len(tone := couplets.tones(own)) == 1 and tone == couplets.tones(other)
            for own, other, place in pairs
        )

    def _word_now(self, word: str, text: str, own: str, second: bool, length: int) -> str:
        """The character that must come for the word to be whole: it was begun, or this is its last place."""
        if not word or word in text:
            return ""
        for size in range(len(word) - 1, 0, -1):
            if own.endswith(word[:size]):
                return word[size]
        return word[0] if second and len(own) == self._latest(word, length) else ""

    def _saying(self, line: Line, text: str) -> set[str]:
        riddle, dash, answer = text.partition(sayings.DASH)
        word = line.word
        if not dash:
            if riddle.endswith(sayings.DASH[0]):
                return {sayings.DASH[0]}
            missing = word not in riddle
            if missing and RIDDLE[1] - len(riddle) <= len(word):
                begun = next((n for n in range(len(word) - 1, 0, -1) if riddle.endswith(word[:n])), 0)
                return {word[begun]}
            may = set(self.hanzi | {"一"}) if len(riddle) < RIDDLE[1] else set[str]()
            return may | ({sayings.DASH[0]} if not missing and len(riddle) >= RIDDLE[0] else set())
        return set(self.hanzi | {"一"}) if len(answer) < ANSWER[1] else set()
