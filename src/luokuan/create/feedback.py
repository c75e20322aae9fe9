"""What a person thinks of works, and pairs of a better and a worse answer to learn from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.files import new_folder
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow

OPINIONS: dict[str, bool | None] = {"up": True, "down": False, "none": None}
"""What may be thought of a work; none: nothing any more."""
KINDS = ("text", "copy")
"""Works whose recipe has the prompt to which they answer."""
PAIRS = "pairs.jsonl"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was written for training.

    Args:
        prompts: How many have a better and a worse answer.
        alone: Rated texts without an opposite for the same prompt.
        unusable: Rated works of other kinds, or whose recipe or bytes are gone.
    """

    path: Path
    pairs: int
    prompts: int
    alone: int
    unusable: int
    licence: str


def give_feedback(reference: Path | str, opinion: str, *, home: Home) -> str:
    """Note in the home what is thought of one of its works.

    Args:
        reference: A file that left here (of a text that was changed since, one whose last line still says which work
            it was), or a work's id.
        opinion: One of ``OPINIONS``.

    Returns:
        The work's id.

    Raises:
        UserError: no such opinion, file or work.
    """
    from luokuan.colophon.reference import work_of
    from luokuan.store.database import open_database
    from luokuan.store.feedback import put_feedback

    if opinion not in OPINIONS:
        raise UserError(
            _("'{opinion}' is no feedback.", opinion=str(opinion)[:40]),
            _("Say {allowed}.", allowed=", ".join(OPINIONS)),
            code="feedback.opinion",
        )
    row = work_of(reference, home)
    with open_database(home) as database, database.write() as connection:
        put_feedback(connection, row.id, OPINIONS[opinion], datetime.now(UTC).replace(microsecond=0))
    return row.id


def gather_pairs(target: Path, *, home: Home) -> Gathered:
    """Write pairs of a text that was liked and one that wasn't, made for the same prompt, as a corpus for
    ``train plm --method dpo``: each liked one with each other.

    Args:
        target: A new folder: pairs.jsonl and card.yaml, whose licence is those of the models together.

    Raises:
        UserError: ``target`` exists and isn't empty, there are no pairs, or no room.
    """
    from luokuan.foundation.corpus.card import Card, write_card
    from luokuan.foundation.corpus.check import require_fresh
    from luokuan.foundation.licences import joint_licence
    from luokuan.store.blobs import Blobs
    from luokuan.store.database import open_database
    from luokuan.store.feedback import rated_works

    require_fresh(target, home.blobs)
    blobs = Blobs(home)
    with open_database(home) as database, database.read() as connection:
        rated = rated_works(connection)
    groups: dict[tuple[str, str], dict[bool, dict[str, list[str]]]] = {}
    unusable = 0
    for row, liked in rated:
        found = _answer(row, blobs)
        if found is None:
            unusable += 1
            continue
        prompt, answer = found
        groups.setdefault(prompt, {True: {}, False: {}})[liked].setdefault(answer, []).append(row.licence)
    pairs = [
        {"prompt": prompt, "chosen": better, "rejected": worse}
        for (_system, prompt), sides in groups.items()
        for better in sides[True]
        for worse in sides[False]
        if better != worse
    ]
    if not pairs:
        raise UserError(
            _("No prompt has both a text that was liked and one that wasn't."),
            _("Create several texts for a prompt with -n, and rate them with `luokuan feedback FILE up` and `down`."),
            code="feedback.none",
        )
    # Of the texts that stand in a pair: what was left out binds nobody.
    whole = [sides for sides in groups.values() if any(one != two for one in sides[True] for two in sides[False])]
    licences = [one for sides in whole for texts in sides.values() for found in texts.values() for one in found]
    licence = joint_licence(licences)
    with new_folder(target) as part:
        lines = (json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)
        (part / PAIRS).write_text("".join(lines), encoding="utf-8")
        write_card(part, Card(title="Feedback on works", licence=licence, source="luokuan feedback"))
    return Gathered(target, len(pairs), len(whole), len(rated) - unusable - len(licences), unusable, licence)


def _answer(row: WorkRow, blobs: Any) -> tuple[tuple[str, str], str] | None:
    """(system and prompt, answer) of a text that a language model wrote; None of any other work."""
    from luokuan.colophon.formats import TEXTS
    from luokuan.colophon.formats.text import words_of

    formats = {one.media_type: one for one in TEXTS}
    parameters = None if row.recipe is None else row.recipe.get("parameters")
    if row.kind not in KINDS or row.media_type not in formats:
        return None
    if not isinstance(parameters, dict) or "chat" not in parameters:
        return None
    assert row.recipe is not None
    try:
        text = words_of(formats[row.media_type].to_text(blobs.get(row.blob_sha256)))
    except (UserError, ValueError, KeyError):
        return None
    prompt = str(row.recipe.get("brief") or "")
    if not parameters["chat"]:
        begun = prompt.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
        if not text.startswith(begun):
            return None
        text = text[len(begun) :]
    return ((str(parameters.get("system") or ""), prompt), text) if text.strip() else None
