"""Numbers as Chinese characters, as they are read aloud."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
_SMALL, _LARGE = ("", "十", "百", "千"), ("", "万", "亿", "万亿")
LONGEST = 16
"""Digits of the longest whole number that is read as one; longer ones are read digit by digit, in fours."""


def by_digits(text: str, *, phone: bool = False) -> str:
    """Each digit by itself: ``2024`` → 二零二四. ``phone``: 1 is 幺, as in telephone numbers and rooms."""
    read = "".join(DIGITS[int(digit)] for digit in text if digit.isdecimal())
    return read.replace("一", "幺") if phone else read


def cardinal(text: str) -> str:
    """A whole number, digits only: ``10010`` → 一万零一十. One with a leading 0, or too long, is read by digits."""
    if len(text) > LONGEST:
        return "，".join(by_digits(text[at : at + 4]) for at in range(0, len(text), 4))
    if len(text) > 1 and text[0] == "0":
        return by_digits(text)
    value = int(text)
    if value == 0:
        return "零"
    parts: list[str] = []
    groups = [value // 10**place % 10_000 for place in range(0, LONGEST, 4)]
    gap = False  # whether a zero is to be said before the next group
    for number in reversed(range(len(groups))):
        group = groups[number]
        if not group:
            gap = bool(parts)
            continue
        if parts and (gap or group < 1000):
            parts.append("零")
        parts.append(_group(group) + _LARGE[number])
        gap = False
    read = "".join(parts).replace("万亿", "万") if groups[2] and groups[3] else "".join(parts)
    # Two thousand and more of a large unit is 两, two hundred 二百.
    read = re.sub(r"(?<![十百千])二(?=[千万亿])", "两", read)
    return read.removeprefix("一") if read.startswith("一十") else read


def _group(value: int) -> str:
    """1 to 9999."""
    read, gap = "", False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit:
            read += ("零" if gap and read else "") + DIGITS[digit] + _SMALL[place]
            gap = False
        else:
            gap = True
    return read


def decimal(text: str) -> str:
    """A number with an optional sign, commas between thousands, decimals: ``-1,234.5`` → 负一千二百三十四点五."""
    text = text.replace(",", "").replace("，", "")
    sign = "负" if text[0] in "-−–" else ""
    whole, _point, rest = text.lstrip("+-−–").partition(".")
    return sign + cardinal(whole or "0") + ("点" + by_digits(rest) if rest else "")


def counted(text: str) -> str:
    """A number before a measure word: 2 is 两."""
    return "两" if text == "2" else decimal(text)
