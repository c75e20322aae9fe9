"""From a file of examples to a corpus that ``train.plm`` learns from, and what a run's choices become of a request.

A corpus is named by the file (``file-…-sft``), so that jobs on one file share it; what it came from lies beside it.
"""

from __future__ import annotations

import io
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.files import new_folder
from luokuan.i18n import _
from luokuan.store import belongings
from luokuan.store.accounts import AccountRow
from luokuan.store.jobs import live_briefs
from luokuan.store.quotas import check_quotas
from luokuan.studio.openai import filestore
from luokuan.studio.openai.errors import ApiError
from luokuan.studio.openai.filestore import Stored
from luokuan.studio.state import Studio, now

METHODS = {"supervised": "sft", "dpo": "dpo"}
RATES = {"sft": 1e-4, "dpo": 1e-5}
"""As ``models.plm.finetune.RATES``, which brings torch; a test compares them."""
EPOCHS = 3
"""If ``n_epochs`` is ``auto``."""
FEWEST, MOST_BATCH = 2, 32
MOST_STEPS = 1_000_000
ABOUT = "openai.json"


@dataclass(frozen=True, slots=True)
class Material:
    """A corpus that was made from files: its ``corpus`` name, the ids of the files, and how many examples there are to
    learn from; ``chat``: pairs of answers in a conversation."""

    corpus: str
    training_file: str
    validation_file: str | None
    examples: int
    chat: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """``hyperparameters``; None: ``auto``."""

    epochs: int | None = None
    batch: int | None = None
    multiplier: float | None = None
    beta: float | None = None


def look_through(data: bytes) -> None:
    """Refuse a file whose lines nothing can be learnt from, before it is kept.

    Raises:
        UserError: so it is.
    """
    with tempfile.NamedTemporaryFile() as part:
        part.write(data)
        part.flush()
        count = 0
        for number, row in filestore.lines(Path(part.name)):
            if _pair(row) is None and _answers(row) is None:
                raise _useless(number)
            count += 1
    if not count:
        raise _useless(1)


def make(studio: Studio, person: AccountRow, training: Stored, validation: Stored | None, method: str) -> Material:
    """The corpus of these files for a method (``sft`` or ``dpo``): the one that is there, or a new one.

    Raises:
        UserError: a line can't be used, the quota doesn't hold it, or no room.
    """
    from luokuan.foundation.corpus.card import NAME as CARD  # brings numpy, which the server does without at first
    from luokuan.foundation.corpus.card import Card

    name = f"{training.id}-{method}" + ("" if validation is None else f"-{validation.id[-8:]}")
    home, form = studio.home, _pair if method == "dpo" else _answers
    place = home.corpora / name
    if place.is_dir() and (found := read(home.corpora, name)) is not None:
        return found
    learnt, examples = _written(filestore.data_of(home, person, training), form)
    held = b"" if validation is None else _written(filestore.data_of(home, person, validation), form)[0]
    chat = method == "dpo" and any(
        "input" in row for _n, row in filestore.lines(filestore.data_of(home, person, training))
    )
    made = Material(name, training.id, None if validation is None else validation.id, examples, chat)
    size = len(learnt) + len(held)
    with studio.database.write() as connection:
        check_quotas(connection, person, now(), size=size)
        belongings.take(connection, "corpus", name, person.id, now(), size)
        if not place.is_dir():
            with new_folder(place) as part:
                (part / "train.jsonl").write_bytes(learnt)
                if held:
                    (part / "validation.jsonl").write_bytes(held)
                (part / CARD).write_text(Card(title=training.filename).to_yaml(), encoding="utf-8")
                about = {key: value for key, value in asdict(made).items() if key != "corpus"}
                (part / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    return made


def read(corpora: Path, name: str) -> Material | None:
    """What is known of a corpus that ``make`` has made; None: it was another, or is gone."""
    try:
        about = json.loads((corpora / name / ABOUT).read_text(encoding="utf-8"))
        return Material(name, **about)
    except (OSError, ValueError, TypeError):
        return None


def remove_corpora(studio: Studio, person: AccountRow, file_id: str) -> None:
    """Remove the corpora that were made from a file.

    Raises:
        UserError: a job learns from one just now.
    """
    names = [path.name for path in studio.home.corpora.glob(f"{file_id}-*")]
    with studio.database.write() as connection:
        briefs = [json.dumps(brief) for brief in connection.execute(live_briefs()).scalars()]
        if any(f'"{name}"' in brief for name in names for brief in briefs):
            raise UserError(
                _("A job works with '{name}' just now.", name=file_id),
                _("Wait for it, or cancel it."),
                code="conflict",
                status=409,
            )
        for name in belongings.own(connection, "corpus", names, person):
            belongings.drop(connection, "corpus", name)
            shutil.rmtree(studio.home.corpora / name, ignore_errors=True)


def choices_of(material: Material, method: str, wanted: Wanted, base: str, seed: int) -> dict[str, Any]:
    """Choices of a run: ``n_epochs`` become steps, since that is how our runs are counted."""
    batch = wanted.batch or min(max(material.examples // 8, FEWEST), MOST_BATCH)
    steps = max(1, math.ceil((wanted.epochs or EPOCHS) * material.examples / batch))
    found: dict[str, Any] = {"base": base, "method": method, "seed": seed, "batch": batch,
                             "steps": min(steps, MOST_STEPS)}  # fmt: skip
    if wanted.multiplier is not None:
        found["rate"] = RATES[method] * wanted.multiplier
    if wanted.beta is not None:
        found["beta"] = wanted.beta
    if material.chat:
        found["chat"] = True
    return found


def hyperparameters(material: Material | None, choices: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round, as far as it is known."""
    method, batch, steps = choices.get("method", "sft"), choices.get("batch"), choices.get("steps")
    epochs: Any = "auto"
    if material is not None and batch and steps and material.examples:
        epochs = max(1, round(steps * batch / material.examples))
    rate = choices.get("rate")
    return {
        "n_epochs": epochs,
        "batch_size": batch or "auto",
        "learning_rate_multiplier": round(rate / RATES[method], 6) if rate else 1.0,
    }


def _written(path: Path, form: Callable[[Mapping[str, Any]], tuple[dict[str, Any], int] | None]) -> tuple[bytes, int]:
    """The lines of a file in our columns, and how many examples they hold."""
    out, examples = io.BytesIO(), 0
    for number, row in filestore.lines(path):
        found = form(row)
        if found is None:
            raise _useless(number)
        columns, more = found
        examples += more
        out.write(json.dumps(columns, ensure_ascii=False).encode() + b"\n")
    return out.getvalue(), examples


def _answers(row: Mapping[str, Any]) -> tuple[dict[str, Any], int] | None:
    """A line to answer by, and how many examples it holds; None: it is none."""
    messages = row.get("messages")
    if isinstance(messages, list):
        plain = [_message(one) for one in messages]
        asked = sum(role == "assistant" for role, _content in (one for one in plain[1:] if one))
        if not asked or None in plain:
            return None
        return {"messages": [{"role": one[0], "content": one[1]} for one in plain if one]}, asked
    if isinstance(row.get("prompt"), str) and isinstance(row.get("completion"), str) and row["completion"].strip():
        return {"prompt": row["prompt"], "completion": row["completion"]}, 1
    return None


def _pair(row: Mapping[str, Any]) -> tuple[dict[str, Any], int] | None:
    """A line with two answers to one question, ours or as OpenAI has it; None: it is none."""
    if all(isinstance(row.get(name), str) for name in ("prompt", "chosen", "rejected")):
        return {name: row[name] for name in ("prompt", "chosen", "rejected")}, 1
    asked, answers = row.get("input"), [row.get("preferred_output"), row.get("non_preferred_output")]
    if not isinstance(asked, Mapping) or not isinstance(asked.get("messages"), list):
        return None
    turns = [_message(one) for one in asked["messages"]]
    said = [_message(one[0]) if isinstance(one, list) and len(one) == 1 else None for one in answers]
    # A pair has one question here; what a system or earlier turns said would be lost.
    if len(turns) != 1 or turns[0] is None or turns[0][0] != "user" or said[0] is None or said[1] is None:
        return None
    return {"prompt": turns[0][1], "chosen": said[0][1], "rejected": said[1][1]}, 1


def _message(given: Any) -> tuple[str, str] | None:
    if not isinstance(given, Mapping):
        return None
    role, content = given.get("role"), given.get("content")
    if role not in ("system", "developer", "user", "assistant") or not isinstance(content, str):
        return None
    return ("system" if role == "developer" else str(role)), content


def _useless(number: int) -> UserError:
    return ApiError(
        _("Line {number} of the file can't be used: {why}.", number=number, why=_("it holds no example")),
        _("Give messages with an answer of the assistant, prompt and completion, or a question with two answers."),
        code="invalid_file",
        param="training_file",
    )
