"""Forms of Chinese verse: how many characters stand where, which rhyme, and which tone they have.

Regular verse follows the rules of the Tang (Wang Li, 诗词格律, 1977, chapter 2): even lines end in one level rhyme of
Pingshui (平水韵), odd ones in an oblique tone; the second, fourth and sixth characters of a line alternate in tone, the
lines of a couplet are opposite, and neighbouring couplets stick together (粘对). A character that the table has in both
tones fits both. Tunes of ci (词牌) have the lines that most poems to them have; their rhymes aren't looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from luokuan.errors import UserError
from luokuan.i18n import _

TABLE = Path(__file__).parent / "data" / "pingshui.json"
LEVEL, OBLIQUE = "平", "仄"
HANZI = re.compile(r"[\u3400-\u9fff]")
_MARKS = re.compile(r"[，。？！；、：\s]")
_REGULAR = {"五绝": (4, 5), "七绝": (4, 7), "五律": (8, 5), "七律": (8, 7)}
_ALIASES = {"wujue": "五绝", "qijue": "七绝", "wulv": "五律", "qilv": "七律"}
_TUNES = {
    "浣溪沙": "7。\n7。\n7。\n7，7。\n7。",
    "菩萨蛮": "7。\n7。\n5。\n5。\n5。\n5。\n5。\n5。",
    "鹧鸪天": "7。\n7。\n7，7。\n3，3。\n7。\n7，7。",
    "西江月": "6，6。\n7。\n6。\n6，6。\n7。\n6。",
    "减字木兰花": "4。\n7。\n4。\n7。\n4。\n7。\n4。\n7。",
    "蝶恋花": "7。\n4，5。\n7。\n7。\n7。\n4，5。\n7。\n7。",
    "点绛唇": "4，7。\n4。\n5。\n4，5。\n3。\n4。\n5。",
    "清平乐": "4。\n5。\n7。\n6。\n6。\n6。\n6，6。",
    "临江仙": "7，6。\n7。\n5，5。\n7，6。\n7。\n5，5。",
    "虞美人": "7。\n5。\n7。\n6、3。\n7。\n5。\n7。\n6、3。",
    "卜算子": "5，5。\n7，5。\n5，5。\n7，5。",
    "谒金门": "3。\n6。\n7。\n5。\n6。\n6。\n7。\n5。",
    "渔家傲": "7。\n7。\n7。\n3。\n7。\n7。\n7。\n7。\n3。\n7。",
    "玉楼春": "7。\n7。\n7，7。\n7。\n7。\n7，7。",
    "踏莎行": "4，4。\n7。\n7，7。\n4，4。\n7。\n7，7。",
    "南乡子": "5。\n7。\n7，2。\n7。\n5。\n7。\n7，2。\n7。",
}
"""Characters of each line and the marks behind them, as in ``scripts/make_verse_corpus.py``'s corpus."""


@dataclass(frozen=True)
class Form:
    """A form: its name, the lengths of its lines, the mark behind each line, and whether it is regular verse."""

    name: str
    lengths: tuple[int, ...]
    marks: tuple[str, ...]
    regular: bool

    @cached_property
    def places(self) -> tuple[tuple[int, int] | str, ...]:
        """What stands at each place of the poem: (line, place in it), both from 0, or a mark."""
        found: list[tuple[int, int] | str] = []
        for line, (length, mark) in enumerate(zip(self.lengths, self.marks, strict=True)):
            found += [(line, place) for place in range(length)]
            found += mark
        return tuple(found)

    def rhymes(self, line: int) -> bool:
        """Whether the line ends in the rhyme."""
        return self.regular and line % 2 == 1


def _tune(name: str, pattern: str) -> Form:
    parts = re.findall(r"(\d)(\D+)", pattern)
    return Form(name, tuple(int(length) for length, _mark in parts), tuple(mark for _length, mark in parts), False)


def _verse(name: str, lines: int, length: int) -> Form:
    marks = ["，" if line % 2 == 0 else "。\n" for line in range(lines)]
    marks[-1] = "。"
    return Form(name, (length,) * lines, tuple(marks), True)


FORMS: Mapping[str, Form] = {
    **{name: _verse(name, *shape) for name, shape in _REGULAR.items()},
    **{name: _tune(name, pattern) for name, pattern in _TUNES.items()},
}


def form_of(name: str) -> Form:
    """The form of this name; regular ones also in pinyin.

    Raises:
        UserError: there is none.
    """
    found = FORMS.get(_ALIASES.get(name.lower(), name))
    if found is None:
        raise UserError(
            _("The form '{name}' is unknown.", name=name[:40]),
            _("Choose one of {known}.", known=", ".join((*FORMS, *_ALIASES))),
            code="verse.form",
        )
    return found


@lru_cache(maxsize=1)
def rhyme_table() -> Mapping[str, Mapping[str, str]]:
    """Tone to rhyme to its characters."""
    found: dict[str, dict[str, str]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def _rhymes_by_character() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for rhymes in rhyme_table().values():
        for rhyme, characters in rhymes.items():
            for character in characters:
                found.setdefault(character, set()).add(rhyme)
    return {character: frozenset(rhymes) for character, rhymes in found.items()}


def level_rhymes(character: str) -> frozenset[str]:
    """The level rhymes in which the character stands."""
    return _rhymes_by_character().get(character, frozenset()).intersection(rhyme_table()[LEVEL])


@lru_cache(maxsize=1 << 14)
def tones(character: str) -> frozenset[str]:
    """Its tones, level or oblique or both; none if the table doesn't have it."""
    rhymes = _rhymes_by_character().get(character, frozenset())
    return frozenset(tone for tone in (LEVEL, OBLIQUE) if rhymes.intersection(rhyme_table()[tone]))


def tone_at(line: int, place: int, length: int, first: str) -> str | None:
    """The tone that regular verse wants at this place of a line of so many characters, if the second character of the
    first line has the tone ``first``; None where either will do, and where the rhyme decides."""
    if place == length - 1:
        return OBLIQUE if line % 2 == 0 and line > 0 else None
    if place % 2 == 0:
        return None
    turned = (line % 4 in (1, 2)) != (place == 3)
    return first if not turned else (OBLIQUE if first == LEVEL else LEVEL)


def lines_of(poem: str) -> list[str]:
    """The lines of a poem, without marks."""
    return [line for line in _MARKS.split(poem) if line]


def keeps_form(poem: str, form: Form) -> bool:
    """Whether its lines have the form's lengths and nothing but hanzi."""
    lines = lines_of(poem)
    return [len(line) for line in lines] == list(form.lengths) and all(map(HANZI.match, "".join(lines)))


def keeps_rhyme(poem: str) -> bool | None:
    """Whether the even lines end in different characters of one level rhyme; None if one of them isn't in the table."""
    ends = [line[-1] for line in lines_of(poem)[1::2]]
    if not ends or not all(tones(end) for end in ends):
        return None
    return len(set(ends)) == len(ends) and bool(frozenset.intersection(*(level_rhymes(end) for end in ends)))


def keeps_tones(poem: str) -> float | None:
    """Share of the second, fourth and sixth characters and of the ends of odd lines from the third on that have the
    tone that they shall have, by the better of both beginnings; None if the table has none of them."""
    best = None
    for first in (LEVEL, OBLIQUE):
        seen = right = 0
        for number, line in enumerate(lines_of(poem)):
            for place, character in enumerate(line):
                tone = tone_at(number, place, len(line), first)
                if tone is not None and tones(character):
                    seen += 1
                    right += tone in tones(character)
        share = right / seen if seen else None
        best = share if best is None or (share is not None and share > best) else best
    return best


def common_rhymes(ends: Iterable[str]) -> frozenset[str] | None:
    """The level rhymes that all of ``ends`` share; None if there are no ends."""
    sets = [level_rhymes(end) for end in ends]
    return frozenset.intersection(*sets) if sets else None
