"""Two-part sayings (歇后语): a picture, and what it means; which of them an advertisement can stand."""

from __future__ import annotations

import re

DASH = "——"
LONGEST = 24
"""Characters of the longest saying, with the dash."""
_HANZI = re.compile(r"[\u3400-\u9fff]+")
COARSE = re.compile(
    "[屎尿屁粪尸鬼坟棺丧奴妓娼嫖贼盗匪奸淫瞎聋哑瘸跛瘫癞秃傻疯痴呆蠢笨孬贱骚阴阎罗死杀砍剁宰吊绞刑牢狱毒赌烟枪炮战寡寨蛆虱蚤蛇鼠狗蝇蚊蟑疮痔脓"
    "痰血肏婊娘婆妻妾媳寡裤裆奶胎妖魔佛僧尼庵庙菩萨神仙玉皇观音和尚道士驼矮胖丑病药医臭烂坏狼豺虎癌痨]|麻子|麻脸|太监|光棍|老太|老婆|强盗|小偷|叫花|要饭|乞丐|"
    "日本|洋鬼|蛮|夷|哭|骂|打人|挨打|吃人|党|皇|官|兵|军|张飞|关公|曹操|刘备|诸葛|孔明|武大|潘金莲|八戒|唐僧|悟空|宋江|李逵|林彪|秦桧"
)
"""What no advertisement wants: curses, bodies, illness, death, crime, scorn of people, faith, and names."""
_KIND = re.compile(
    "[好美甜香喜乐新高福发亮妙旺鲜红春暖宝贵强胜赢稳响快巧灵顺圆满全实真深长]|越|节节|步步|一点就|名不虚传|有滋有味"
)
_UNKIND = re.compile(
    "[不没无非难白空假落输败苦愁怕忧恼恨气惨穷贫亏丢失迟晚慢旧老弱软冷悬险乱歪斜差错怪碎破断倒完尽休别莫甭充骗瞒欺硬装作凑]|心痛|发慌"
)


def saying_of(riddle: str, answer: str) -> str | None:
    """A saying of the corpus in one spelling, or None if it is no such thing or too coarse: of several answers the
    first, without notes."""
    first = re.split("[；;，,]", re.sub("[（(].*?[）)]", "", answer))[0].strip()
    riddle = riddle.strip()
    if not _HANZI.fullmatch(riddle) or not _HANZI.fullmatch(first) or COARSE.search(riddle + first):
        return None
    saying = f"{riddle}{DASH}{first}"
    return saying if len(riddle) > 2 and len(first) > 1 and len(saying) <= LONGEST else None


def kind(saying: str) -> bool:
    """Whether what it means has a good word and no bad one, as far as two short lists know."""
    answer = saying.partition(DASH)[2]
    return bool(_KIND.search(answer)) and not _UNKIND.search(answer)


def heading(word: str) -> str:
    """The heading of a saying that holds ``word``."""
    return f"歇·{word}\n"


def well_made(text: str) -> bool:
    """Whether a text is a saying: two parts of Chinese characters with the dash between."""
    parts = text.split(DASH)
    return len(parts) == 2 and all(_HANZI.fullmatch(part) for part in parts)
