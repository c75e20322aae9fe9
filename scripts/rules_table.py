"""The table of rules of docs/rights.md and docs/zh/rights.md, from the code: printed, or with --write put there."""

from __future__ import annotations

import sys
from pathlib import Path

from luokuan.i18n import speaking
from luokuan.rights.reasons import condition_word, rule_word
from luokuan.rights.rules import TABLE, USES, Answer, Use

PAGES = {"en": Path("docs/rights.md"), "zh_CN": Path("docs/zh/rights.md")}
START, END = "<!-- rules -->\n", "<!-- /rules -->\n"


def table(language: str) -> str:
    """The rows in Markdown, in a language of ``luokuan.i18n``."""
    with speaking(language):
        licence = "该许可" if language == "zh_CN" else "The licence"
        head = {
            "en": ("rule", "when", "commercial", "editorial", "personal", "condition"),
            "zh_CN": ("规则", "何时适用", "商用", "发表", "自用", "条件"),
        }[language]
        lines = [f"| {' | '.join(head)} |", "| " + " | ".join(["---"] * len(head)) + " |"]
        for rule in TABLE:
            words = rule_word(rule.id, "…" if rule.id == "licence-unknown" else licence).replace("该许可 ", "该许可")
            effects = [_word(rule.answer(use), language) for use in _uses()]
            condition = "" if rule.condition is None else f"{condition_word(rule.condition)} (`{rule.condition}`)"
            lines.append(f"| `{rule.id}` | {words} | {' | '.join(effects)} | {condition or '-'} |")
    return "\n".join(lines) + "\n"


def placed(page: str, language: str) -> str:
    """A page with the table in its place."""
    before, rest = page.split(START, 1)
    return before + START + table(language) + END + rest.split(END, 1)[1]


def _uses() -> tuple[Use, ...]:
    return USES


def _word(answer: Answer, language: str) -> str:
    words = {"en": ("no", "only if", "yes"), "zh_CN": ("否", "附条件", "可")}[language]
    return words[int(answer)]


def main() -> None:
    """Print, or write into the pages."""
    root = Path(__file__).parents[1]
    for language, path in PAGES.items():
        if "--write" in sys.argv:
            page = (root / path).read_text(encoding="utf-8")
            (root / path).write_text(placed(page, language), encoding="utf-8")
        else:
            print(table(language))


if __name__ == "__main__":
    main()
