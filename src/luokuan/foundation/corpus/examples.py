"""Opening .jsonl files as examples to answer by: prompts with a completion, conversations, or pairs of answers.

Unlike text to pretrain on, examples are few, and are kept in memory.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.reader import BROKEN_LIMIT, SPLIT_NAMES, SPLITS, Broken, walk
from luokuan.foundation.corpus.texts import (
    ABOUT,
    COLUMN,
    FEW,
    LINES,
    PROSE,
    BrokenText,
    dealt_by,
    rows,
    split_by_name,
    wrong_line,
)
from luokuan.i18n import _

KINDS = ("answers", "pairs")
"""``answers``: what to say; ``pairs``: which of two answers is the better one."""
ANSWERING = "assistant"
"""Role of the messages that are learnt."""


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt and what may follow it.

    Args:
        place: File and line, for messages.
        prompt: What comes before the answer, as text; empty for a conversation.
        turns: The conversation before the answer as (role, content); empty for a plain prompt.
        answers: The completion; of a pair the chosen and the rejected one.
    """

    place: str
    prompt: str
    turns: tuple[tuple[str, str], ...]
    answers: tuple[str, ...]

    @property
    def key(self) -> str:
        """The text by which it is dealt to a split: the first thing that is asked."""
        return next((content for role, content in self.turns if role == "user"), self.prompt)


@dataclass(frozen=True, slots=True)
class ExampleCorpus:
    """Examples at rest.

    Args:
        path: The folder, or the one file.
        kind: One of ``KINDS``.
        examples: (example, its split or None) of all usable lines, in the order of files and lines.
        broken: Files and lines that were skipped, all of them.
        digest: SHA-256 over the sorted lines ``name sha256\\n`` of the files.
    """

    path: Path
    card: Card | None
    kind: str
    examples: tuple[tuple[Example, str | None], ...]
    broken: tuple[Broken, ...]
    digest: str

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def skipped(self) -> int:
        """Broken files and lines."""
        return len(self.broken)

    def split(self, name: str) -> tuple[Example, ...]:
        """Examples of ``train``, ``validation`` or ``test``.

        Folders or files called ``test`` and the like, and a ``split`` column are kept. Where they hold nothing out, 20
        examples or more are dealt by the digests of their prompts, 90/5/5: the same prompt falls to the same side in
        every corpus. Of fewer, or where none falls to validation, the tenth of the prompts with the highest digests is
        validation, one at least.

        Raises:
            KeyError: another name.
        """
        if name not in SPLITS:
            raise KeyError(name)
        given = [split for _example, split in self.examples]
        sides = sides_of(given, [example.key for example, _split in self.examples])
        return tuple(example for (example, _given), side in zip(self.examples, sides, strict=True) if side == name)


def sides_of(given: Sequence[str | None], keys: Sequence[str]) -> list[str]:
    """The split of each item by its given one and the text by which it is dealt; see ``ExampleCorpus.split``."""
    if any(split in SPLITS[1:] for split in given):
        return [split or SPLITS[0] for split in given]
    dealt = [dealt_by(key) for key in keys]
    if len(keys) >= FEW and {SPLITS[0], SPLITS[1]} <= set(dealt):
        return dealt
    ranked = sorted(set(keys), key=lambda key: sha256_bytes(key.encode()))
    held_out = set(ranked[-max(len(ranked) // 10, 1) :])
    return [SPLITS[1] if key in held_out else SPLITS[0] for key in keys]


def holds_examples(path: Path | str) -> bool:
    """Whether the first line of the first .jsonl file that is an object has examples and no text; False where there is
    no such file, or it can't be read (opening the corpus then says why)."""
    place = expand(path)
    for item in files_of(place, LINES) if place.exists() else ():
        try:
            for columns in rows(item, _columns):
                if isinstance(columns, frozenset):
                    return COLUMN not in columns and bool(columns & {"prompt", "messages"})
        except (BrokenText, OSError):
            continue
    return False


def _columns(_path: Path, _number: int, line: str) -> frozenset[str] | Broken:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return Broken(_path, "")
    return frozenset(map(str, found)) if isinstance(found, dict) else Broken(_path, "")


def files_of(place: Path, endings: tuple[str, ...]) -> list[Path]:
    """Files with these endings in a folder, without those that tell of the corpus; of a file itself alone."""
    items = walk(place) if place.is_dir() else [place]
    return [p for p in items if p.suffix.lower() in endings and (p == place or p.stem.lower() not in ABOUT)]


def open_examples(path: Path | str, kind: str, *, broken_limit: float = BROKEN_LIMIT) -> ExampleCorpus:
    """Read a folder of .jsonl files, or one file.

    Args:
        kind: ``answers``: lines with ``prompt`` and ``completion`` (or ``chosen``, as pairs have it), or with
            ``messages``, each ``{"role": ..., "content": ...}``, of which every answer of the assistant becomes an
            example; ``pairs``: lines with ``prompt``, ``chosen`` and ``rejected``. A column ``split`` may be added;
            others are not looked at.
        broken_limit: Share of broken lines above which the corpus is refused, 0 to 1.

    Raises:
        UserError: nothing there, no examples in it, more than 5 % broken, a wrong card, or fewer than two prompts.
        ValueError: another kind.
    """
    if kind not in KINDS:
        raise ValueError(kind)
    place = expand(path)
    if not place.exists():
        raise UserError(_("{path} does not exist.", path=place), _wanted(kind), code="corpus.absent", status=404)
    folder = place if place.is_dir() else place.parent
    examples: list[tuple[Example, str | None]] = []
    broken: list[Broken] = []
    digests: list[tuple[str, str]] = []
    lines = 0
    for item in sorted(files_of(place, (*PROSE, *LINES))):
        name = item.relative_to(folder).as_posix()
        before = len(broken)
        try:
            for row in _look(item, name, kind):
                lines += 1
                if isinstance(row, Broken):
                    broken.append(row)
                else:
                    found, split = row
                    named = split_by_name(item, folder) if place.is_dir() else None
                    examples += [(example, split or named) for example in found]
            with item.open("rb") as stream:
                digests.append((name, hashlib.file_digest(stream, "sha256").hexdigest()))
        except OSError as error:
            broken = [*broken[:before], Broken(item, _("it can't be read ({why})", why=error.strerror))]
        except BrokenText as error:
            lines += 1
            broken = [*broken[:before], Broken(item, str(error))]
    _require_usable(place, kind, examples, broken, lines, broken_limit)
    digest = sha256_bytes("".join(f"{name} {sha256}\n" for name, sha256 in sorted(digests)).encode())
    card = read_card(folder) if place.is_dir() else None
    return ExampleCorpus(place, card, kind, tuple(examples), tuple(broken), digest)


def _require_usable(
    place: Path, kind: str, examples: list[Any], broken: list[Broken], lines: int, broken_limit: float
) -> None:
    if not examples:
        first = f" ({broken[0].path}: {broken[0].reason})" if broken else ""
        raise UserError(
            _("{path} holds no usable examples{why}.", path=place, why=first), _wanted(kind), code="corpus.empty"
        )
    if len(broken) > broken_limit * lines:
        raise UserError(
            _(
                "{broken} of {all} examples are broken, for instance {path}: {reason}.",
                broken=len(broken),
                all=lines,
                path=broken[0].path,
                reason=broken[0].reason,
            ),
            _wanted(kind),
            code="corpus.broken",
        )
    if len({example.key for example, _split in examples}) < 2:
        raise UserError(
            _("{path} has only one prompt: some have to be held out.", path=place),
            _("Add examples with other prompts."),
            code="corpus.too_small",
        )


def _wanted(kind: str) -> str:
    if kind == "pairs":
        return _("Give .jsonl files whose lines have the columns prompt, chosen and rejected.")
    return _("Give .jsonl files whose lines have the columns prompt and completion, or messages with role and content.")


Row = tuple[tuple[Example, ...], str | None]


def _look(path: Path, name: str, kind: str) -> Iterator[Row | Broken]:
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
        raise BrokenText(_("it is no ordinary file"))
    if path.suffix.lower() not in LINES:
        raise BrokenText(_("it is no .jsonl file"))
    return rows(path, partial(_row, name=name, kind=kind))


def _row(path: Path, number: int, line: str, *, name: str, kind: str) -> Row | Broken:
    try:
        found: Any = json.loads(line)
        if not isinstance(found, dict):
            raise TypeError("no object")
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return wrong_line(path, number, _("it holds half of a character"))
    except (ValueError, TypeError, RecursionError):
        return wrong_line(path, number, _("it is no JSON object"))
    split = SPLIT_NAMES.get(str(found.get("split", "")).lower())
    place = f"{name}:{number}"
    if kind == "answers" and "messages" in found:
        examples = _conversation(found["messages"], place)
        return (examples, split) if isinstance(examples, tuple) else wrong_line(path, number, examples)
    last = "chosen" if "completion" not in found and "chosen" in found else "completion"
    columns = ("chosen", "rejected") if kind == "pairs" else (last,)
    for column in ("prompt", *columns):
        if not isinstance(found.get(column), str):
            return wrong_line(path, number, _("it has no text in the column '{column}'", column=column))
    prompt, *answers = (_plain(found[column]) for column in ("prompt", *columns))
    for column, text in zip(columns, answers, strict=True):
        if not text.strip():
            return wrong_line(path, number, _("its column '{column}' is empty", column=column))
    if len(set(answers)) < len(answers):
        return wrong_line(path, number, _("its two answers are the same"))
    return (Example(place, prompt, (), tuple(answers)),), split


def _conversation(messages: Any, place: str) -> tuple[Example, ...] | str:
    """An example for each answer of the assistant, or what is wrong."""
    turns: list[tuple[str, str]] = []
    for message in messages if isinstance(messages, list) else []:
        pair: list[Any] = [message.get(key) for key in ("role", "content")] if isinstance(message, dict) else [None]
        if not all(isinstance(value, str) for value in pair):
            return _("a message has no role or no content")
        turns.append((pair[0], _plain(pair[1])))
    asked = [number for number, (role, _content) in enumerate(turns) if role == ANSWERING and number]
    if not asked:
        return _("it has no messages in which the assistant answers")
    if not all(turns[number][1].strip() for number in asked):
        return _("its column '{column}' is empty", column="content")
    return tuple(Example(place, "", tuple(turns[:number]), (turns[number][1],)) for number in asked)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
