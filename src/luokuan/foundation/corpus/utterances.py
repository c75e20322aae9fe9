"""Opening a folder of read sentences as a corpus: recordings of one speaker with what is said in each.

Either metadata.jsonl or metadata.csv with a column that names the file and one that holds the text, or a text file
beside each recording, of the same name but ``.txt``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.corpus.audio import ENDINGS
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.reader import BROKEN_LIMIT, METADATA, SPLIT_NAMES, SPLITS, Broken, walk
from luokuan.foundation.corpus.sounds import SoundClip, read_clip
from luokuan.foundation.corpus.tables import CSV, csv_rows, json_rows, row_error
from luokuan.i18n import _

NAMES = ("file_name", "file", "id", "audio")
"""Columns of metadata that name the file, the first that is there; of an id the recording of that name is meant."""
TEXTS = ("text", "sentence", "transcription", "transcript")
EXAMPLE = '{"file_name": "a.wav", "text": "Good morning."}'
HELD = (8, 3)
"""Of a hundred sentences so many are held out for testing, and for validation."""
FEWEST = 10
"""Sentences below which none are held out."""
LONGEST = 15.0
"""Seconds of the longest utterance; a longer one is skipped as broken."""
TEXT_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Utterance:
    """A recording and its text."""

    clip: SoundClip
    text: str

    @property
    def name(self) -> str:
        """Path inside the corpus."""
        return self.clip.name


@dataclass(slots=True)
class SpeechCorpus:
    """Utterances at rest.

    Args:
        path: The folder.
        utterances: Usable ones, sorted by name.
        broken: Recordings that were skipped, with the reason.
        digest: SHA-256 over the sorted lines ``name sha256 text\\n``.
    """

    path: Path
    card: Card | None
    utterances: tuple[Utterance, ...]
    broken: tuple[Broken, ...]
    digest: str
    _splits: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def consent(self) -> str:
        """On what ground the speaker agreed, or empty."""
        return self.card.consent if self.card else ""

    @property
    def skipped(self) -> int:
        """How many recordings were skipped."""
        return len(self.broken)

    @property
    def seconds(self) -> float:
        """Of all recordings."""
        return sum(one.clip.seconds for one in self.utterances)

    def split(self, name: str) -> tuple[Utterance, ...]:
        """Utterances of ``train``, ``validation`` or ``test``. Given splits are kept; else ``HELD`` of a hundred
        sentences are held out, by digest; all takes of one sentence stay together.

        Raises:
            KeyError: another name.
        """
        if name not in SPLITS:
            raise KeyError(name)
        if not self._splits:
            self._splits = self._dealt()
        return tuple(one for one in self.utterances if self._splits[one.name] == name)

    def _dealt(self) -> dict[str, str]:
        if any(one.clip.split not in (None, "train") for one in self.utterances):
            return {one.name: one.clip.split or "train" for one in self.utterances}
        takes: dict[str, list[Utterance]] = defaultdict(list)
        for one in self.utterances:
            takes[sha256_bytes("".join(filter(str.isalnum, one.text.casefold())).encode())].append(one)
        order = sorted(takes)
        counts = [-(-len(order) * share // 100) if len(order) >= FEWEST else 0 for share in HELD]
        chosen: dict[str, str] = {}
        for place, key in enumerate(order):
            split = "test" if place < counts[0] else "validation" if place < sum(counts) else "train"
            chosen |= {one.name: split for one in takes[key]}
        return chosen

    def require_trainable(self) -> None:
        """Refuse a corpus that can't be trained on.

        Raises:
            UserError: fewer than two training sentences.
        """
        if len(self.split("train")) < 2:
            raise UserError(
                _("{path} has {count} usable sentences; that is too few.", path=self.path, count=len(self.utterances)),
                _("Add recordings with their texts: an hour of one speaker gives a first result."),
                code="corpus.too_small",
            )


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    name: str
    split: str | None
    text: str


def holds_speech(path: Path) -> bool:
    """Whether a folder of recordings is meant for a voice: its metadata have a column of texts, or as many text files
    lie in it as recordings."""
    try:
        rows = (
            json_rows(path / METADATA, EXAMPLE) if (path / METADATA).is_file()
            else csv_rows(path / CSV, EXAMPLE) if (path / CSV).is_file()
            else []
        )  # fmt: skip
    except UserError:
        return False
    if rows:
        return any(rows[0][1].get(key) for key in TEXTS)
    sounds = [one for one in walk(path) if one.suffix.lower() in ENDINGS]
    return bool(sounds) and all(one.with_suffix(".txt").is_file() for one in sounds)


def open_speech(path: Path | str, *, broken_limit: float = BROKEN_LIMIT) -> SpeechCorpus:
    """Read a folder of WAV, FLAC, OGG or MP3 files and what is said in them.

    Args:
        broken_limit: Share of unusable recordings above which the corpus is refused, 0 to 1.

    Raises:
        UserError: no such folder, no recording with a text in it, more than 5 % broken, or wrong metadata or card.
    """
    folder = expand(path)
    if not folder.is_dir():
        raise UserError(
            _("{path} is not a folder.", path=folder),
            _("Give a folder of recordings with their texts."),
            code="corpus.not_folder",
        )
    card = read_card(folder)
    listed = list(_listed(folder))
    read = [_read(entry) for entry in listed]
    good = sorted((found for found in read if isinstance(found, Utterance)), key=lambda one: one.name)
    broken = [found for found in read if isinstance(found, Broken)]
    if not good:
        first = f" ({broken[0].path}: {broken[0].reason})" if broken else ""
        raise UserError(
            _("{path} holds no recording with a text{why}.", path=folder, why=first),
            _("Name them in metadata.csv with the columns file_name and text, or put a .txt file beside each."),
            code="corpus.empty",
        )
    if len(broken) > broken_limit * len(read):
        raise UserError(
            _(
                "{broken} of {all} recordings can't be used, for instance {path}: {reason}.",
                broken=len(broken),
                all=len(read),
                path=broken[0].path,
                reason=broken[0].reason,
            ),
            _("Take them out, or mend them."),
            code="corpus.broken",
        )
    lines = sorted(f"{one.name} {one.clip.sha256} {one.text}\n" for one in good)
    return SpeechCorpus(folder, card, tuple(good), tuple(broken), sha256_bytes("".join(lines).encode()))


def _read(entry: _Found) -> Utterance | Broken:
    if not any(letter.isalpha() for letter in entry.text):
        return Broken(entry.path, _("it has no text"))
    if len(entry.text) > TEXT_LIMIT:
        return Broken(entry.path, _("its text is longer than {most} characters", most=TEXT_LIMIT))
    found = read_clip(entry.path, entry.name, entry.split)
    if isinstance(found, Broken):
        return found
    if found.seconds > LONGEST:
        return Broken(entry.path, _("it is longer than {seconds} seconds", seconds=f"{LONGEST:g}"))
    return Utterance(found, entry.text)


def _listed(folder: Path) -> Iterator[_Found]:
    if (folder / METADATA).is_file():
        yield from _from_rows(folder, folder / METADATA, json_rows(folder / METADATA, EXAMPLE))
    elif (folder / CSV).is_file():
        yield from _from_rows(folder, folder / CSV, csv_rows(folder / CSV, EXAMPLE))
    else:
        for path in walk(folder):
            if path.suffix.lower() in ENDINGS:
                yield _Found(path, path.relative_to(folder).as_posix(), _split_of(folder, path), _beside(path))


def _split_of(folder: Path, path: Path) -> str | None:
    parts = path.relative_to(folder).parts
    return SPLIT_NAMES.get(parts[0].lower()) if len(parts) > 1 else None


def _beside(path: Path) -> str:
    """The text beside a recording, or nothing."""
    beside = path.with_suffix(".txt")
    if not beside.is_file():
        return ""
    try:
        with beside.open(encoding="utf-8-sig") as file:
            return file.read(TEXT_LIMIT + 1).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _from_rows(folder: Path, file: Path, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[_Found]:
    stems: dict[str, Path] = {}
    for path in walk(folder):  # what isn't walked isn't read: no row leads out of the folder
        if path.suffix.lower() in ENDINGS:
            stems[path.relative_to(folder).as_posix()] = path
            stems.setdefault(path.stem, path)
    seen: set[Path] = set()
    for number, row in rows:
        name = next((str(row[key]).strip() for key in NAMES if row.get(key)), "")
        if not name:
            raise row_error(file, number, _("it names no file"), EXAMPLE)
        if name not in stems:
            raise row_error(file, number, _("there is no recording '{name}' in the folder", name=name[:80]), EXAMPLE)
        path = stems[name]
        if path in seen:
            raise row_error(file, number, _("{name} was listed before", name=name[:80]), EXAMPLE)
        seen.add(path)
        text = next((" ".join(str(row[key]).split()) for key in TEXTS if row.get(key)), "")
        split = SPLIT_NAMES.get(str(row.get("split") or "").lower())
        yield _Found(path, path.relative_to(folder).as_posix(), split, text)
