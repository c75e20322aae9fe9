"""Couplets (对联): two lines that answer each other, character by character.

The rules that can be counted (Wang Li, 诗词格律, 1977, chapter 2; the China Couplet Society's 联律通则, 2008): both
lines have the same length; the first ends in an oblique tone and the second in a level one; at the second, fourth and
sixth place the tones are opposite; no character stands in both lines, and one comes again in the second line just where
one does in the first. That the lines are parallel in sense and in kinds of words can't be counted here. Tones are
those of Pingshui (see ``prosody``); a character that it has in both tones, or not at all, fits both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from luokuan.create.prosody import LEVEL, OBLIQUE, tones

LENGTHS = (4, 5, 6, 7, 8, 9)
"""Characters of a line."""
NUMERALS = "零一二三四五六七八九"
COUPLET, POEM = "联", "诗"
"""Where a couplet is from: from a collection of couplets, or the parallel lines of a poem."""
HEADS, WITHIN = "冠", "嵌"
"""What a heading asks for: first characters of the lines, or a word that stands in one of them."""
BETWEEN = "，"
_HANZI = re.compile(r"[\u3400-\u9fff]+")
UNFIT = re.compile(
    "[党军兵战敌枪炮剑戈血死亡丧奠祭墓坟魂鬼悲哀愁恨泪哭病痛贫穷囚狱奴贼佛僧寺庙禅仙神帝皇祖孤残怨惨凄骂骗奸恶恐惧悼]|伤心|无望|断肠|白发|革命|主席|领袖|烈士|英烈|强国|中国梦|复兴|改革|主义|抗日"
    "|政|爹|娘|千古|驾鹤|民主|公仆|廉"
)
"""What no advertisement wants: politics, arms, death, grief and faith."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules a couplet keeps; None where the table doesn't have the characters."""

    length: bool
    ends: bool | None
    opposite: float | None
    repeats: bool

    @property
    def all_kept(self) -> bool:
        """Whether none is broken."""
        return self.length and self.ends is not False and self.opposite in (None, 1.0) and self.repeats


def lines_of(couplet: str) -> tuple[str, str]:
    """Both lines, without marks; the second one is empty if there is none."""
    first, _mark, second = couplet.strip("。\n ").partition(BETWEEN)
    return first, second


def heading(source: str, length: int, wish: str = "", word: str = "") -> str:
    """The heading of a couplet.

    Args:
        source: ``COUPLET`` or ``POEM``.
        length: Characters of a line, 4 … 9.
        wish: ``HEADS``, ``WITHIN`` or nothing.
        word: Its characters.
    """
    return f"{source}·{NUMERALS[length]}·{wish}{word}\n"


def fits(character: str, tone: str) -> bool:
    """Whether a character can have this tone."""
    own = tones(character)
    return not own or tone in own


def opposed(place: int, length: int) -> bool:
    """Whether the tones at this place, from 0, of a line of so many characters are to be opposite."""
    return place % 2 == 1 and place < length - 1


def rules_kept(couplet: str) -> Rules:
    """Which rules a couplet keeps."""
    first, second = lines_of(couplet)
    if len(first) != len(second) or not all(_HANZI.fullmatch(line) for line in (first, second)):
        return Rules(False, None, None, False)
    ends = None
    if tones(first[-1]) and tones(second[-1]):
        ends = fits(first[-1], OBLIQUE) and fits(second[-1], LEVEL)
    places = [place for place in range(len(first)) if opposed(place, len(first))]
    pairs = [(tones(first[place]), tones(second[place])) for place in places]
    known = [one != other or len(one) > 1 for one, other in pairs if one and other]
    return Rules(True, ends, sum(known) / len(known) if known else None, repeats_agree(first, second))


def repeats_agree(first: str, second: str) -> bool:
    """Whether the lines share no character, and repeat their own at the same places."""
    return not set(first) & set(second) and [first.index(c) for c in first] == [second.index(c) for c in second]
