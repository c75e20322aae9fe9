"""Back-translation (Sennrich et al. 2016, arXiv 1511.06709): a model writes sources for sentences of one language.

What comes of it is a corpus of pairs in which the sentences are targets, and its sources are marked as synthetic. The
work is done in portions that are kept in the cache, so that what was stopped goes on where it was.
"""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from luokuan.errors import UserError
from luokuan.files import expand, new_folder, sha256_bytes, write_atomic
from luokuan.foundation.corpus import Card, ParallelCorpus
from luokuan.foundation.corpus.card import UNKNOWN, read_card, write_card
from luokuan.foundation.licences import joint_licence
from luokuan.i18n import _
from luokuan.models.seq2seq.decoding import Search, check_direction, require_whole, translate
from luokuan.models.seq2seq.model import Seq2SeqModel

PORTION = 2048
"""Sentences that are translated before they are kept."""
LONGEST = 64
"""Most tokens of a sentence, with its marks."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences of one language.

    Args:
        texts: Each once, in the order of the file.
        card: card.yaml beside the file, if there is one.
        name: The file's name.
        left_out: How many were twice, too long, or held out.
    """

    texts: tuple[str, ...]
    card: Card | None
    name: str
    left_out: int


def letters_of(text: str) -> str:
    """The text without case, spaces and punctuation: by this, copies are found."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def read_sentences(
    path: Path | str, model: Seq2SeqModel, *, held_out: Sequence[ParallelCorpus] = (), most: int | None = None
) -> Sentences:
    """The sentences of a file of text, one a line.

    Args:
        model: Which is to read them.
        held_out: Corpora whose validation and test sides must not be among them.
        most: Only so many of the first.

    Raises:
        UserError: the file can't be read, isn't UTF-8, or holds none that can be used.
    """
    place = expand(path)
    try:
        lines = place.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = _("it is not UTF-8") if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UserError(
            _("{path} can't be used: {reason}.", path=place, reason=why),
            _("Give a file of text with a sentence a line."),
            code="backtranslation.file",
        ) from error
    seen = {
        letters_of(text)
        for corpus in held_out
        for split in ("validation", "test")
        for pair in corpus.split(split)
        for text in pair.texts
    }
    found: list[str] = []
    whole = [" ".join(line.split()) for line in lines]
    lengths = (len(row) for row in model.sources(whole, "", _any_target(model)))
    for text, length in zip(whole, lengths, strict=True):
        letters = letters_of(text)
        if letters and letters not in seen and length <= LONGEST and (most is None or len(found) < most):
            seen.add(letters)
            found.append(text)
    if not found:
        raise UserError(
            _("{path} holds no sentences that can be used.", path=place),
            _("Give a file of text with a sentence a line."),
            code="backtranslation.empty",
        )
    card = read_card(place.parent)
    return Sentences(tuple(found), card, place.name, sum(map(bool, whole)) - len(found))


def _any_target(model: Seq2SeqModel) -> str:
    if not model.ours:
        raise UserError(
            _("'{name}' is no model of `luokuan train seq2seq`.", name=model.folder.name),
            _("Choose another --model; see `luokuan models list`."),
            code="backtranslation.model",
        )
    return model.directions[0][1]


def back_translate(
    sentences: Sentences,
    output: Path,
    *,
    model: Seq2SeqModel,
    start: str,
    to: str,
    search: Search,
    cache: Path,
    licence: str | None = None,
    seed: int = 0,
    on_done: Callable[[int], None] | None = None,
) -> int:
    """Write a corpus of pairs to ``output``: each of ``sentences`` with what the model makes of it.

    Args:
        start: Language of the sentences.
        to: Language that the model writes.
        cache: Where portions are kept until all are done.
        licence: Of the sentences; None: that of their card. The model's binds too.
        on_done: Called with how many more are done.

    Returns:
        Pairs written: sentences whose translation is empty or a copy are left out.

    Raises:
        UserError: the model doesn't know the direction, or ``output`` can't be written.
    """
    search.check()
    check_direction(model, start, to)
    for text in sentences.texts:
        require_whole(text)
    asked = [model.folder.network_digest, start, to, repr(search), str(seed), str(PORTION), *sentences.texts]
    place = cache / "back-translation" / sha256_bytes("\n".join(asked).encode())[:32]
    written: list[str] = []
    for number, first in enumerate(range(0, len(sentences.texts), PORTION)):
        portion = sentences.texts[first : first + PORTION]
        path = place / f"{number:05d}.json"
        done = _kept(path, len(portion))
        if done is None:
            done = translate(model, portion, start=start, to=to, search=search, seed=seed + number, on_done=on_done)
            write_atomic(path, json.dumps(done, ensure_ascii=False).encode())
        elif on_done is not None:
            on_done(len(portion))
        written += done
    count = _write(output, sentences, written, model, (start, to), licence)
    shutil.rmtree(place, ignore_errors=True)
    return count


def _kept(path: Path, count: int) -> list[str] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(found, list) and len(found) == count and all(isinstance(text, str) for text in found)
    return found if whole else None


def _write(
    output: Path,
    sentences: Sentences,
    written: Iterable[str],
    model: Seq2SeqModel,
    way: tuple[str, str],
    licence: str | None,
) -> int:
    start, to = way
    rows = [
        {start: text, to: made, "synthetic": to}
        for text, made in zip(sentences.texts, written, strict=True)
        if (letters := letters_of(made)) and letters != letters_of(text)
    ]
    card = sentences.card or Card()
    credit = (card.credit, (model.folder.training.get("corpus") or {}).get("credit", ""))
    told = Card(
        title=f"{card.title or sentences.name}, back-translated by {model.folder.name}",
        licence=joint_licence([licence or card.licence or UNKNOWN, model.folder.licence]),
        source=card.source or sentences.name,
        credit="; ".join(dict.fromkeys(filter(None, credit))),
        consent=card.consent,
        personal_data=card.personal_data,
    )
    with new_folder(output) as part:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (part / "pairs.jsonl").write_text(lines, encoding="utf-8")
        write_card(part, told)
    return len(rows)
