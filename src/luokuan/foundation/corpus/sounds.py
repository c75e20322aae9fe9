"""Opening a folder of sounds as a corpus: class folders, or metadata.jsonl or metadata.csv with a category each.

Sounds are read once when the corpus is opened, to be sure of them, and again whenever their samples are asked for.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.corpus.audio import BYTE_LIMIT, ENDINGS, BrokenSound, clipped_share, read_sound
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.reader import BROKEN_LIMIT, METADATA, SPLIT_NAMES, SPLITS, Broken, walk
from luokuan.foundation.corpus.tables import CSV, csv_rows, json_rows, row_error
from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMES = ("file_name", "file")
"""Columns of metadata that name the file, the first that is there."""
EXAMPLE = '{"file_name": "a.wav", "label": "rain"}'
LABELS = ("label", "category")
"""Columns of metadata that name the category, the first that is there."""
RATE = 16_000
"""Samples a second at which sounds are looked at when a corpus is opened."""
EACH = 7
"""Of so many clips of a category one is held out for validation and one for testing."""
CLIPPED = 0.01
"""Share of samples at full scale from which on a clip counts as clipped."""


@dataclass(frozen=True, slots=True)
class SoundClip:
    """One file of sound.

    Args:
        path: Where it lies.
        name: Path inside the corpus with ``/``.
        split: As given, or None.
        label: Index into the categories, or None.
        sha256: Of its bytes.
        seconds: Its length.
        heard: SHA-256 of its samples: copies of one sound have the same.
        clipped: Share of its samples at full scale.
    """

    path: Path
    name: str
    split: str | None
    label: int | None
    sha256: str
    seconds: float
    heard: str = ""
    clipped: float = 0.0

    def samples(self, rate: int) -> NDArray[np.float32]:
        """float32 (samples,), mono, at ``rate``.

        Raises:
            UserError: its file isn't what it was when the corpus was opened.
        """
        try:
            data = self.path.read_bytes()
            if sha256_bytes(data) == self.sha256:
                return read_sound(data, rate)
        except (OSError, BrokenSound):
            pass
        raise UserError(
            _("{path} has changed since it was opened.", path=self.path),
            _("Put it back as it was when it was opened."),
            code="corpus.sound",
        )


@dataclass(slots=True)
class SoundCorpus:
    """Sounds at rest.

    Args:
        path: The folder.
        classes: Names of the categories, sorted; empty when there are none.
        clips: Usable sounds, sorted by name.
        broken: Files that were skipped.
        digest: SHA-256 over the sorted lines ``name sha256 category\\n``: the same material, the same digest.
        unclassed: Names of sounds without a category where others have one; they cost the corpus its categories.
    """

    path: Path
    card: Card | None
    classes: tuple[str, ...]
    clips: tuple[SoundClip, ...]
    broken: tuple[Broken, ...]
    digest: str
    unclassed: tuple[str, ...] = ()
    _splits: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def skipped(self) -> int:
        """How many files were skipped."""
        return len(self.broken)

    @property
    def clipped(self) -> tuple[SoundClip, ...]:
        """Sounds of which more than a hundredth stands at full scale."""
        return tuple(clip for clip in self.clips if clip.clipped > CLIPPED)

    def split(self, name: str) -> tuple[SoundClip, ...]:
        """Clips of ``train``, ``validation`` or ``test``.

        Given splits are kept. Else one of seven clips of each category goes to validation and one to test, by digest;
        copies of one sound stay together. Categories with fewer than seven clips are all train: their few clips are
        worth more there. Pieces of one recording are different sounds and may lie on both sides.

        Raises:
            KeyError: another name.
        """
        if name not in SPLITS:
            raise KeyError(name)
        if not self._splits:
            self._splits = self._dealt()
        return tuple(clip for clip in self.clips if self._splits[clip.name] == name)

    def _dealt(self) -> dict[str, str]:
        if any(clip.split not in (None, "train") for clip in self.clips):
            return {clip.name: clip.split or "train" for clip in self.clips}
        chosen = {clip.name: "train" for clip in self.clips}
        groups: dict[str, list[SoundClip]] = defaultdict(list)
        for clip in self.clips:
            groups[clip.heard].append(clip)
        by_class: dict[int | None, list[list[SoundClip]]] = defaultdict(list)
        for members in groups.values():
            by_class[members[0].label].append(members)
        for found in by_class.values():
            found.sort(key=lambda members: sha256_bytes(members[0].heard.encode()))
            share = len(found) // EACH
            for index, members in enumerate(found[: 2 * share]):
                chosen |= {clip.name: SPLITS[1 + index % 2] for clip in members}
        return chosen

    def require_trainable(self) -> None:
        """Refuse a corpus that can't be trained on.

        Raises:
            UserError: fewer than two training sounds.
        """
        if len(self.split("train")) < 2:
            raise UserError(
                _("{path} has {count} training sounds; that is too few.", path=self.path, count=len(self.clips)),
                _("Add sounds: some dozens of a category give a first result."),
                code="corpus.too_small",
            )


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    name: str
    split: str | None
    label: str | None


def open_sounds(path: Path | str, *, broken_limit: float = BROKEN_LIMIT) -> SoundCorpus:
    """Read a folder of WAV, FLAC, OGG or MP3 files.

    Args:
        broken_limit: Share of broken files above which the corpus is refused, 0 to 1.

    Raises:
        UserError: no such folder, no sound in it, nothing but silence, more than 5 % broken, or wrong metadata or card.
    """
    folder = expand(path)
    if not folder.is_dir():
        raise UserError(
            _("{path} is not a folder.", path=folder),
            _("Give a folder of WAV, FLAC, OGG or MP3 files."),
            code="corpus.not_folder",
        )
    card = read_card(folder)
    read = [(entry, _read(entry)) for entry in _listed(folder)]
    broken = [found for _entry, found in read if isinstance(found, Broken)]
    good = [(entry, found) for entry, found in read if isinstance(found, SoundClip)]
    if not good:
        first = f" ({broken[0].path}: {broken[0].reason})" if broken else ""
        raise UserError(
            _("{path} holds no usable sound{why}.", path=folder, why=first),
            _("Put WAV, FLAC, OGG or MP3 files into it, best in one folder a category."),
            code="corpus.empty",
        )
    if len(broken) > broken_limit * len(read):
        raise UserError(
            _(
                "{broken} of {all} sounds are broken, for instance {path}: {reason}.",
                broken=len(broken),
                all=len(read),
                path=broken[0].path,
                reason=broken[0].reason,
            ),
            _("Take the broken ones out, or mend them."),
            code="corpus.broken",
        )
    names = sorted({entry.label for entry, _clip in good if entry.label is not None})
    unclassed = tuple(sorted(entry.name for entry, _clip in good if entry.label is None)) if names else ()
    classes = () if unclassed else tuple(names)
    index = {name: number for number, name in enumerate(classes)}
    clips = sorted(
        (
            SoundClip(
                clip.path, clip.name, clip.split, index.get(entry.label or ""), clip.sha256, clip.seconds, clip.heard,
                clip.clipped,
            )
            for entry, clip in good
        ),
        key=lambda clip: clip.name,
    )  # fmt: skip
    lines = sorted(f"{clip.name} {clip.sha256} {'' if clip.label is None else classes[clip.label]}\n" for clip in clips)
    return SoundCorpus(
        folder, card, classes, tuple(clips), tuple(broken), sha256_bytes("".join(lines).encode()), unclassed
    )


def _read(entry: _Found) -> SoundClip | Broken:
    return read_clip(entry.path, entry.name, entry.split)


def read_clip(path: Path, name: str, split: str | None) -> SoundClip | Broken:
    """One file of sound as a clip without a category, or why it can't be used."""
    try:
        name.encode()
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            return Broken(path, _("it is no ordinary file"))
        if status.st_size > BYTE_LIMIT:
            return Broken(path, _("the file is larger than {limit} MB", limit=BYTE_LIMIT >> 20))
        data = path.read_bytes()
        samples = read_sound(data, RATE)
    except UnicodeEncodeError:
        return Broken(path, _("its name is no valid UTF-8"))
    except OSError as error:
        return Broken(path, _("it can't be read ({why})", why=error.strerror))
    except BrokenSound as error:
        return Broken(path, str(error))
    return SoundClip(
        path,
        name,
        split,
        None,
        sha256_bytes(data),
        len(samples) / RATE,
        sha256_bytes(samples.tobytes()),
        clipped_share(samples),
    )


def _listed(folder: Path) -> Iterator[_Found]:
    if (folder / METADATA).is_file():
        yield from _from_rows(folder, folder / METADATA, json_rows(folder / METADATA, EXAMPLE))
    elif (folder / CSV).is_file():
        yield from _from_rows(folder, folder / CSV, csv_rows(folder / CSV, EXAMPLE))
    else:
        for path in walk(folder):
            if path.suffix.lower() not in ENDINGS:
                continue
            parts = path.relative_to(folder).parts
            split = SPLIT_NAMES.get(parts[0].lower()) if len(parts) > 1 else None
            rest = parts[1:] if split else parts
            yield _Found(path, path.relative_to(folder).as_posix(), split, rest[0] if len(rest) > 1 else None)


def _from_rows(folder: Path, file: Path, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[_Found]:
    seen: set[str] = set()
    for number, row in rows:
        name = next((row[key] for key in NAMES if row.get(key)), None)
        if not isinstance(name, str):
            raise row_error(file, number, _("it names no file"), EXAMPLE)
        path = folder / os.path.normpath(name)
        try:
            inside = path.is_relative_to(folder) and path.resolve().is_relative_to(folder.resolve())
        except (OSError, RuntimeError, ValueError):
            inside = False
        if not inside:
            raise row_error(file, number, _("file_name leaves the folder"), EXAMPLE)
        relative = path.relative_to(folder).as_posix()
        if relative in seen:
            raise row_error(file, number, _("{name} was listed before", name=relative), EXAMPLE)
        seen.add(relative)
        label = next((str(row[key]).strip() for key in LABELS if row.get(key)), None)
        yield _Found(path, relative, SPLIT_NAMES.get(str(row.get("split") or "").lower()), label or None)
