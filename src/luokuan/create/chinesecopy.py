"""Chinese copy without a model that answers: from a brief to lines that one must write, and from those to texts.

Of dishes sentences with slots (``dishes``); of anything couplets that hide characters of its name (``couplets``) and
two-part sayings (``sayings``). What such a model can't write is refused in a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from luokuan.create import couplets, dishes, sayings
from luokuan.create.brief import joined
from luokuan.create.copybrief import Brief
from luokuan.create.copychecks import SLOT, Finding
from luokuan.create.copyprompts import LENGTHS
from luokuan.create.prosody import HANZI
from luokuan.create.ranking import ranked
from luokuan.errors import UserError
from luokuan.i18n import _

CATEGORY, MAIN, SEASONING, TASTE, TEXTURE, METHOD, LEVEL, TIME = (
    "类别", "主料", "调料", "口味", "口感", "做法", "难度", "用时",
)  # fmt: skip
NAMES = (CATEGORY, MAIN, SEASONING, TASTE, TEXTURE, METHOD, LEVEL, TIME)
"""Attributes of a dish."""
ALIASES = {
    "category": CATEGORY, "kind": CATEGORY, "分类": CATEGORY, "ingredients": MAIN, "main": MAIN, "食材": MAIN,
    "原料": MAIN, "材料": MAIN, "seasonings": SEASONING, "辅料": SEASONING, "配料": SEASONING, "taste": TASTE,
    "味道": TASTE, "texture": TEXTURE, "method": METHOD, "工艺": METHOD, "difficulty": LEVEL, "time": TIME,
    "时间": TIME, "制作时间": TIME,
}  # fmt: skip
CATEGORY_ALIASES = {
    "荤": "荤菜", "肉菜": "荤菜", "素": "素菜", "凉菜": "素菜", "蔬菜": "素菜", "海鲜": "水产", "面食": "主食",
    "汤": "汤羹", "羹": "汤羹", "甜点": "甜品", "点心": "甜品", "饮料": "饮品", "酱": "酱料", "蘸料": "酱料",
    "早点": "早餐",
}  # fmt: skip
LEVELS = {
    **dict.fromkeys(("易", "简单", "容易", "低", "1", "2"), "易"),
    **dict.fromkeys(("中", "中等", "适中", "一般", "3"), "中"),
    **dict.fromkeys(("难", "较难", "困难", "高", "4", "5"), "难"),
}
MOST = 3
"""Characters of the longest must that a couplet or saying is made to hold."""
COUPLETS = (7, 5, 4)
"""Characters of a couplet's line, as far as the length allows."""
_EASY = re.compile("(?<!不)(?<!不算)(?:简单|容易|轻松)|(?:毫无|没有)(?:难|挑战)|零基础")
_VERY_EASY = re.compile("(?:非常|极其|极为|特别|十分)(?:简单|容易|轻松)|(?:毫无|没有)(?:难|挑战)|零基础")
_HARD = re.compile(
    "(?:有|是).{0,3}(?:挑战|难度|难)|(?<!不)(?<!不算)(?<!并不)(?:复杂|繁琐)|不太友好|难度(?:较|偏|中|适)|需要(?:一些|一定)"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of copy to be written.

    Args:
        kind: ``dishes.TASTE``, ``dishes.MAKING``, ``couplets.COUPLET``, or empty for a saying.
        head: What the model goes on from.
        marks: Marks that must stand in it, each once.
        facts: Gated characters that it must hold.
        may: Gated characters that it may hold.
        length: Characters of a couplet's line.
        heads: First characters of its lines, two or none.
        word: What must stand in a couplet or saying.
        level: How hard the dish is to make.
    """

    kind: str
    head: str
    marks: frozenset[str] = frozenset()
    facts: str = ""
    may: str = ""
    length: int = 0
    heads: str = ""
    word: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a brief asks for: lines, one under the other or, of sentences, after the other; of each line one or more
    ways to ask for it; and the values of the marks."""

    lines: tuple[tuple[Line, ...], ...]
    values: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def plan_of(brief: Brief, known: Collection[str]) -> Plan:
    """The lines that a brief asks for.

    Args:
        brief: It is in Chinese.
        known: Characters that the model knows.

    Raises:
        UserError: a language or form that it hasn't learnt, no dish where one is needed, a value or a name that it
            can't write.
    """
    if brief.spoken != "zh" or brief.form == "news":
        raise UserError(
            _("This model writes Chinese alone, and no news."),
            _("Choose another --form, or another --model: one with a chat template, or a server's."),
            code="copy.model",
        )
    ignored = [name for name in ("audience", "tone", "must_not") if getattr(brief, name)]
    if brief.form in ("description", "ad"):
        sentences, values = _dish(brief)
        ignored += [name for name in ("must", "length") if getattr(brief, name)]
        headline = (_couplets(brief, known),) if brief.form == "ad" else ()
        return Plan((*headline, *((sentence,) for sentence in sentences)), values, tuple(ignored))
    ignored += ["attributes"] if brief.attributes else []
    if brief.form == "slogan":
        return Plan((_couplets(brief, known),), {}, tuple(ignored))
    return Plan(
        (_sayings(brief, known), _couplets(brief, known)), {}, (*ignored, *(["length"] if brief.length else []))
    )


def _dish(brief: Brief) -> tuple[list[Line], dict[str, str]]:
    told: dict[str, str] = {}
    for name, value in brief.attributes:
        known = ALIASES.get(joined(name), name)
        if known in told:
            raise UserError(
                _("The attribute '{name}' is given twice.", name=name), _("Give it once."), code="copy.attribute"
            )
        told[known] = value.strip()
    category = CATEGORY_ALIASES.get(told.get(CATEGORY, ""), told.get(CATEGORY, ""))
    if category not in dishes.CATEGORIES:
        raise UserError(
            _("This model describes dishes and drinks alone, and the brief doesn't say that '{name}' is one.",
              name=brief.product[:40]),
            _("Say which: --attribute 类别=… with one of {known}. Of other goods it writes a slogan or a post; for the "
              "rest choose a --model with a chat template.", known="、".join(dishes.CATEGORIES)),
            code="copy.model",
        )  # fmt: skip
    if strange := [name for name in told if name not in NAMES]:
        raise UserError(
            _("This model has never read of the attribute '{name}'.", name=strange[0][:40]),
            _("It knows: {names}.", names="、".join(NAMES)),
            code="copy.attribute",
        )
    values = {dishes.DISH: brief.product}
    for name, marks in ((MAIN, dishes.MAIN), (SEASONING, dishes.SEASONING)):
        words = [word for word in re.split(r"[、，,;； ]+", told.get(name, "")) if word]
        if len(words) > len(marks):
            raise UserError(
                _("'{name}' names more than {most}.", name=name, most=len(marks)),
                _("Give the {most} that the copy shall speak of.", most=len(marks)),
                code="copy.attribute",
            )
        values |= dict(zip(marks, words, strict=False))
    facts = dishes.facts_in(" ".join(told.get(name, "") for name in (TASTE, TEXTURE, METHOD)))
    wanted = frozenset(values)
    may = dishes.facts_in(facts + brief.product)
    head = dishes.taste_heading(category, wanted - {dishes.DISH}, facts)
    lines = [Line(dishes.TASTE, head, wanted, facts, may)]
    level, timed = LEVELS.get(told.get(LEVEL, "")), told.get(TIME, "")
    if (LEVEL in told or timed) and level is None:
        raise UserError(
            _("How hard the dish is to make isn't said in a word that the model knows."),
            _(
                "Give --attribute 难度=… with one of {known}; the time is told along with it.",
                known="、".join(dishes.LEVELS),
            ),
            code="copy.attribute",
        )
    if level is not None:
        if timed:
            values[dishes.TIME] = f"需{timed}"
        mark = frozenset(dishes.TIME if timed else "")
        lines.append(Line(dishes.MAKING, dishes.making_heading(category, level, bool(timed)), mark, level=level))
    return lines, values


def _usable(text: str, known: Collection[str]) -> str:
    """The Chinese characters of a text that the model knows, each once."""
    return "".join(dict.fromkeys(character for character in text if HANZI.match(character) and character in known))


def _words(brief: Brief, known: Collection[str]) -> list[str]:
    """Musts that a couplet or saying can hold."""
    return [word for word in brief.must if 1 <= len(word) <= MOST and _usable(word, known) == word]


def _couplets(brief: Brief, known: Collection[str]) -> tuple[Line, ...]:
    """Ways to ask for a couplet: with a must in it, or else with two characters of the name at the heads."""
    own = brief.form == "slogan"
    most = (brief.length if own else None) or LENGTHS["zh"][brief.form if own else "slogan"]
    lengths = [length for length in COUPLETS if 2 * length + 1 <= most]
    if not lengths:
        raise UserError(
            _("A couplet has {least} characters or more, and {most} may be.", least=2 * min(COUPLETS) + 1, most=most),
            _("Give a --length of at least that."),
            code="copy.model",
        )
    heads = ["".join(pair) for pair in combinations(_usable(brief.product, known), 2)][:6]
    words = _words(brief, known)
    if not heads and not words:
        raise UserError(
            _(
                "A couplet hides two Chinese characters of the name, and of '{name}' the model knows fewer.",
                name=brief.product[:40],
            ),
            _("Give a --must of one to three Chinese characters that shall stand in it, or choose another --model."),
            code="copy.model",
        )
    if words:
        return tuple(
            Line(
                couplets.COUPLET,
                couplets.heading(couplets.COUPLET, n, couplets.WITHIN, words[0]),
                length=n,
                word=words[0],
            )
            for n in lengths
        )
    return tuple(
        Line(couplets.COUPLET, couplets.heading(couplets.COUPLET, n, couplets.HEADS, pair), length=n, heads=pair)
        for pair in heads
        for n in lengths
    )


def _sayings(brief: Brief, known: Collection[str]) -> tuple[Line, ...]:
    """Ways to ask for a saying: with a must, or with a character of the name, the last one first."""
    words = [*_words(brief, known), *reversed(_usable(brief.product, known))][:4]
    if not words:
        raise UserError(
            _(
                "A saying holds a Chinese character of the name, and of '{name}' the model knows none.",
                name=brief.product[:40],
            ),
            _("Give a --must of one to three Chinese characters, or choose another --model."),
            code="copy.model",
        )
    return tuple(Line("", sayings.heading(word), word=word) for word in words)


def faults_of(text: str, line: Line, values: Mapping[str, str]) -> list[Finding]:
    """What a line leaves out or breaks of what was asked."""
    missing = _("The sentence leaves it out.")
    found = [Finding(SLOT, values[mark], missing) for mark in sorted(line.marks) if text.count(mark) != 1]
    found += [Finding(SLOT, fact, missing) for fact in line.facts if fact not in text]
    if line.level and (other := {"易": _HARD, "中": _VERY_EASY, "难": _EASY}.get(line.level, _NEVER).search(text)):
        found.append(Finding(SLOT, other.group(), _("The brief says otherwise of how hard it is.")))
    if line.kind in (dishes.TASTE, dishes.MAKING):
        return found if text.endswith("。") else [*found, Finding(SLOT, text[-6:], _("The sentence breaks off."))]
    if line.kind == couplets.COUPLET:
        rules = couplets.rules_kept(text)
        if not rules.all_kept:
            found.append(Finding(SLOT, text, _("It breaks a rule of couplets: length, tones or repeated characters.")))
        if line.heads and not all(
            own.startswith(head) for own, head in zip(couplets.lines_of(text), line.heads, strict=True)
        ):
            found.append(Finding(SLOT, line.heads, _("They aren't the first characters of its lines.")))
    elif not sayings.well_made(text):
        found.append(Finding(SLOT, text, _("It has no two parts.")))
    if line.word and line.word not in text:
        found.append(Finding(SLOT, line.word, missing))
    return found


_NEVER = re.compile(r"(?!)")


def best_of(drafts: Sequence[tuple[Line, str, float]], values: Mapping[str, str], count: int) -> list[tuple[Line, str]]:
    """The ``count`` best drafts of a line: those with the fewest faults, of these such from the likeliest quarter, of
    these such that differ.

    Args:
        drafts: What was asked, the text, and its mean -log p.
    """
    order = sorted(range(len(drafts)), key=lambda place: drafts[place][2])
    quarter = max(count, -(-len(drafts) // 4))
    sorted_drafts = [drafts[place] for place in order]
    ranks = [
        (len(faults_of(text, line, values)), int(place >= quarter))
        for place, (line, text, _n) in enumerate(sorted_drafts)
    ]
    return [sorted_drafts[place][:2] for place in ranked(ranks, [list(text) for _l, text, _n in sorted_drafts], count)]


def laid_out(parts: Sequence[tuple[Line, str]], brief: Brief, values: Mapping[str, str]) -> str:
    """The whole text: lines one under the other, sentences one after the other, and of a post the name at its end."""
    described = (dishes.TASTE, dishes.MAKING)
    mark = "" if brief.form == "slogan" else "。"
    rows = [text + mark for line, text in parts if line.kind not in described]
    sentences = "".join(text for line, text in parts if line.kind in described)
    rows += [dishes.filled(sentences, values)] if sentences else []
    rows += [f"#{brief.product}#"] if brief.form == "post" else []
    return "\n".join(rows)
