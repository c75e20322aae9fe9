"""Sentences about dishes with slots: what a Chinese brief gives as marks, and what may be said only if it gives it.

Delexicalisation as in ``slots``, a character a slot, because the model writes character by character. What stands in
no slot is told by single characters, too: a character of ``GATED`` tells a taste, a texture, a way of cooking, a
colour, a temperature or a food. The heading names those that a sentence holds, and the model may write only those
that the brief gives: so it can't call a dish hot, crisp or fried of which nobody said so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

DISH, TIME = "Ⓓ", "◷"
MAIN, SEASONING = "①②③", "ⓐⓑ"
"""Marks of the dish's name, of the time that it takes, and of its foods and seasonings in the order of the brief."""
MARKS = DISH + TIME + MAIN + SEASONING
CATEGORIES = ("荤菜", "素菜", "水产", "主食", "早餐", "汤羹", "甜品", "饮品", "速食", "酱料")
LEVELS = ("易", "中", "难")
TASTES = "酸甜苦辣麻咸"
TEXTURES = "酥脆嫩软糯滑弹韧绵嚼焦烂"
METHODS = "煎炸烤蒸煮炖炒焖煨卤拌烧焗煲烫涮腌熏烩焯冻"
COLOURS = "红黄绿白黑紫金"
HEATS = "冰凉热温冷"
FOODS = (
    "鱼虾蟹蚝贝蛤鳝蛙鸡鸭鹅猪牛羊兔肉排肠骨蹄蛋奶酪豆腐菇笋瓜茄椒葱姜蒜韭芹莴苣萝卜薯芋藕莲栗果梅柠檬桃莓枣椰橙橘蕉苹梨菠葡萄"
    "米麦面粉粥糕饼馒饺丸酒茶咖啡乐糖蜜油酱醋盐芝桂孜咖喱皮馅虾仁笼叶花"
)
GATED = "".join(dict.fromkeys(TASTES + TEXTURES + METHODS + COLOURS + HEATS + FOODS))
"""Characters that tell a fact of a dish. 鲜 and 香 aren't among them: nearly every sentence has them, and they tell
nothing that could be wrong."""
TASTE, MAKING = "味", "做"
"""What a sentence is about: how the dish is, or how it is made."""


def facts_in(text: str) -> str:
    """The gated characters of a text, each once, in the order of ``GATED``."""
    held = set(text)
    return "".join(character for character in GATED if character in held)


def taste_heading(category: str, marks: Iterable[str], facts: str) -> str:
    """The heading of a sentence on how a dish is.

    Args:
        category: One of ``CATEGORIES``.
        marks: Those of ``MAIN`` and ``SEASONING`` that it holds.
        facts: Its gated characters, as ``facts_in`` gives them.
    """
    return f"菜{TASTE}·{category}·{''.join(sorted(marks))}·{facts}\n"


def making_heading(category: str, level: str, timed: bool) -> str:
    """The heading of a sentence on how a dish is made: one of ``LEVELS``, and whether the time is told."""
    return f"菜{MAKING}·{category}·{level}·{TIME if timed else ''}\n"


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each value in the place of its mark; marks without a value stay."""
    return "".join(values.get(character, character) for character in text)


def marks_in(text: str) -> set[str]:
    """The marks that stand in a text."""
    return set(MARKS).intersection(text)


_SEASONINGS = re.compile(
    "盐|糖|醋|抽|酱|料酒|蚝油|油$|葱|姜|蒜|椒|八角|桂皮|香叶|茴|味精|鸡精|淀粉|孜然|咖喱|芝麻|香菜|蜜|豉|茴香|草果|丁香|酵母"
)
_TIME = re.compile(
    r"(?:大约|大概|约|预计|不到|最快)?(?:只需要?|需要?|为|是)?(?:大约|大概|约)?"
    r"((?:\d+(?:\.\d+)?(?:[到至~～–-]\d+(?:\.\d+)?)?|半|一|两|[二三四五]?十五?|[一两]?个?半)(?:个半|个多|个)?"
    r"(?:分钟|小时|刻钟|钟头)半?)(?:左右)?"
)
_OTHER_FIGURE = re.compile(r"\d|[二三四五六七八九十百千两](?:个|种|步|天|人|次|倍|道|分|成|碗|杯)")
_PLACES = (
    "四川|川渝|重庆|广东|广西|湖南|湖北|江西|江南|江浙|浙江|江苏|上海|北京|天津|东北|山东|山西|陕西|河南|河北|云南|贵州|福建|闽南|潮汕"
    "|潮州|客家|台湾|香港|澳门|新疆|西北|西南|华北|内蒙古?|海南|安徽|徽州|苏州|杭州|扬州|淮扬|柳州|桂林|南京|西安|自贡|青岛|宁波"
    "|绍兴|温州|北方|南方|日本|韩国|泰国|印度|意大利|法国|美国|英国|俄罗斯|墨西哥|西班牙|欧洲|中国|中华|豫东|豫北|和风|异域|地中海|南洋|鲁菜|川菜|粤菜|湘菜|沪上|比哈尔邦"
)
_STYLE = re.compile(
    rf"(?:{_PLACES}|[川粤湘鲁闽浙徽苏京沪港潮台日韩泰法意美英俄中西欧豫赣滇黔桂陕])(?:传统|经典|地方)*"
    r"(?:式|味|系|派|风味|特色|菜系|地区|本地|民间|街头|经典|传统)+的?"
)
_CLAIM = re.compile(
    "经典的?|传统的?|特色的?|著名的?|知名的?|地道的?|正宗的?|典型的|人气|网红|改良|必备|名(?=菜|点|小吃)|国民|充满|当地"
)
_NUTRITION = re.compile(
    "富含|蛋白|维生素|营养|纤维|脂肪|碳水|矿物|钙|铁|锌|能量|热量|补充|健康|氨基酸|胡萝卜素|抗氧化|膳食|微量|低脂|低卡|低糖|减脂|减肥"
    "|养|滋补|清热|去火|降火|润肺|祛|暖身|暖胃|解酒|消暑|醒酒|免疫|消化|瘦身|身体|饱腹|体力|孕|病|益|能补|进补"
)
_TOO_SPECIAL = re.compile(
    "压力锅|烤箱|微波|冰箱|冷藏|冷冻|过夜|隔夜|一夜|提前|发酵|模具|料理机|破壁|电饭|炸锅|砂锅|机器|设备|平底锅|高压|说明|购买|市售|超市|外卖|历史|相传|起源|源自"
    "|诞生|发明|传说|据说|快餐店|餐厅|饭店|酒吧|调酒|机场|儿时|童年|记忆|妈妈|奶奶|[A-Za-z]"
)


def times_in(text: str) -> list[tuple[int, int, str]]:
    """Times that a text tells: where each begins and ends, with 约 and 左右 around it, and the time alone."""
    return [(*match.span(), match.group(1)) for match in _TIME.finditer(text)]


def fit_to_learn(text: str) -> bool:
    """Whether a sentence with marks tells nothing that no brief could give: no nutrition or health, no other figure, no
    place, no tool or tale."""
    return not any(
        pattern.search(text) for pattern in (_NUTRITION, _OTHER_FIGURE, _TOO_SPECIAL, re.compile(_PLACES), _SLIPS)
    )


_SLIPS = re.compile("[（）()“”《》:：\\[\\]【】]|[①②③ⓐⓑ]{2}|Ⓓ.*Ⓓ")
_NAMED = re.compile(r"^(?:这是|这道|此为|作为)?(一[道款种份杯碗])")


def delexicalised(text: str, name: str, foods: Sequence[str]) -> tuple[str, dict[str, str]]:
    """A sentence about a dish with marks for its name, its foods and seasonings and the time, and the values by mark.

    Places and praise by repute (经典, 地道) are left out of it: no brief gives them.

    Args:
        text: One sentence.
        name: The dish.
        foods: Its foods and seasonings, one each.
    """
    text = re.sub(r"\s+", "", text)
    values = {}
    if name in text:
        text, values[DISH] = text.replace(name, DISH, 1), name
    text = _CLAIM.sub("", _STYLE.sub("", text))
    if DISH not in text:
        bare = re.sub(
            r"^(?:这道(?:菜|汤品|汤|小吃|甜品|甜点|饮品|主食|面食|家常菜)|这款(?:菜|酱料|饮品|甜品|甜点|酱)?|成品)(?=.)",
            DISH,
            text,
        )
        text = bare if bare != text else _NAMED.sub(rf"{DISH}是\1", text)
        if DISH in text:
            values[DISH] = name
    for start, end, value in reversed(times_in(text)):
        if TIME not in text:
            text, values[TIME] = text[:start] + TIME + text[end:], value
    places: list[tuple[str, bool]] = []
    for food in sorted({food for food in foods if len(food) > 1}, key=len, reverse=True):
        for word in dict.fromkeys((food, food[-2:])):
            if word in text and not any(word in taken for taken, _kind in places):
                places.append((word, bool(_SEASONINGS.search(food))))
                break
    for seasoning, marks in ((False, MAIN), (True, SEASONING)):
        words = sorted((word for word, kind in places if kind is seasoning), key=text.find)
        words = [word for word in words if word in text]
        for mark, word in zip(marks, words, strict=False):
            text, values[mark] = text.replace(word, mark), word
    return text, {mark: value for mark, value in values.items() if mark in text}
