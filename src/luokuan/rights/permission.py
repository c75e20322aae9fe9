"""May I sell this? Yes, no, or only if: with the sources, the reasons and what is to be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.i18n import _
from luokuan.rights.credits import Credit, credits_of
from luokuan.rights.reasons import asks, because, use_word
from luokuan.rights.rules import CONDITIONS, USES, Answer, Condition, Finding, Judged, Use, judge
from luokuan.rights.sources import Source

if TYPE_CHECKING:
    from luokuan.store.home import Home


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition of an ``only if``.

    Args:
        kind: What is to be done.
        licence: For which licence; empty where none asks.
        sources: Titles of those that ask, in their order.
        words: The same in a sentence.
    """

    kind: Condition
    licence: str
    sources: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer.

    Args:
        subject: What was asked about.
        use: What for.
        answer: Yes, no, only if.
        under: Licence that the work must stand under; empty: it is free.
        conditions: What is to be met; of a no, what would be left to meet besides.
        findings: Every rule that holds, with its source.
        credits: Who is to be named.
    """

    subject: str
    use: Use
    answer: Answer
    under: str
    conditions: tuple[Asked, ...]
    findings: tuple[Finding, ...]
    credits: tuple[Credit, ...]

    def unmet(self, met: Iterable[Condition] = ()) -> tuple[Asked, ...]:
        """The conditions of kinds that nobody says will be met."""
        return tuple(one for one in self.conditions if one.kind not in set(met))

    def allowed(self, met: Iterable[Condition] = ()) -> bool:
        """Whether it is a yes, or an only if of which all conditions are met."""
        return self.answer is not Answer.NO and not self.unmet(met)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """What stands in the way: of a no the rules that say no, else those that ask something."""
        return tuple(one for one in self.findings if one.rule.answer(self.use) is self.answer)

    @property
    def sentence(self) -> str:
        """The answer in a sentence."""
        use = use_word(self.use)
        if self.answer is Answer.YES:
            return _("Yes: {use} is free.", use=use)
        if self.answer is Answer.NO:
            return _("No: {use} isn't allowed.", use=use)
        return _("Only if: {use} is allowed on the conditions below.", use=use)

    def to_json(self, met: Iterable[Condition] = ()) -> dict[str, Any]:
        """As JSON values."""
        kept = set(met)
        return {
            "subject": self.subject,
            "use": self.use,
            "answer": self.answer.name.lower().replace("_", " "),
            "allowed": self.allowed(kept),
            "under": self.under or None,
            "conditions": [
                {
                    "kind": one.kind,
                    "licence": one.licence or None,
                    "sources": list(one.sources),
                    "met": one.kind in kept,
                    "words": one.words,
                }
                for one in self.conditions
            ],
            "reasons": [
                {
                    "rule": one.rule.id,
                    "source": {"kind": one.source.kind, "title": one.source.title, "licence": one.source.licence},
                    "answer": one.rule.answer(self.use).name.lower().replace("_", " "),
                    "words": because(one),
                }
                for one in self.findings
                if one.rule.answer(self.use) <= self.answer
            ],
            "credits": [one.to_json() for one in self.credits],
        }


def decide(subject: str, sources: Iterable[Source], use: Use = "commercial") -> Permission:
    """Apply the rules.

    Args:
        subject: What is asked about.
        sources: All that it was made from; none: nobody knows, and the answer is no.
        use: What for.
    """
    known = tuple(sources)
    judged = judge(known, use)
    return Permission(subject, use, judged.answer, judged.under, _conditions(judged, use), judged.findings,
                      credits_of(known))  # fmt: skip


def permission_of(reference: str | Path, home: Home | None, use: Use = "commercial") -> Permission:
    """Whether a work, a file, a model or a corpus may be used.

    Args:
        reference: A file, a work's id, a model's name or folder, or a corpus's name or folder.
        home: Whose records are asked; None: there is none.
        use: What for.

    Raises:
        UserError: there is no such thing, or it can't be read.
    """
    subject, sources = sources_of(reference, home)
    return decide(subject, sources, use)


def sources_of(reference: str | Path, home: Home | None) -> tuple[str, list[Source]]:
    """What is meant, and all that it was made from; see ``permission_of``.

    Raises:
        UserError: there is no such thing, or it can't be read.
    """
    from luokuan.foundation.modelfolder import CONFIG, is_name, read_folder, resolve
    from luokuan.rights.gather import of_corpus, of_lineage, of_model
    from luokuan.store.home import open_home

    text, path = str(reference), expand(reference)
    try:
        folder = path.is_dir() and bool(text)
        file = path.is_file()
    except OSError:
        folder = file = False
    if folder and (path / CONFIG).is_file():
        found = read_folder(path)
        return found.name, of_model(found, home or open_home())
    if not file and not folder and is_name(text) and not _is_id(text):
        place = home or open_home()
        corpus = place.path / "corpora" / text
        if corpus.is_dir() and not (place.models / text).is_dir():
            path, folder = corpus, True
        else:
            found = resolve(text, place)
            return found.name, of_model(found, place)
    if folder:
        from luokuan.foundation.corpus.card import read_card

        return path.name or str(path), of_corpus(path, read_card(path))
    from luokuan.colophon.lineage import lineage_of

    lineage = lineage_of(reference, home)
    return lineage.nodes[lineage.this].title, of_lineage(lineage, home)


def use_of(text: str) -> Use:
    """One of ``USES``.

    Raises:
        UserError: it is none.
    """
    for use in USES:
        if use == text.strip().lower():
            return use
    raise UserError(
        _("There is no use called '{name}'.", name=text[:40]),
        _("Choose one of {known}.", known=", ".join(USES)),
        code="rights.use",
    )


def conditions_of(texts: Iterable[str]) -> tuple[Condition, ...]:
    """Kinds of conditions, from their names.

    Raises:
        UserError: one is none.
    """
    found = []
    for text in texts:
        kind = next((one for one in CONDITIONS if one == text.strip().lower()), None)
        if kind is None:
            raise UserError(
                _("There is no condition called '{name}'.", name=text[:40]),
                _("Choose one of {known}.", known=", ".join(CONDITIONS)),
                code="rights.condition",
            )
        found.append(kind)
    return tuple(found)


_BY_LICENCE = ("share-alike", "licence-text", "font", "not-for-money")
"""Conditions that are met for each licence by itself; the others are met for all sources at once."""


def _is_id(text: str) -> bool:
    return len(text) == 16 and all(letter in "0123456789abcdef" for letter in text)


def _conditions(judged: Judged, use: Use) -> tuple[Asked, ...]:
    found: dict[tuple[Condition, str], list[Finding]] = {}
    for one in judged.findings:
        if one.rule.answer(use) is Answer.ONLY_IF and one.rule.condition is not None:
            # Of a share-alike licence it matters which one the work gets, not which version asked.
            licence = judged.under if one.rule.condition == "share-alike" else one.licence
            licence = licence if one.rule.condition in _BY_LICENCE else ""
            found.setdefault((one.rule.condition, licence), []).append(one)
    asked = []
    for (kind, licence), each in sorted(found.items(), key=lambda pair: CONDITIONS.index(pair[0][0])):
        # Models and works repeat what their material asks.
        material = [one for one in each if one.source.kind not in ("model", "work")]
        titles = tuple(dict.fromkeys(one.source.title for one in material or each))
        asked.append(Asked(kind, licence, titles, asks(kind, licence, titles)))
    return tuple(asked)
