"""What is written, as it is read aloud: numbers, dates, times, money, units, telephone numbers, letters and signs.

Rules are tried at each place in the order of ``_RULES``; the first that fits takes what it covers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from luokuan.create.voices.mandarin.numbers import by_digits, cardinal, counted, decimal


@dataclass(frozen=True, slots=True)
class Piece:
    """``written``: as it stands in the text; ``read``: in Chinese characters, and letters that are spelt."""

    written: str
    read: str


_NUMBER = r"\d+(?:[,，]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_DASH = r"(?:-|–|—|~|～|−|至|到)"
_UNITS = {
    "km/h": "公里每小时",
    "m/s": "米每秒",
    "km²": "平方公里",
    "km2": "平方公里",
    "m²": "平方米",
    "m2": "平方米",
    "㎡": "平方米",
    "m³": "立方米",
    "m3": "立方米",
    "km": "公里",
    "cm": "厘米",
    "mm": "毫米",
    "nm": "纳米",
    "kg": "公斤",
    "mg": "毫克",
    "ml": "毫升",
    "mL": "毫升",
    "kWh": "千瓦时",
    "kW": "千瓦",
    "MW": "兆瓦",
    "GHz": "吉赫",
    "MHz": "兆赫",
    "kHz": "千赫",
    "Hz": "赫兹",
    "GB": "吉字节",
    "MB": "兆字节",
    "KB": "千字节",
    "kB": "千字节",
    "TB": "太字节",
    "min": "分钟",
    "dB": "分贝",
    "m": "米",
    "g": "克",
    "t": "吨",
    "L": "升",
    "h": "小时",
    "s": "秒",
    "W": "瓦",
    "V": "伏",
    "A": "安",
}
_MONEY = {
    "¥": "元",
    "￥": "元",
    "$": "美元",
    "＄": "美元",
    "€": "欧元",
    "£": "英镑",
    "RMB": "元",
    "CNY": "元",
    "USD": "美元",
    "US$": "美元",
    "HK$": "港元",
}
_MEASURES = (
    "个只条张本位件次年天岁块斤种名家台部套座棵片颗把双对份笔项场句段首篇遍趟顿层间口匹头枚辆艘架杯碗瓶盒箱包袋支根滴"
    "米克吨升元倍步秒周"
)
_LONGER = "公里|公斤|公尺|小时|分钟|星期|厘米|毫米|千克|平方|立方|美元|欧元|英镑|点钟|个半"
_SIGNS = {
    "+": "加",
    "=": "等于",
    "×": "乘",
    "÷": "除以",
    "&": "和",
    "@": "艾特",
    "<": "小于",
    ">": "大于",
    "≥": "大于等于",
    "≤": "小于等于",
    "≈": "约等于",
    "±": "正负",
    "°": "度",
    "#": "井号",
    "%": "百分号",
}


def _date(m: re.Match[str]) -> str:
    read = by_digits(m[1]) + "年" + cardinal(str(int(m[2]))) + "月"
    return read + (cardinal(str(int(m[3]))) + "日" if m[3] else "")


def _clock(m: re.Match[str]) -> str:
    hour, minute, second = int(m[1]), int(m[2]), m[3]
    read = ("两" if hour == 2 else cardinal(str(hour))) + "点"
    if minute or second:
        read += ("零" if 0 < minute < 10 else "") + cardinal(str(minute)) + "分"
    if second:
        read += ("零" if 0 < int(second) < 10 else "") + cardinal(str(int(second))) + "秒"
    return read + ("整" if not minute and not second else "")


def _degrees(m: re.Match[str]) -> str:
    scale = {"C": "摄氏度", "F": "华氏度"}.get(m[3] or "", "度") if m[2] != "℃" else "摄氏度"
    return ("零下" if m[1][0] in "-−–" else "") + decimal(m[1].lstrip("-−–")) + scale


def _amount(m: re.Match[str]) -> str:
    whole, _point, cents = m[2].partition(".")
    cents = cents.rstrip("0")
    return counted(f"{whole}.{cents}" if cents else whole) + m[3] + _MONEY[m[1]]


def _unit(m: re.Match[str]) -> str:
    unit = _UNITS[m[2]]
    return counted(m[1]) + unit


def _share(m: re.Match[str]) -> str:
    sign = "负" if m[1][0] in "-−–" else ""
    return {"%": "百分之", "％": "百分之", "‰": "千分之"}[m[2]] + sign + decimal(m[1].lstrip("-−–"))


def _span_of_shares(m: re.Match[str]) -> str:
    return f"百分之{decimal(m[1])}到百分之{decimal(m[2])}"


def _phone(m: re.Match[str]) -> str:
    return "，".join(by_digits(part, phone=True) for part in re.split(r"[-\s]+", m[0]) if part)


def _mobile(m: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", m[0])
    country, digits = (digits[:2], digits[2:]) if m[0].startswith("+") else ("", digits)
    parts = [country, digits[:3], digits[3:7], digits[7:]]
    return "，".join(by_digits(part, phone=True) for part in parts if part)


def _called(m: re.Match[str]) -> str:
    return m[1] + by_digits(m[2], phone=True)


def _span(m: re.Match[str]) -> str:
    first, second, after = m[1], m[2], m[3]
    if after == "年" and len(first) == len(second) == 4:
        return by_digits(first) + "到" + by_digits(second) + after
    calendar = after in ("月", "日", "号", "年级")
    say = decimal if calendar or not after else counted
    return say(first) + "到" + say(second) + after


def _measured(m: re.Match[str]) -> str:
    return counted(m[1]) + m[2]


def _versions(m: re.Match[str]) -> str:
    return "点".join(cardinal(part) for part in m[0].split("."))


_UNIT_NAMES = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
MEASURED = re.compile(rf"(?<![\d.])(?:{_NUMBER})\s?(?:{_UNIT_NAMES})(?![A-Za-z])")
"""A number with its unit, such as 60km/h."""
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _rule(pattern: str, read: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), read


_NOT_BEFORE = r"(?<![\d.])"
_RULES: tuple[Rule, ...] = (
    _rule(_NOT_BEFORE + r"(\d{4})[-/.](0?[1-9]|1[0-2])[-/.](0?[1-9]|[12]\d|3[01])(?![\d.])", _date),
    _rule(_NOT_BEFORE + r"(\d{4})年(0?[1-9]|1[0-2])月(?:(0?[1-9]|[12]\d|3[01])[日号])?", _date),
    _rule(r"(?:\+86[-\s]?)?(?<!\d)1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}(?!\d)", _mobile),
    _rule(r"(?<!\d)0\d{2,3}[-\s]\d{7,8}(?!\d)", _phone),
    _rule(r"(?<!\d)[48]00[-\s]?\d{3}[-\s]\d{4}(?!\d)", _phone),
    _rule(r"(电话|拨打|热线|号码|房间|航班|邮编)[:：]?\s?(\d{3,12})(?![\d-])", _called),
    _rule(_NOT_BEFORE + r"([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：])", _clock),
    _rule(rf"({_NUMBER})[:：]({_NUMBER})", lambda m: f"{decimal(m[1])}比{decimal(m[2])}"),
    _rule(rf"({_NUMBER})[%％]?{_DASH}({_NUMBER})[%％]", _span_of_shares),
    _rule(rf"([-−–]?(?:{_NUMBER}))\s?([%％‰])", _share),
    _rule(rf"([-−–]?(?:{_NUMBER}))\s?(℃|°|º)([CF])?", _degrees),
    _rule(rf"(US\$|HK\$|RMB|CNY|USD|[¥￥$＄€£])\s?({_NUMBER})([万亿]*)(?:[美欧港日]?元|英镑)?", _amount),
    _rule(_NOT_BEFORE + r"(\d{1,4})/(\d{1,4})(?![\d/])", lambda m: f"{cardinal(m[2])}分之{cardinal(m[1])}"),
    _rule(rf"(?<![\d.-])({_NUMBER}){_DASH}({_NUMBER})(?![\d.]*-)(年级|[年月日号个位名岁天元块人次万亿]?)", _span),
    _rule(r"(?<!\d)([12]\d{3})(?=年(?!前|后|的?历史|以[前后上]))", lambda m: by_digits(m[1])),
    _rule(r"(?<!\d)([2-9]0)(?=年代)", lambda m: cardinal(m[1])),
    _rule(r"第\s?(\d+)", lambda m: "第" + cardinal(m[1])),
    _rule(r"(?<!\d)2(?=[月日号楼班路级])", lambda _m: "二"),
    _rule(r"(?<!\d)2点(?!\d)", lambda _m: "两点"),
    _rule(r"(?<!\d)2(?=[百千万亿])", lambda _m: "两"),
    _rule(rf"({_NUMBER})\s?({_UNIT_NAMES})(?![A-Za-z])", _unit),
    _rule(rf"(?<![\d.])(2)\s?({_LONGER}|[{_MEASURES}])", _measured),
    _rule(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d.])", _versions),
    _rule(rf"(?<![\dA-Za-z零一二三四五六七八九十])[-−](?:{_NUMBER})", lambda m: decimal(m[0])),
    _rule(_NUMBER, lambda m: decimal(m[0])),
    _rule(r"(?<=\d)[+×÷=](?=\d)", lambda m: _SIGNS[m[0]]),
    _rule(r"[&@#+=×÷<>≥≤≈±°%]", lambda m: _SIGNS[m[0]]),
)
_INTERESTING = re.compile(r"[\d+第电拨热号房航邮¥￥$＄€£RCUH&@#=×÷<>≥≤≈±°%\-−]")
_LATIN = re.compile(r"[A-Za-z]+")


def pieces(text: str) -> Iterator[Piece]:
    """``text`` in pieces; what no rule changes is read as it is written. Nothing is lost: what is ``written``, put
    together, is the text."""
    plain = 0
    place = 0
    while place < len(text):
        found = None
        if _INTERESTING.match(text, place):
            for pattern, read in _RULES:
                match = pattern.match(text, place)
                if match is not None and match.end() > place:
                    found = match, read
                    break
        elif (match := _LATIN.match(text, place)) is not None and not _money_name(match[0], text, match.end()):
            found = match, lambda m: m[0].upper()
        if found is None:
            place += 1
            continue
        if plain < place:
            yield Piece(text[plain:place], text[plain:place])
        match, read = found
        yield Piece(match[0], read(match))
        plain = place = match.end()
    if plain < len(text):
        yield Piece(text[plain:], text[plain:])


def _money_name(word: str, text: str, after: int) -> bool:
    return word in _MONEY and text[after : after + 1].isdecimal()


def read_aloud(text: str) -> str:
    """``text`` as it is read."""
    return "".join(piece.read for piece in pieces(text))
