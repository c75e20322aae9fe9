"""What is wrong with a piece of copy, beside its brief: each finding with its words and its reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from luokuan.create.claims import ABSOLUTE, MEDICAL, claims
from luokuan.create.copybrief import HANZI, Brief
from luokuan.create.figures import strange_figures
from luokuan.i18n import _

SLOT, MUST, MUST_NOT, FIGURE, LENGTH, EMPTY = "slot", "must", "must-not", "figure", "length", "empty"
ORDER = (EMPTY, SLOT, MUST, MUST_NOT, MEDICAL, ABSOLUTE, FIGURE, LENGTH)
"""Kinds of findings, the gravest first."""
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*%?|[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+|[^\W_]")


@dataclass(frozen=True, slots=True)
class Finding:
    """``kind``: one of ``ORDER``; ``written``: the words that it is about; ``reason``: why, in a sentence."""

    kind: str
    written: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """As JSON values."""
        return asdict(self)


def tokens(text: str) -> list[str]:
    """Words, numbers and Chinese characters of a text, without case, marks, spaces and widths."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def says(text: str, phrase: str) -> bool:
    """Whether ``text`` holds ``phrase`` but for case, marks and spaces: words and numbers whole, Chinese anywhere. A
    phrase of marks alone is looked for as it is."""
    wanted, found = tokens(phrase), tokens(text)
    if not wanted:
        return phrase in text
    return any(found[i : i + len(wanted)] == wanted for i in range(len(found) - len(wanted) + 1))


def length_of(text: str, language: str) -> int:
    """Characters but spaces (``zh``), or words (``en``)."""
    return len("".join(text.split())) if language == "zh" else len(text.split())


def findings(text: str, brief: Brief) -> tuple[Finding, ...]:
    """What a person should look at, the gravest first. The product's name isn't searched for absolutes: the
    Guide of 2023 (国家市场监督管理总局公告 2023 年第 6 号) excepts names.

    Args:
        text: The copy.
        brief: What it was to be.
    """
    language = brief.spoken
    if not text.strip():
        return (Finding(EMPTY, "", _("The model wrote nothing.")),)
    found = [Finding(MUST, word, _("It must be said and isn't.")) for word in brief.must if not says(text, word)]
    if not says(text, brief.product) and brief.form != "slogan":
        found.append(Finding(MUST, brief.product, _("The product isn't named.")))
    found += [Finding(MUST_NOT, w, _("It mustn't be said.")) for w in brief.must_not if says(text, w)]
    nameless = re.sub(re.escape(brief.product), "\u25a1", text, flags=re.IGNORECASE)
    found += [Finding(claim.kind, claim.written, claim.reason) for claim in claims(nameless, language)]
    found += [
        Finding(FIGURE, figure.written, _("No figure of the brief: nobody has given it."))
        for figure in strange_figures(text, brief.facts)
    ]
    length = length_of(text, language)
    if brief.length is not None and length > brief.length:
        too_long = (
            _("{count} characters, and {most} may be.", count=length, most=brief.length)
            if language == "zh"
            else _("{count} words, and {most} may be.", count=length, most=brief.length)
        )
        found.append(Finding(LENGTH, "", too_long))
    if language == "zh" and not HANZI.search(text):
        found.append(Finding(MUST, "zh", _("It was to be in Chinese.")))
    return tuple(sorted(found, key=lambda one: ORDER.index(one.kind)))


def counted(found: Sequence[Finding]) -> tuple[int, ...]:
    """How many findings of each kind, in the order of ``ORDER``: compared as tuples, less is better."""
    return tuple(sum(one.kind == kind for one in found) for kind in ORDER)
