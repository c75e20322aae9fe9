"""Figures in a text, in digits, Chinese numerals and English number words, to be compared with those of a brief."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_NUMERAL = "".join((*_DIGITS, *_TENS, *_LARGE, "点"))
_UNITS = (
    "年|个月|月|周|天|小时|分钟|秒|元|块钱|倍|成|折|克|公斤|斤|千克|吨|毫米|厘米|公里|米|毫升|升|度|瓦|毫安|英寸|寸|"
    "岁|人|户|家|次|款|种|层|件"
)
"""What makes a single Chinese numeral a figure; 一 isn't one even so (一种, 一天)."""
LONGEST = 24
_IDIOMS = re.compile(
    r"千万(?!元|人|户|次|家|台|件|美)|万一|十分(?!之|钟)|百万(?=雄)|一一|三三两两|七七八八|万千|千千万万"
)
"""Runs of numerals that count nothing."""
_WORDS = (
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_ENGLISH: dict[str, int] = {word: number for number, word in enumerate(_WORDS, 2)} | {
    "twice": 2, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "dozen": 12, "dozens": 12, "hundred": 100, "hundreds": 100, "thousand": 1000, "thousands": 1000,
    "million": 10**6, "millions": 10**6, "billion": 10**9, "billions": 10**9,
}  # fmt: skip
"""Number words; ``one`` is a pronoun too often."""
_TOKEN = re.compile(
    r"(?P<digits>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?P<large>[万亿百千](?!里|古))?\s*(?P<percent>%|percent\b)?"
    rf"|百分之(?P<share>[{_NUMERAL}]+)"
    rf"|(?P<chinese>[{_NUMERAL}]+)(?P<unit>{_UNITS})?"
    rf"|\b(?P<word>{'|'.join(_ENGLISH)})\b(?P<wordpercent> percent\b)?",
    re.IGNORECASE,
)
_SQUARES = str.maketrans("", "", "²³")
"""Of m² and m³."""
_LIST = re.compile(r"^\s*\d{1,2}[.)、](?=\s|[^\d\s])", re.MULTILINE)
"""A list's numbers."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its value, whether it is a percentage, and how it is written."""

    value: Decimal
    percent: bool
    written: str


def figures(text: str) -> list[Figure]:
    """The figures of ``text`` in order. Numbers of lists aren't among them, nor single Chinese numerals without a unit,
    nor idioms such as 十分 and 千万别."""
    plain = unicodedata.normalize("NFKC", text.translate(_SQUARES))
    plain = _IDIOMS.sub(lambda match: "·" * len(match.group()), plain)
    plain = _LIST.sub(lambda match: " " * len(match.group()), plain)
    found = []
    for match in _TOKEN.finditer(plain):
        if match["digits"] is not None:
            value = Decimal(match["digits"].replace(",", "")) * _scale(match["large"])
            found.append(Figure(value, bool(match["percent"]), match.group().strip()))
        elif match["share"] is not None:
            if (number := chinese_number(match["share"])) is not None:
                found.append(Figure(number, True, match.group()))
        elif match["word"] is not None:
            value = Decimal(_ENGLISH[match["word"].casefold()])
            found.append(Figure(value, bool(match["wordpercent"]), match.group()))
        elif (number := _counted(match["chinese"], match["unit"])) is not None:
            found.append(Figure(number, False, match.group()))
    return found


def _scale(letter: str | None) -> int:
    return (_TENS | _LARGE).get(letter or "", 1)


def _counted(numeral: str, unit: str | None) -> Decimal | None:
    if len(numeral) == 1 and (unit is None or numeral == "一" or numeral not in _DIGITS | _TENS):
        return None
    if len(numeral) == 2 and numeral[0] == "一" and numeral[1] in "百千万" and unit is None:
        return None
    return chinese_number(numeral)


def chinese_number(numeral: str) -> Decimal | None:
    """The value of a Chinese numeral such as 三千二百, 二〇二四, 三点五 or 十二万; None if it is none, or longer than
    ``LONGEST`` characters."""
    whole, _point, fraction = numeral.partition("点")
    if not 0 < len(whole) <= LONGEST or (_point and not fraction) or any(c not in _DIGITS for c in fraction):
        return None
    number = int("".join(str(_DIGITS[c]) for c in whole)) if set(whole) <= _DIGITS.keys() else _whole(whole)
    return None if number is None else Decimal(f"{number}.{''.join(str(_DIGITS[c]) for c in fraction) or '0'}")


def _whole(numeral: str) -> int | None:
    """As ``chinese_number``, without a fraction: what stands before 亿 or 万 counts so many of them."""
    for letter, scale in (("亿", _LARGE["亿"]), ("万", _LARGE["万"])):
        before, found, after = numeral.rpartition(letter)
        if found:
            high, low = _whole(before) if before else 1, _whole(after) if after else 0
            return None if high is None or low is None else high * scale + low
    number = digit = 0
    for letter in numeral:
        if letter in _TENS:
            number += (digit or 1) * _TENS[letter]
            digit = 0
        else:
            digit = _DIGITS[letter]
    return number + digit


def strange_figures(text: str, given: Iterable[str]) -> list[Figure]:
    """Figures of ``text`` whose value none of the texts ``given`` has; a percentage is another value than the same
    number without the sign. Each once."""
    known = {(figure.value, figure.percent) for one in given for figure in figures(one)}
    found: dict[tuple[Decimal, bool], Figure] = {}
    for figure in figures(text):
        if (figure.value, figure.percent) not in known:
            found.setdefault((figure.value, figure.percent), figure)
    return list(found.values())
