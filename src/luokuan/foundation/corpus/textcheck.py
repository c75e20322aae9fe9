"""What a corpus of text is worth before training on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.foundation.corpus import hygiene, scripts
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.personal import KINDS
from luokuan.foundation.corpus.rawtexts import find_files
from luokuan.foundation.corpus.reader import Broken
from luokuan.foundation.corpus.texts import TextCorpus, open_texts
from luokuan.foundation.corpus.textsurvey import EMPTY, Survey, survey
from luokuan.i18n import _

FEW = 100_000
"""Characters below which a corpus is small for a language model."""
WINDOW = 8
"""Tokens of the smallest window that ``train plm`` takes."""
CLUSTERS = 1000
"""Clusters that are named; the others are only counted."""
MEMBERS = 100
"""Documents of a cluster that are named."""
FINDINGS = ("nul", "control", "crlf", "replacement", "not_nfc", "mojibake")


@dataclass(slots=True)
class TextCheck:
    """Findings about a corpus of text. ``problems`` keep it from being trained on; ``warnings`` don't.

    Args:
        path: The folder or file.
        card: card.yaml, if there is one.
        survey: What every document holds.
        corpus: As training would open it; None if it wouldn't.
        script: To which script a cleaned copy is to be turned; None: to none.
    """

    path: Path
    card: Card | None
    survey: Survey
    corpus: TextCorpus | None
    script: str | None
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def trainable(self) -> bool:
        """Whether training would accept it."""
        return not self.problems

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def broken(self) -> list[Broken]:
        """What training skips, as far as it can read the corpus; else what can't be read at all."""
        return list(self.corpus.broken) if self.corpus else self.survey.broken

    @property
    def skipped(self) -> int:
        """How much that is."""
        return self.corpus.skipped if self.corpus else self.survey.skipped

    @property
    def encodings(self) -> dict[str, int]:
        """Files of each encoding."""
        return dict(Counter(file.encoding.name for file in self.survey.files).most_common())

    def clusters(self, leader: NDArray[np.int64], leaders: NDArray[np.int64] | None = None) -> list[list[str]]:
        """Names of the documents of each cluster of two or more (of those led by ``leaders``), as far as they are
        named."""
        sizes = np.bincount(leader, minlength=len(leader))
        chosen = (np.flatnonzero(sizes > 1) if leaders is None else leaders)[:CLUSTERS]
        order = np.argsort(leader, kind="stable")
        starts = np.searchsorted(leader[order], chosen)
        return [
            [self.survey.name(int(number)) for number in order[start : start + min(int(sizes[first]), MEMBERS)]]
            for first, start in zip(chosen, starts, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """All findings as JSON values."""
        found = self.survey
        scripts_found = np.bincount(np.array(found.script, dtype=np.int64), minlength=len(scripts.NAMES))
        card = self.card or Card()
        return {
            "path": str(self.path),
            "digest": self.corpus.digest if self.corpus else None,
            "licence": self.licence,
            "files": len(found.files),
            "documents": found.documents,
            "characters": found.characters,
            "splits": found.splits,
            "held_out": found.held_out,
            "encodings": self.encodings,
            "byte_order_marks": sum(file.encoding.mark for file in found.files),
            "findings": {
                name: {"count": found.counts[name], "documents": found.holding[name]}
                for name in (*FINDINGS, "lacunae", "notes")
                if name != "mojibake" or hygiene.mojibake_fixer()
            },
            "scripts": {name: int(scripts_found[index]) for index, name in enumerate(scripts.NAMES)},
            "skipped": self.skipped,
            "broken": [
                # A name that is no UTF-8 can't stand in JSON.
                {"path": str(b.path).encode(errors="replace").decode(), "reason": b.reason}
                for b in self.broken
            ],
            "unrepairable": found.skipped,
            "copies": {"exact": _spare(found.exact), "near": _spare(found.near)},
            "exact_duplicates": self.clusters(found.exact),
            "near_duplicates": self.clusters(found.near),
            "leaks": self.clusters(found.leader, found.leaks()),
            "personal_data": {
                kind: {"count": found.counts[kind], "documents": found.holding[kind]} for kind in KINDS
            },
            "missing_card_fields": list(card.missing),
            "unknown_card_fields": list(card.unknown_fields),
            "problems": self.problems,
            "warnings": self.warnings,
            "trainable": self.trainable,
        }  # fmt: skip


def _spare(leader: NDArray[np.int64]) -> int:
    """Documents that have another leader than themselves."""
    return int((leader != np.arange(len(leader))).sum())


def check_texts(path: Path | str, *, script: str | None = None) -> TextCheck:
    """Look at everything: encodings, stray characters, scripts, lacunae and notes, copies, leaks, personal data, the
    card.

    Args:
        path: A folder of text, or one file.
        script: ``simplified`` or ``traditional``, if a cleaned copy is to be in one script; texts that then become
            copies of one another count as near-duplicates.

    Raises:
        UserError: nothing there that can be read, a wrong card, or ``script`` without OpenCC.
    """
    place = expand(path)
    corpus: TextCorpus | None = None
    problems = []
    if not place.exists():
        open_texts(place)  # says so
    card = read_card(place) if place.is_dir() else None
    if script is not None:
        scripts.converter(script)  # before all is read
    try:
        corpus = open_texts(place, broken_limit=1.0)
        corpus.require_whole()
        if _too_short(corpus):
            problems.append(_("There is less training text than one window of --context 8. Add text."))
    except UserError as error:
        problems.append(f"{error.what} {error.do}")
    files, broken = find_files(place)
    found = survey(files, broken, fold=script is not None)
    if not found.documents:
        why = f" ({found.broken[0].path}: {found.broken[0].reason})" if found.broken else ""
        raise UserError(
            _("{path} holds no usable text{why}.", path=place, why=why),
            _('Put .txt or .md files into it, or .jsonl files with lines such as {{"text": "…"}}.', path=place),
            code="corpus.empty",
        )
    check = TextCheck(place, card, found, corpus, script, problems)
    check.warnings = [sentence for holds, sentence in _notes(check) if holds]
    return check


def _too_short(corpus: TextCorpus) -> bool:
    tokens = 0
    for document in corpus.split("train"):
        tokens += 1
        for piece in document:
            tokens += len(piece)
            if tokens > WINDOW:
                return False
    return True


def _notes(check: TextCheck) -> list[tuple[object, str]]:
    found, counts, holding = check.survey, check.survey.counts, check.survey.holding
    old = {name.upper(): n for name, n in check.encodings.items() if name not in ("utf-8", "utf-16")}
    by_script = Counter(scripts.NAMES[number] for number in found.script)
    kinds = [name for name in ("simplified", "traditional") if by_script[name]]
    exact, near, leaks = _spare(found.exact), _spare(found.near), len(found.leaks())
    personal = {f"[{kind}]": counts[kind] for kind in KINDS if counts[kind]}
    empty = sum(bool(flags & EMPTY) for flags in found.flags)
    card = check.card or Card()
    return [
        (
            old,
            _("Files that training can't read, but a cleaned copy can: {encodings}.", encodings=_counted(old)),
        ),
        (check.skipped, _("Broken files and lines, which training skips: {count}.", count=check.skipped)),
        (
            found.skipped and found.skipped < check.skipped,
            _("Of them a cleaned copy can't use {count} either.", count=found.skipped),
        ),
        (
            counts["mojibake"],
            _(
                "Lines decoded wrongly, as if â€™ were ’: {count}, in {documents} documents.",
                count=counts["mojibake"],
                documents=holding["mojibake"],
            ),
        ),
        (
            hygiene.mojibake_fixer() is None,
            _("Wrongly decoded text isn't looked for without the package ftfy: install luokuan[text]."),
        ),
        (
            counts["nul"] or counts["control"],
            _(
                "Control characters: {control}, of which NUL: {nul}.",
                control=counts["control"] + counts["nul"],
                nul=counts["nul"],
            ),
        ),
        (
            counts["replacement"],
            _(
                "Characters lost in decoding (U+FFFD), which a cleaned copy keeps: {count}, in {documents} documents.",
                count=counts["replacement"],
                documents=holding["replacement"],
            ),
        ),
        (
            counts["not_nfc"],
            _("Documents that aren't in Unicode's normal form NFC: {count}.", count=holding["not_nfc"]),
        ),
        (
            len(kinds) > 1 or by_script["mixed"],
            _(
                "Chinese in two scripts: {simplified} documents simplified, {traditional} traditional, {mixed} mixed; "
                "--clean OUT --script simplified gives one.",
                simplified=by_script["simplified"],
                traditional=by_script["traditional"],
                mixed=by_script["mixed"],
            ),
        ),
        (
            holding["lacunae"],
            _(
                "Documents with lacunae (□): {count}. A cleaned copy leaves out lines that have one, and documents "
                "that have many.",
                count=holding["lacunae"],
            ),
        ),
        (
            counts["notes"],
            _(
                "Notes by editors, such as （一作…）: {count}, in {documents} documents.",
                count=counts["notes"],
                documents=holding["notes"],
            ),
        ),
        (empty, _("Documents without text: {count}.", count=empty)),
        (exact, _("Documents that are exact copies of earlier ones: {count}.", count=exact)),
        (near, _("Documents that are near-duplicates of earlier ones: {count}.", count=near)),
        (
            leaks,
            _("Clusters of copies that lie in train and in a held-out split: {count}; they make figures too good.",
              count=leaks),
        ),
        (personal, _("Personal data: {found}.", found=_counted(personal))),
        (card.missing, _("The card lacks: {fields}.", fields=", ".join(card.missing))),
        (
            card.unknown_fields,
            _("The card has fields that mean nothing here: {fields}.", fields=", ".join(card.unknown_fields)),
        ),
        (
            found.characters < FEW,
            _("{count} characters are few; some millions give good results.", count=found.characters),
        ),
    ]  # fmt: skip


def _counted(found: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.items())
