"""The rules of "May I sell this?": a table, and how it is applied to what a work was made from.

Each rule says for each use whether it leaves it free, asks something, or forbids it. All sources' rules bind together;
where a licence offers a choice, the better one is taken. One thing is chosen for the whole: the licence under which the
work itself will stand, which share-alike licences ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, get_args

from luokuan.rights.licences import AllOf, AnyOf, Expression, Licence, Term, parse, terms_in
from luokuan.rights.sources import Source

Use = Literal["commercial", "editorial", "personal"]
USES: tuple[Use, ...] = get_args(Use)


class Answer(IntEnum):
    """From the least to the most permissive."""

    NO = 0
    ONLY_IF = 1
    YES = 2


Condition = Literal[
    "share-alike", "credit", "licence-text", "font", "not-for-money", "consent", "material", "record", "verify", "name"
]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Args:
        id: Its name.
        effect: What is left of each of ``USES``, in that order.
        condition: What is to be met where the effect is ``ONLY_IF``.
    """

    id: str
    effect: tuple[Answer, Answer, Answer]
    condition: Condition | None = None

    def answer(self, use: Use) -> Answer:
        """What is left of a use."""
        return self.effect[USES.index(use)]


_NO, _IF, _YES = Answer.NO, Answer.ONLY_IF, Answer.YES
TABLE: tuple[Rule, ...] = (
    Rule("licence-unknown", (_NO, _NO, _NO)),
    Rule("all-rights-reserved", (_NO, _NO, _NO)),
    Rule("no-derivatives", (_NO, _NO, _NO)),
    Rule("non-commercial", (_NO, _IF, _YES), "not-for-money"),
    Rule("share-alike", (_IF, _IF, _YES), "share-alike"),
    Rule("share-alike-clash", (_NO, _NO, _YES)),
    Rule("attribution", (_IF, _IF, _YES), "credit"),
    Rule("attribution-nobody", (_IF, _IF, _YES), "name"),
    Rule("licence-text", (_IF, _IF, _YES), "licence-text"),
    Rule("font", (_IF, _YES, _YES), "font"),
    Rule("free", (_YES, _YES, _YES)),
    Rule("consent-missing", (_NO, _NO, _IF), "consent"),
    Rule("consent-unsaid", (_IF, _IF, _YES), "consent"),
    Rule("consent-contradicted", (_IF, _IF, _IF), "consent"),
    Rule("consent-recorded", (_YES, _YES, _YES)),
    Rule("material-unsaid", (_IF, _IF, _YES), "material"),
    Rule("model-absent", (_IF, _IF, _YES), "record"),
    Rule("only-said", (_IF, _IF, _IF), "verify"),
    Rule("lineage-cut", (_NO, _NO, _NO)),
    Rule("nothing-known", (_NO, _NO, _NO)),
    Rule("erased", (_NO, _NO, _NO)),
    Rule("withdrawn", (_NO, _NO, _NO)),
    Rule("disputed", (_NO, _NO, _YES)),
)
RULES: Mapping[str, Rule] = {rule.id: rule for rule in TABLE}
_OF_STATES = {
    "absent": "model-absent",
    "unsaid": "material-unsaid",
    "said": "only-said",
    "cut": "lineage-cut",
    "unknown": "nothing-known",
    "erased": "erased",
    "withdrawn": "withdrawn",
    "disputed": "disputed",
}
_OF_PERSONS = {
    "missing": "consent-missing",
    "unsaid": "consent-unsaid",
    "contradicted": "consent-contradicted",
    "agreed": "consent-recorded",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that holds for a source. ``licence``: the one that asks for it; empty where none does."""

    source: Source
    rule: Rule
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """All findings, the answer, and the licence that the work must stand under; empty: any."""

    answer: Answer
    findings: tuple[Finding, ...]
    under: str


def judge(sources: Iterable[Source], use: Use) -> Judged:
    """Apply the table to all that a work was made from.

    Args:
        sources: At least one, or nothing is known.
        use: What for.
    """
    asked = [(source, parse(source.licence)) for source in sources] or [(_NOTHING, Term("unknown", None))]
    licences = [term.licence for _source, expression in asked for term in terms_in(expression) if term.licence]
    # Free choice first: of equal answers the one that binds least is taken.
    targets = dict.fromkeys(["", *(name for licence in licences for name in licence.alike)])
    tried = [_under(asked, use, target) for target in targets]
    return min(tried, key=lambda one: _weight(one.findings, use))


_NOTHING = Source("nothing", "file", "?", states=frozenset({"unknown"}))


def _under(asked: Sequence[tuple[Source, Expression]], use: Use, target: str) -> Judged:
    findings = list[Finding]()
    for source, expression in asked:
        findings += _of_expression(source, expression, use, target)
        findings += [Finding(source, RULES[_OF_STATES[state]]) for state in sorted(source.states)]
        if (rule := _OF_PERSONS.get(source.persons)) is not None:
            findings.append(Finding(source, RULES[rule]))
    answer = min((finding.rule.answer(use) for finding in findings), default=Answer.NO)
    return Judged(answer, tuple(findings), target)


def _of_expression(source: Source, expression: Expression, use: Use, target: str) -> list[Finding]:
    if isinstance(expression, AllOf):
        return [one for part in expression.parts for one in _of_expression(source, part, use, target)]
    if isinstance(expression, AnyOf):
        ways = [_of_expression(source, part, use, target) for part in expression.parts]
        return min(ways, key=lambda findings: _weight(findings, use))
    licence = expression.licence
    if licence is None:
        return [Finding(source, RULES["licence-unknown"], expression.text)]
    return [Finding(source, RULES[rule], licence.id) for rule in _of_licence(licence, source, target)]


def _of_licence(licence: Licence, source: Source, target: str) -> list[str]:
    if not licence.anything:
        return ["all-rights-reserved"]
    holds = {
        "no-derivatives": not licence.changes,
        "non-commercial": not licence.business,
        "share-alike": bool(licence.alike) and target in licence.alike,
        "share-alike-clash": _clashes(licence, target),
        "attribution": licence.name,
        "attribution-nobody": licence.name and not source.credit,
        "licence-text": licence.text,
        "font": licence.font,
    }
    return [rule for rule, so in holds.items() if so] or ["free"]


def _clashes(licence: Licence, target: str) -> bool:
    """Whether the work can't stand under ``target``: this licence asks for another one, or forbids what that one
    permits to everybody."""
    if licence.alike:
        return target not in licence.alike
    free = licence.business and licence.changes
    return bool(target) and not free and (not licence.changes or "-NC" not in target)


def _weight(findings: Sequence[Finding], use: Use) -> tuple[int, int, int]:
    """The less, the better: first the answer, then how much is asked, then how much was found."""
    answer = min((finding.rule.answer(use) for finding in findings), default=Answer.NO)
    asked = {(f.rule.condition, f.licence) for f in findings if f.rule.answer(use) is Answer.ONLY_IF}
    return -answer, len(asked), len(findings)
