"""Opening .jsonl files as sentences in two languages: a pair a line, its columns named by the languages."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.examples import files_of, sides_of
from luokuan.foundation.corpus.reader import BROKEN_LIMIT, SPLIT_NAMES, SPLITS, Broken
from luokuan.foundation.corpus.texts import LINES, BrokenText, rows, split_by_name, wrong_line
from luokuan.i18n import _

_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sentences that mean the same.

    Args:
        texts: In the order of the corpus's languages.
        synthetic: Language of the side that a machine wrote; empty: people wrote both.
    """

    texts: tuple[str, str]
    synthetic: str = ""


@dataclass(frozen=True, slots=True)
class ParallelCorpus:
    """Pairs at rest.

    Args:
        path: The folder, or the one file.
        languages: Of the two sides, such as ``("en", "zh")``.
        pairs: (pair, its split or None) of all usable lines, in the order of files and lines.
        broken: Files and lines that were skipped, all of them.
        digest: SHA-256 over the sorted lines ``name sha256\\n`` of the files.
    """

    path: Path
    card: Card | None
    languages: tuple[str, str]
    pairs: tuple[tuple[Pair, str | None], ...]
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

    def split(self, name: str) -> tuple[Pair, ...]:
        """Pairs of ``train``, ``validation`` or ``test``.

        Given splits are kept; where they hold nothing out, pairs are dealt by one side as examples by their prompts
        (see ``ExampleCorpus.split``), so that no sentence of that language is on two sides: by that of the language
        whose code comes first, so that both directions hold the same out. What a machine wrote is train: it measures
        nothing.

        Raises:
            KeyError: another name.
        """
        if name not in SPLITS:
            raise KeyError(name)
        natural = [(pair, given) for pair, given in self.pairs if not pair.synthetic]
        side = self.languages.index(min(self.languages))
        sides = sides_of([given for _pair, given in natural], [pair.texts[side] for pair, _given in natural])
        found = [pair for (pair, _given), split in zip(natural, sides, strict=True) if split == name]
        if name == SPLITS[0]:
            found += [pair for pair, _given in self.pairs if pair.synthetic]
        return tuple(found)


def check_languages(first: str, second: str) -> tuple[str, str]:
    """The two languages, if they can name columns.

    Raises:
        UserError: one is no code of ISO 639 in two or three small letters, or they are the same.
    """
    for code in (first, second):
        if not _LANGUAGE.fullmatch(code):
            raise UserError(
                _("'{language}' is no code of a language.", language=code[:20]),
                _("Use codes such as en, zh or de."),
                code="language.code",
            )
    if first == second:
        raise UserError(
            _("From and to are the same language, {language}.", language=first),
            _("Name two languages."),
            code="language.same",
        )
    return first, second


def open_parallel(
    path: Path | str, languages: tuple[str, str], *, broken_limit: float = BROKEN_LIMIT
) -> ParallelCorpus:
    """Read a folder of .jsonl files, or one file.

    A line has a column for each language, or an object ``translation`` with these; a column ``split`` may be added, and
    ``synthetic`` with the language of the side that a machine wrote. Others are not looked at.

    Args:
        languages: Codes of the two columns.
        broken_limit: Share of broken lines above which the corpus is refused, 0 to 1.

    Raises:
        UserError: nothing there, no pairs in it, more than 5 % broken, a wrong card, or wrong languages.
    """
    check_languages(*languages)
    place = expand(path)
    if not place.exists():
        raise UserError(_("{path} does not exist.", path=place), _wanted(languages), code="corpus.absent", status=404)
    folder = place if place.is_dir() else place.parent
    pairs: list[tuple[Pair, str | None]] = []
    broken: list[Broken] = []
    digests: list[tuple[str, str]] = []
    for item in sorted(files_of(place, LINES)):
        named = split_by_name(item, folder) if place.is_dir() else None
        mark = len(broken)
        try:
            for row in _look(item, languages):
                if isinstance(row, Broken):
                    broken.append(row)
                else:
                    pairs.append((row[0], row[1] or named))
            with item.open("rb") as stream:
                digests.append((item.relative_to(folder).as_posix(), hashlib.file_digest(stream, "sha256").hexdigest()))
        except OSError as error:
            broken = [*broken[:mark], Broken(item, _("it can't be read ({why})", why=error.strerror))]
        except BrokenText as error:
            broken = [*broken[:mark], Broken(item, str(error))]
    if not pairs:
        first = f" ({broken[0].path}: {broken[0].reason})" if broken else ""
        raise UserError(
            _("{path} holds no usable pairs of sentences{why}.", path=place, why=first),
            _wanted(languages),
            code="corpus.empty",
        )
    if len(broken) > broken_limit * (len(pairs) + len(broken)):
        raise UserError(
            _(
                "{broken} of {all} pairs are broken, for instance {path}: {reason}.",
                broken=len(broken),
                all=len(pairs) + len(broken),
                path=broken[0].path,
                reason=broken[0].reason,
            ),
            _wanted(languages),
            code="corpus.broken",
        )
    digest = sha256_bytes("".join(f"{name} {sha256}\n" for name, sha256 in sorted(digests)).encode())
    card = read_card(folder) if place.is_dir() else None
    return ParallelCorpus(place, card, languages, tuple(pairs), tuple(broken), digest)


def _wanted(languages: tuple[str, str]) -> str:
    return _("Give .jsonl files whose lines have the columns {first} and {second}.", first=languages[0],
             second=languages[1])  # fmt: skip


def _look(path: Path, languages: tuple[str, str]) -> Iterator[tuple[Pair, str | None] | Broken]:
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
        raise BrokenText(_("it is no ordinary file"))
    return rows(path, partial(_row, languages=languages))


def _row(path: Path, number: int, line: str, *, languages: tuple[str, str]) -> tuple[Pair, str | None] | Broken:
    try:
        found: Any = json.loads(line)
        if not isinstance(found, dict):
            raise TypeError("no object")
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return wrong_line(path, number, _("it holds half of a character"))
    except (ValueError, TypeError, RecursionError):
        return wrong_line(path, number, _("it is no JSON object"))
    nested = found.get("translation")
    texts = nested if isinstance(nested, dict) else found
    for language in languages:
        if not isinstance(texts.get(language), str):
            return wrong_line(path, number, _("it has no text in the column '{column}'", column=language))
        if not texts[language].strip():
            return wrong_line(path, number, _("its column '{column}' is empty", column=language))
    synthetic = found.get("synthetic") or ""
    if synthetic not in ("", *languages):
        return wrong_line(path, number, _("its column 'synthetic' names none of the two languages"))
    first, second = (" ".join(texts[language].split()) for language in languages)
    return Pair((first, second), synthetic), SPLIT_NAMES.get(str(found.get("split", "")).lower())
