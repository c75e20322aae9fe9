"""Chinese characters as syllables: pinyin, tone sandhi, neutral tones and 儿化.

Pinyin of characters in their words is pypinyin's; tones are changed by the rules of Chao (1968), "A Grammar of Spoken
Chinese", section 1.3: third before third, 一, 不, and what is neutral in a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from luokuan.create.voices.mandarin.lexicon import FULL_ZI, SOFT_SECOND, WITH_R
from luokuan.create.voices.mandarin.words import cut

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff〇]")
NEUTRAL = 5
_PINYIN = re.compile(r"([a-zü]+)([1-5])")
_LETTERS = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4", "H": "ei2 chi5", "I": "ai4",
    "J": "zhei4", "K": "kei4", "L": "ai2 lu5", "M": "ai2 mu5", "N": "en1", "O": "ou1", "P": "pi4", "Q": "kiu4",
    "R": "a4", "S": "ai2 si5", "T": "ti4", "U": "you1", "V": "wei1", "W": "da2 bu5 liu5", "X": "ai2 ke4 si5",
    "Y": "wai4", "Z": "zei4",
}  # fmt: skip
"""Letters as they are said in Chinese; there is no standard for it."""
_SOFT_END = frozenset("么啊呀哇")
_ALWAYS_SOFT = {
    "的": "de",
    "了": "le",
    "着": "zhe",
    "吗": "ma",
    "呢": "ne",
    "吧": "ba",
    "们": "men",
    "嘛": "ma",
    "啦": "la",
}
_R_WHOLE = re.compile(
    r"女儿|幼儿|婴儿|儿子|儿童|儿女|孤儿|少儿|胎儿|健儿|男儿|儿媳|儿孙|育儿|小儿|侄儿|宠儿|混血儿|诗儿"
)
_BACK = re.compile(r"还(?=[钱债款书给清]|[他她我你]们?[钱债书])")
_ORDINAL = frozenset("第初十百千万零〇一二三四五六七八九点两期拜周负")
_CLASSED = frozenset("月日号楼")
_DIGIT = frozenset("零〇一二三四五六七八九")


@dataclass(frozen=True, slots=True)
class Syllable:
    """A syllable to be spoken: ``base`` is pinyin without its tone (ü is ``v``), ``tone`` 1 to 5 (5: neutral), ``r``
    whether it ends in 儿."""

    base: str
    tone: int
    r: bool = False

    def __str__(self) -> str:
        return f"{self.base}{'r' if self.r else ''}{self.tone}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word: as it is ``read``, in characters or letters, and its syllables."""

    read: str
    syllables: tuple[Syllable, ...]


_LIKE = {"yo": "you", "n": "en", "ng": "en", "m": "mu", "hm": "heng", "hng": "heng", "kiu": "qiu"}
"""Syllables of interjections and letters, by recorded ones that are near."""


def syllables(text: str) -> list[Spoken]:
    """The words of a stretch without marks, with their syllables, all tones changed as they are spoken. What is neither
    a Chinese character nor a Latin letter is left out."""
    words: list[Spoken] = []
    for run in re.findall(rf"(?:{HAN.pattern})+|[A-Za-z]+", text):
        words += _of_characters(run) if HAN.match(run) else [_spelt(letter) for letter in run]
    return _third_tones(words)


def _spelt(letter: str) -> Spoken:
    said = _LETTERS[letter.upper()].split()
    return Spoken(letter, tuple(_parsed(one) for one in said))


def _parsed(pinyin: str) -> Syllable:
    match = _PINYIN.fullmatch(pinyin)
    if match is None:
        return Syllable("", NEUTRAL)
    base = match[1].replace("ü", "v")
    base = re.sub(r"^([jqxy])v", r"\1u", base)
    return Syllable(_LIKE.get(base, base), int(match[2]))


def _of_characters(run: str) -> list[Spoken]:
    from pypinyin import Style, lazy_pinyin

    run = run.replace("〇", "零")
    words = cut(run)
    # One empty reading for each character that pypinyin doesn't know; its types know only of a text.
    unknown: Any = lambda rest: [""] * len(rest)  # noqa: E731
    said = lazy_pinyin(words, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False, errors=unknown)
    found = [_parsed(one) for one in said]
    for match in _BACK.finditer(run):
        found[match.start()] = Syllable("huan", 2)
    start = 0
    for word in words:
        _soften(word, run, found, start)
        start += len(word)
    _one_and_not(run, words, found)
    return _with_r(run, words, found)


def _soften(word: str, run: str, found: list[Syllable], start: int) -> None:
    """Neutral tones of a word, in place."""
    for place, letter in enumerate(word):
        at = start + place
        if letter in _ALWAYS_SOFT and (len(word) == 1 or place) and word not in ("目的", "的确"):
            if found[at].base not in ("liao", "zhao"):  # 不了, 睡着
                found[at] = Syllable(_ALWAYS_SOFT[letter], NEUTRAL)
        elif place and (
            word[place - 1 : place + 1] in SOFT_SECOND
            or (letter in _SOFT_END and found[at].base in ("me", "a", "ya", "wa"))
        ):
            found[at] = replace(found[at], tone=NEUTRAL)
        elif letter == "得" and len(word) == 1:
            must = run[at - 1] in "还就总也都又非" if at else True
            found[at] = Syllable("dei", 3) if must else Syllable("de", NEUTRAL)
        elif letter == "子":
            # pypinyin has no full one in words.
            soft = 0 < place == len(word) - 1 and word not in FULL_ZI
            found[at] = Syllable("zi", NEUTRAL if soft else 3)
    if len(word) == 1 and start and word == "个" and found[start].base == "ge":
        found[start] = Syllable("ge", 4)


def _one_and_not(run: str, words: Sequence[str], found: list[Syllable]) -> None:
    """一 and 不, in place: their tones depend on what follows."""
    ends = set()
    place = 0
    for word in words:
        place += len(word)
        if len(word) > 1:
            ends.add(place - 1)
    for at in reversed(range(len(run))):  # the tone of what follows is known then
        letter, before, after = run[at], run[at - 1 : at] if at else "", run[at + 1 : at + 2]
        following = found[at + 1].tone if after else 0
        if letter == "一":
            found[at] = Syllable("yi", _tone_of_one(before, after, following, run[at + 2 : at + 3]))
            if before and before == after and before not in _DIGIT:
                found[at] = Syllable("yi", NEUTRAL)  # 看一看
            elif at in ends and before not in ("", "不") and not _counts(after):
                found[at] = Syllable("yi", 1)  # 统一
        elif letter == "不":
            # 看不见, 好不好: between a verb and what came of it.
            if before and after and (before == after or (after in _RESULTS and before in _VERBS)):
                found[at] = Syllable("bu", NEUTRAL)
            else:
                found[at] = Syllable("bu", 2 if following == 4 else 4)


_RESULTS = frozenset("多见到了起开动完好懂住下上出来去掉清")
_VERBS = frozenset("差看听说走买吃做想记找睡受来去拿打学差对用离放坐站分舍")
_MEASURE = "个只条张本位件次年天岁块斤种名家台部套座片颗把双对份笔项场段首篇遍趟顿层间口辆杯碗瓶些样起定直般边面旦共切"


def _counts(after: str) -> bool:
    return bool(after) and after in _MEASURE + "百千万亿"


def _tone_of_one(before: str, after: str, following: int, later: str) -> int:
    if not after or (after in _DIGIT and after != "一"):
        return 1
    if before and before in _ORDINAL:
        # 二十一, 第一: counted; 零一百 isn't said, but 万一千 is.
        return _before(following) if before in "百千万亿零" and after in "百千万" else 1
    if after == "一":
        return 1
    if after in _CLASSED and later not in ("份",):
        return 1
    if after == "十":
        return 1
    if following == NEUTRAL and after == "个":
        return 2
    return _before(following)


def _before(following: int) -> int:
    return 2 if following in (4, NEUTRAL) else 4


def _with_r(run: str, words: Sequence[str], found: list[Syllable]) -> list[Spoken]:
    """Words with their syllables; where 儿 is no syllable of its own, it colours the one before."""
    whole = {match.start() + match[0].index("儿") for match in _R_WHOLE.finditer(run)}
    spoken: list[Spoken] = []
    start = 0
    for word in words:
        own: list[Syllable] = []
        for at in range(start, start + len(word)):
            coloured = run[at] == "儿" and at and at not in whole and run[at - 1 : at + 1] in WITH_R
            if not coloured:
                if found[at].base:
                    own.append(found[at])
            elif own:
                own[-1] = replace(own[-1], r=True)
            elif spoken and spoken[-1].syllables:
                last = spoken.pop()
                begun = (*last.syllables[:-1], replace(last.syllables[-1], r=True))
                spoken.append(Spoken(last.read, begun))
        if own:
            spoken.append(Spoken(word, tuple(own)))
        elif spoken:
            spoken[-1] = replace(spoken[-1], read=spoken[-1].read + word)
        start += len(word)
    return spoken


def _third_tones(words: Sequence[Spoken]) -> list[Spoken]:
    """A third tone before a third tone is a second one: first in words, then between them, from the right."""
    done = [_in_word(word) for word in words]
    for place in range(len(done) - 2, -1, -1):
        own, after = done[place].syllables, done[place + 1].syllables
        if own[-1].tone == 3 and after[0].tone == 3:
            done[place] = replace(done[place], syllables=(*own[:-1], replace(own[-1], tone=2)))
    return done


def _in_word(word: Spoken) -> Spoken:
    own = list(word.syllables)
    if len(own) == 3 and all(one.tone == 3 for one in own) and word.read[:2] in _left():
        own[0], own[1] = replace(own[0], tone=2), replace(own[1], tone=2)  # 展览馆
    for place in range(len(own) - 2, -1, -1):
        if own[place].tone == 3 and own[place + 1].tone == 3:
            own[place] = replace(own[place], tone=2)
    return replace(word, syllables=tuple(own))


def _left() -> frozenset[str]:
    from luokuan.create.voices.mandarin.words import known_pairs

    return known_pairs()
