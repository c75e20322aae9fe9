"""What a corpus is worth before training on it, and a cleaned copy of it."""

from __future__ import annotations

import io
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.files import new_folder
from luokuan.foundation.corpus.card import NAME as CARD_NAME
from luokuan.foundation.corpus.card import Card
from luokuan.foundation.corpus.duplicates import Cluster
from luokuan.foundation.corpus.personal import Hint, find_hints
from luokuan.foundation.corpus.pictures import read_picture
from luokuan.foundation.corpus.reader import METADATA, SPLITS, Item, PictureCorpus
from luokuan.foundation.corpus.splits import straddling
from luokuan.i18n import _

FEW = 500
SMALL_SIDE = 32


@dataclass(slots=True)
class Check:
    """Findings about a corpus. ``problems`` keep it from being trained on; ``warnings`` don't."""

    corpus: PictureCorpus
    counts: dict[str, dict[str, int]]
    sides: tuple[int, int, int]
    exact: list[Cluster]
    near: list[Cluster]
    conflicting: list[Cluster]
    straddling: list[Cluster]
    hints: list[Hint]
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def trainable(self) -> bool:
        """Whether training would accept it."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """All findings as JSON values."""

        def groups(found: list[Cluster]) -> list[list[str]]:
            return [[item.name for item in cluster.items] for cluster in found]

        corpus = self.corpus
        return {
            "path": str(corpus.path),
            "layout": corpus.layout,
            "digest": corpus.digest,
            "licence": corpus.licence,
            "pictures": len(corpus.items),
            "classes": list(corpus.classes),
            "counts": self.counts,
            "shorter_side": dict(zip(("smallest", "median", "largest"), self.sides, strict=True)),
            "broken": [
                # A name that is no UTF-8 can't stand in JSON.
                {"path": str(b.path).encode(errors="replace").decode(), "reason": b.reason}
                for b in corpus.broken
            ],
            "exact_duplicates": groups(self.exact),
            "near_duplicates": groups(self.near),
            "conflicting_classes": groups(self.conflicting),
            "straddling": groups(self.straddling),
            "personal_data_hints": [{"name": h.item.name, "what": h.what} for h in self.hints],
            "missing_card_fields": list(missing_fields(corpus)),
            "unknown_card_fields": list(unknown_fields(corpus)),
            "unclassed": list(corpus.unclassed),
            "problems": self.problems,
            "warnings": self.warnings,
            "trainable": self.trainable,
        }


def missing_fields(corpus: PictureCorpus) -> tuple[str, ...]:
    """Card fields that are missing; all of them without a card."""
    return (corpus.card or Card()).missing


def unknown_fields(corpus: PictureCorpus) -> tuple[str, ...]:
    """Names in the card that mean nothing here, such as ``license``."""
    return corpus.card.unknown_fields if corpus.card else ()


def check_corpus(corpus: PictureCorpus) -> Check:
    """Look at everything: counts, sizes, duplicates, leaks between splits, personal data, the card."""
    groups = corpus.clusters()
    counts: dict[str, dict[str, int]] = {}
    dealt = {item.name: split for split in SPLITS for item in corpus.split(split)}
    for item in corpus.items:
        name = corpus.classes[item.label] if item.label is not None and corpus.classes else "-"
        row = counts.setdefault(name, dict.fromkeys((*SPLITS, "left_out"), 0))
        row[dealt.get(item.name, "left_out")] += 1
    sides = sorted(min(item.width, item.height) for item in corpus.items)
    check = Check(
        corpus=corpus,
        counts=dict(sorted(counts.items())),
        sides=(sides[0], sides[len(sides) // 2], sides[-1]),
        exact=[g for g in groups if g.exact],
        near=[g for g in groups if not g.exact],
        conflicting=[g for g in groups if len({item.label for item in g.items}) > 1],
        straddling=straddling(corpus.items, groups) if any(i.split for i in corpus.items) else [],
        hints=find_hints(corpus.items),
    )
    _judge(check)
    return check


def _judge(check: Check) -> None:
    corpus = check.corpus
    try:
        corpus.require_trainable(conditional=len(corpus.classes + corpus.empty) > 1)
    except UserError as error:
        check.problems.append(f"{error.what} {error.do}")
    missing, unknown = missing_fields(corpus), unknown_fields(corpus)
    notes = [
        (corpus.broken, _("Broken files, which will be skipped: {count}.", count=len(corpus.broken))),
        (check.exact, _("Clusters of exact copies: {count}.", count=len(check.exact))),
        (check.near, _("Clusters of near-duplicates: {count}.", count=len(check.near))),
        (check.conflicting, _("Clusters of copies in more than one class: {count}.", count=len(check.conflicting))),
        (
            check.straddling,
            _(
                "Clusters that lie in train and in a held-out split: {count}; their held-out copies will be left out.",
                count=len(check.straddling),
            ),
        ),
        (check.hints, _("Hints of personal data: {count}; look at them.", count=len(check.hints))),
        (missing, _("The card lacks: {fields}.", fields=", ".join(missing))),
        (unknown, _("The card has fields that mean nothing here: {fields}.", fields=", ".join(unknown))),
        (
            corpus.unclassed,
            _(
                "Classes are ignored, because {count} pictures have none, for instance {name}.",
                count=len(corpus.unclassed),
                name="".join(corpus.unclassed[:1]),
            ),
        ),
        (
            not corpus.split("validation") and not corpus.split("test"),
            _("No picture can be held out, so that a model of it can't be evaluated."),
        ),
        (
            len(corpus.items) < FEW,
            _("{count} pictures are few; some thousands give good results.", count=len(corpus.items)),
        ),
        (
            check.sides[0] < SMALL_SIDE,
            _("The smallest picture is {side} pixels wide or high.", side=check.sides[0]),
        ),
    ]
    check.warnings = [sentence for found, sentence in notes if found]
    labels = Counter(item.label for item in corpus.split("train") if item.label is not None)
    if len(labels) > 1 and max(labels.values()) > 10 * min(labels.values()):
        check.warnings.append(_("Classes are unbalanced: the largest has over ten times the smallest."))


def require_fresh(target: Path, source: Path) -> None:
    """Refuse to write a copy where something is, or into what is copied.

    Raises:
        UserError: ``target`` exists and isn't an empty folder, or lies inside ``source``.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(
            _("{path} exists and is not empty.", path=target), _("Choose a new folder."), code="corpus.clean_target"
        )
    if target.absolute().resolve().is_relative_to(source.resolve()):
        raise UserError(
            _("{path} lies inside the corpus.", path=target), _("Choose a folder outside."), code="corpus.clean_target"
        )


def clean_copy(check: Check, target: Path) -> int:
    """Write a cleaned copy: upright, without metadata, without broken files and copies (the largest one stays).

    Pictures become PNG, or JPEG of quality 95 where they were JPEG. Splits, classes, captions and the card are kept.
    What is only a copy of a copy, and resembles nothing that stays, stays too.

    Returns:
        Pictures written.

    Raises:
        UserError: ``target`` exists and isn't empty, or lies inside the corpus; or there is no room.
    """
    corpus = check.corpus
    require_fresh(target, corpus.path)
    dropped = {item.name for cluster in (*check.exact, *check.near) for item in _spare(cluster)}
    kept = [item for item in corpus.items if item.name not in dropped]
    with new_folder(target) as part:
        rows = [_write(part, corpus, item) for item in kept]
        if corpus.layout == "metadata":
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (part / METADATA).write_text(lines, encoding="utf-8")
        for name in (CARD_NAME, "LICENSE"):
            if (corpus.path / name).is_file():
                shutil.copyfile(corpus.path / name, part / name)
    return len(kept)


def _spare(cluster: Cluster) -> list[Item]:
    """The items of a cluster that are copies of a worthier one that stays."""
    spare: set[int] = set()
    for index in sorted(range(len(cluster.items)), key=lambda i: _worth(cluster.items[i]), reverse=True):
        if index not in spare:
            spare |= set(cluster.copies_of(index).nonzero()[0].tolist()) - {index}
    return [cluster.items[index] for index in sorted(spare)]


def _worth(item: Item) -> tuple[bool, int, str]:
    # A copy in train is worth more than one elsewhere: dropping it there would leave the leak in place.
    return (item.split in (None, "train"), item.width * item.height, item.name)


def _write(part: Path, corpus: PictureCorpus, item: Item) -> dict[str, Any]:
    picture = read_picture(item.path)
    jpeg = item.path.suffix.lower() in (".jpg", ".jpeg")
    ending = ".jpg" if jpeg else ".png"
    name, number = Path(item.name).with_suffix(ending), 2
    while (part / name).exists():  # a.png beside a.webp
        name, number = Path(item.name).with_suffix(f".{number}{ending}"), number + 1
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG" if jpeg else "PNG", **({"quality": 95, "subsampling": 0} if jpeg else {}))
    (part / name).parent.mkdir(parents=True, exist_ok=True)
    (part / name).write_bytes(buffer.getvalue())
    row: dict[str, Any] = {"file_name": name.as_posix()}
    if item.label is not None and corpus.classes:
        row["label"] = corpus.classes[item.label]
    if item.text is not None:
        row["text"] = item.text
    if item.split is not None:
        row["split"] = item.split
    return row
