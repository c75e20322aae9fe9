"""What a corpus holds and is worth, as the page shows it. Runs in a child process: pictures are decoded here."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.foundation.corpus.kinds import TEXT, kind_of
from luokuan.i18n import _

SHOWN = 40
"""Single findings that are named."""
SHEET, CELL, COLUMNS = 18, 112, 6
"""Pictures on a sheet, their side in pixels, and how many stand in a row."""
WORDS = 280
"""Characters of a text that is shown."""
FILES = 1 << 16
"""Bytes of a file that are read to show how it begins."""


def report(path: Path) -> dict[str, Any]:
    """All of it: ``kind`` (pictures, text, music, sounds, speech, clips, pairs or examples), ``trainable``, ``facts``
    as (word, value), ``table`` (head and rows) or None, ``problems``, ``warnings``, ``details``, ``texts`` that are
    shown, ``languages`` of pairs, and ``shown``: pictures for the sheet.

    Raises:
        UserError: there is nothing that can be read.
    """
    kind = _kind(path)
    ways = {
        "pictures": _pictures,
        "music": _music,
        "sounds": _sounds,
        "speech": _speech,
        "clips": _clips,
        "pairs": _pairs,
        "examples": _examples,
        "text": _texts,
    }
    found = ways[kind](path)
    return {"kind": kind, "table": None, "details": [], "texts": [], "languages": [], "shown": [], **found}


def _kind(path: Path) -> str:
    from luokuan.foundation.corpus.audio import ENDINGS as SOUNDS
    from luokuan.foundation.corpus.clips import holds_clips
    from luokuan.foundation.corpus.examples import files_of, holds_examples
    from luokuan.foundation.corpus.pictures import ENDINGS as PICTURES
    from luokuan.foundation.corpus.scores import FRAMES, MIDI
    from luokuan.foundation.corpus.utterances import holds_speech

    if files_of(path, SOUNDS) and not files_of(path, tuple(PICTURES)):
        return "speech" if holds_speech(path) else "sounds"
    if holds_clips(path):
        return "clips"
    try:
        kind = kind_of(path)
    except UserError:
        if files_of(path, (*MIDI, *FRAMES)):
            return "music"
        raise
    if kind != TEXT:
        return "pictures"
    if holds_examples(path):
        return "examples"
    return "pairs" if languages_of(path) else "text"


def languages_of(path: Path) -> list[str]:
    """Codes of the two languages of a corpus of pairs, English first; none where it is no such corpus."""
    from luokuan.foundation.corpus.examples import files_of
    from luokuan.foundation.corpus.texts import LINES

    for item in files_of(path, LINES):
        try:
            with item.open(encoding="utf-8") as stream:
                row = json.loads(stream.readline(FILES))
            row = row.get("translation", row)
            names = [str(name) for name in row if isinstance(row[name], str) and re.fullmatch("[a-z]{2,3}", name)]
        except (OSError, ValueError, AttributeError):
            return []
        if len(names) != 2 or "text" in row:
            return []
        return ["en", *(name for name in names if name != "en")] if "en" in names else sorted(names)
    return []


def _pictures(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.check import check_corpus
    from luokuan.foundation.corpus.reader import SPLITS, open_corpus

    found = check_corpus(open_corpus(path, broken_limit=1.0))
    corpus = found.corpus
    rows = [[name, *counts.values()] for name, counts in found.counts.items()]
    totals = [sum(counts[split] for counts in found.counts.values()) for split in (*SPLITS, "left_out")]
    return {
        "items": len(corpus.items),
        "digest": corpus.digest,
        "trainable": found.trainable,
        "facts": [
            [_("Pictures"), f"{len(corpus.items):,}"],
            [_("Classes"), f"{len(corpus.classes):,}"],
            [_("Shorter side"), _("{low} to {high} pixels, median {middle}",
                                  low=found.sides[0], middle=found.sides[1], high=found.sides[2])],
            [_("Broken files"), f"{len(corpus.broken):,}"],
            [_("Copies"), _("{exact} exact, {near} near", exact=len(found.exact), near=len(found.near))],
            [_("Hints of personal data"), f"{len(found.hints):,}"],
        ],
        "table": {
            "head": [_("class"), _("train"), _("validation"), _("test"), _("left out")],
            "rows": [*rows[:60], [_("all"), *totals]],
        },
        "problems": found.problems,
        "warnings": found.warnings,
        "details": [
            *(f"{_name(broken.path, path)}: {broken.reason}" for broken in corpus.broken[:SHOWN]),
            *(_("copies: {names}", names=", ".join(item.name for item in group.items[:8]))
              for group in (*found.exact, *found.near)[:SHOWN]),
            *(f"{hint.item.name}: {hint.what}" for hint in found.hints[:SHOWN]),
        ][:SHOWN],
        "shown": [str(item.path) for item in _some(corpus.items)],
    }  # fmt: skip


def _texts(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.textcheck import check_texts

    found = check_texts(path)
    survey = found.survey
    return {
        "items": survey.documents,
        "digest": found.corpus.digest if found.corpus else "",
        "trainable": found.trainable,
        "facts": [
            [_("Documents"), f"{survey.documents:,}"],
            [_("Characters"), f"{survey.characters:,}"],
            [_("Files"), f"{len(survey.files):,}"],
            [_("Encodings"), ", ".join(f"{name.upper()} {count}" for name, count in found.encodings.items())],
            [_("Broken files"), f"{found.skipped:,}"],
        ],
        "table": {
            "head": ["", _("train"), _("validation"), _("test")],
            "rows": [[_("documents"), *survey.splits.values()]],
        },
        "problems": found.problems,
        "warnings": found.warnings,
        "details": [f"{_name(broken.path, path)}: {broken.reason}" for broken in found.broken[:SHOWN]],
        "texts": _beginnings([file.path for file in survey.files]),
    }


def _music(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.scores import open_scores

    corpus = open_scores(path, broken_limit=1.0)
    broken = _broken_note(len(corpus.broken), len(corpus.pieces) + len(corpus.broken))
    return {
        **_counted(corpus, len(corpus.pieces), _("Pieces"), _("pieces"), broken),
        "warnings": _card_notes(corpus),
        "details": [f"{_name(one.path, path)}: {one.reason}" for one in corpus.broken[:SHOWN]],
    }


def _clips(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.clips import open_clips

    corpus = open_clips(path, broken_limit=1.0)
    broken = _broken_note(corpus.skipped, len(corpus.items) + corpus.skipped)
    found = _counted(corpus, len(corpus.items), _("Clips"), _("clips"), broken)
    names = sorted({name for item in corpus.items for name, _value in item.attributes})
    found["facts"].append([_("Attributes"), ", ".join(names)[:WORDS] or "-"])
    return {
        **found,
        "warnings": _card_notes(corpus),
        "details": [f"{_name(one.path, path)}: {one.reason}" for one in corpus.broken[:SHOWN]],
    }


def _sounds(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.sounds import open_sounds

    corpus = open_sounds(path, broken_limit=1.0)
    broken = _broken_note(corpus.skipped, len(corpus.clips) + corpus.skipped)
    found = _counted(corpus, len(corpus.clips), _("Clips"), _("clips"), broken)
    found["facts"].append([_("Categories"), f"{len(corpus.classes):,}"])
    notes = _card_notes(corpus)
    if corpus.clipped:
        notes.append(
            _("Clips that stand at full scale for over 1 %: {count}. They sound distorted.", count=len(corpus.clipped))
        )
    return {
        **found,
        "warnings": notes,
        "details": [f"{_name(one.path, path)}: {one.reason}" for one in corpus.broken[:SHOWN]],
    }


def _speech(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.utterances import open_speech

    corpus = open_speech(path, broken_limit=1.0)
    broken = _broken_note(corpus.skipped, len(corpus.utterances) + corpus.skipped)
    found = _counted(corpus, len(corpus.utterances), _("Utterances"), _("utterances"), broken)
    found["facts"].append([_("Minutes"), f"{corpus.seconds / 60:,.1f}"])
    notes = _card_notes(corpus)
    if not corpus.consent:
        notes.append(_("Its card says nothing of the speaker's consent: what a voice of it says can't be published."))
    return {
        **found,
        "warnings": notes,
        "details": [f"{_name(one.path, path)}: {one.reason}" for one in corpus.broken[:SHOWN]],
        "texts": [one.text[:WORDS] for one in corpus.utterances[:4]],
    }


def _pairs(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.parallel import open_parallel

    first, second = languages_of(path)
    corpus = open_parallel(path, (first, second), broken_limit=1.0)
    broken = _broken_note(corpus.skipped, len(corpus.pairs) + corpus.skipped)
    found = _counted(corpus, len(corpus.pairs), _("Pairs of sentences"), _("pairs"), broken)
    found["facts"].append([_("Languages"), f"{first}, {second}"])
    return {
        **found,
        "warnings": _card_notes(corpus),
        "details": [f"{_name(one.path, path)}: {one.reason}" for one in corpus.broken[:SHOWN]],
        "texts": [" — ".join(pair.texts)[:WORDS] for pair, _split in corpus.pairs[:4]],
        "languages": [first, second],
    }


def _examples(path: Path) -> dict[str, Any]:
    from luokuan.foundation.corpus.examples import open_examples

    corpus = open_examples(path, "answers", broken_limit=1.0)
    broken = _broken_note(corpus.skipped, len(corpus.examples) + corpus.skipped)
    return {
        **_counted(corpus, len(corpus.examples), _("Examples"), _("examples"), broken),
        "warnings": _card_notes(corpus),
        "details": [f"{_name(one.path, path)}: {one.reason}" for one in corpus.broken[:SHOWN]],
    }


def _counted(corpus: Any, count: int, word: str, row: str, problems: list[str]) -> dict[str, Any]:
    splits = [len(corpus.split(split)) for split in ("train", "validation", "test")]
    return {
        "items": count,
        "digest": corpus.digest,
        "trainable": not problems,
        "problems": problems,
        "facts": [[word, f"{count:,}"], [_("Broken files"), f"{corpus.skipped:,}"]],
        "table": {"head": ["", _("train"), _("validation"), _("test")], "rows": [[row, *splits]]},
    }


def _broken_note(broken: int, total: int) -> list[str]:
    if broken <= total * 0.05:
        return []
    return [_("{broken} of {total} are broken: training refuses more than 5 %.", broken=broken, total=total)]


def _card_notes(corpus: Any) -> list[str]:
    from luokuan.foundation.corpus.card import Card

    missing = (corpus.card or Card()).missing
    return [_("The card lacks: {fields}.", fields=", ".join(missing))] if missing else []


def _name(place: Path, folder: Path) -> str:
    return str(place.relative_to(folder)) if place.is_relative_to(folder) else place.name


def _some(items: Sequence[Any]) -> list[Any]:
    """Some of them, the same ones each time, in their order."""
    if len(items) <= SHEET:
        return list(items)
    chosen = sorted(random.Random(0).sample(range(len(items)), SHEET))  # noqa: S311 - nothing secret
    return [items[index] for index in chosen]


def _beginnings(files: Sequence[Path]) -> list[str]:
    found = []
    for path in files[:4]:
        try:
            with path.open("rb") as stream:
                text = stream.read(FILES).decode("utf-8", "replace").strip()
        except OSError:
            continue
        found.append(text[:WORDS])
    return [text for text in found if text]


def sheet(paths: Sequence[str]) -> bytes | None:
    """Small pictures of some of a corpus side by side, as a JPEG that we have made; None where none can be read."""
    from PIL import Image, ImageOps

    from luokuan.foundation.corpus.pictures import BrokenPicture, read_picture

    pictures = []
    for path in paths:
        try:
            picture = read_picture(Path(path), at_least=CELL)
        except BrokenPicture:
            continue
        pictures.append(ImageOps.contain(picture.convert("RGB"), (CELL, CELL)))
    if not pictures:
        return None
    rows = -(-len(pictures) // COLUMNS)
    canvas = Image.new("RGB", (min(len(pictures), COLUMNS) * CELL, rows * CELL), (246, 242, 234))
    for number, picture in enumerate(pictures):
        x, y = number % COLUMNS * CELL, number // COLUMNS * CELL
        canvas.paste(picture, (x + (CELL - picture.width) // 2, y + (CELL - picture.height) // 2))
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
