"""Opening a folder of clips as a corpus: animations, videos, strips or folders of frames, with what is
known of each.

What is known are attributes: further columns of metadata.jsonl or metadata.csv; without them the names of the folders:
the first says the action, the second the direction, ``name=value`` any other. Clips are read once when the corpus is
opened, to be sure of them.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.cores import usable_cores
from luokuan.foundation.corpus import videos
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.clipframes import ENDINGS, BrokenClip, Moving, fitted, frame_files, read_clip, seen
from luokuan.foundation.corpus.reader import BROKEN_LIMIT, HELD_OUT, METADATA, SPLIT_NAMES, SPLITS, Broken, walk
from luokuan.foundation.corpus.tables import CSV, csv_rows, json_rows, row_error
from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMES = ("file_name", "file")
"""Columns of metadata that name the clip, the first that is there."""
GROUPS = ("character", "group")
"""Columns of metadata that say which clips belong together: one character's are never on both sides of a split."""
FRAMES, FPS = "frames", "fps"
"""Columns of metadata that say how many frames count, and how many a second there are."""
FOLDERS = ("action", "direction")
"""What the names of folders say, from the outside to the inside."""
EXAMPLE = '{"file_name": "a.gif", "action": "walk"}'
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class ClipItem:
    """One clip.

    Args:
        path: Its file or folder.
        name: Path inside the corpus with ``/``.
        split: As given, or None.
        attributes: What is known of it, (name, value), sorted by name.
        group: What it belongs to, such as a character; empty: nothing.
        sha256: Of its bytes.
        seen: SHA-256 of its samples: copies of one clip have the same.
        frames: How many count.
        fps: Frames a second, where it is said.
    """

    path: Path
    name: str
    split: str | None
    attributes: tuple[tuple[str, str], ...]
    group: str
    sha256: str
    seen: str
    frames: int
    fps: float | None
    label: None = None
    text: None = None

    def read(self) -> NDArray[np.uint8]:
        """Its frames, uint8 (frames, H, W, 3).

        Raises:
            UserError: it isn't what it was when the corpus was opened.
        """
        try:
            found = read_clip(self.path, limit=self.frames)
            if found.sha256 == self.sha256:
                return found.frames
        except BrokenClip:
            pass
        raise UserError(
            _("{path} has changed since it was opened.", path=self.path),
            _("Put it back as it was when it was opened."),
            code="corpus.clip",
        )


@dataclass(slots=True)
class ClipCorpus:
    """Clips at rest.

    Args:
        path: The folder.
        items: Usable clips, sorted by name.
        broken: Files and folders that were skipped.
        digest: SHA-256 over the sorted lines ``name sha256 attributes frames group\\n``.
    """

    path: Path
    card: Card | None
    items: tuple[ClipItem, ...]
    broken: tuple[Broken, ...]
    digest: str
    _splits: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def skipped(self) -> int:
        """How many clips were skipped."""
        return len(self.broken)

    def split(self, name: str) -> tuple[ClipItem, ...]:
        """Clips of ``train``, ``validation`` or ``test``.

        Given splits are kept. Else whole groups, and copies of one clip together, are dealt by their digest, 90/5/5; a
        split that chance left empty gets one group, if there are five or more.

        Raises:
            KeyError: another name.
        """
        if name not in SPLITS:
            raise KeyError(name)
        if not self._splits:
            self._splits = self._dealt()
        return tuple(item for item in self.items if self._splits[item.name] == name)

    def _dealt(self) -> dict[str, str]:
        if any(item.split not in (None, "train") for item in self.items):
            return {item.name: item.split or "train" for item in self.items}
        groups: dict[str, list[str]] = defaultdict(list)
        for item in self.items:
            groups[sha256_bytes((item.group or item.seen).encode())].append(item.name)
        chosen = {}
        for leader in groups:
            percent = int(leader[:8], 16) % 100
            chosen[leader] = SPLITS[0] if percent < HELD_OUT[0] else SPLITS[1] if percent < HELD_OUT[1] else SPLITS[2]
        for split in SPLITS[1:]:
            spare = sorted(leader for leader, own in chosen.items() if own == "train")
            if split not in chosen.values() and len(spare) >= 4:
                chosen[spare[0]] = split
        return {name: chosen[leader] for leader, names in groups.items() for name in names}

    def require_trainable(self) -> None:
        """Refuse a corpus that can't be trained on.

        Raises:
            UserError: fewer than two training clips.
        """
        if len(self.split("train")) < 2:
            raise UserError(
                _(
                    "{path} has {count} training clips; that is too few.",
                    path=self.path,
                    count=len(self.split("train")),
                ),
                _("Add clips: some hundreds give a first result."),
                code="corpus.too_small",
            )


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    name: str
    split: str | None
    attributes: tuple[tuple[str, str], ...]
    group: str = ""
    frames: int | None = None
    fps: float | None = None


def holds_clips(path: Path) -> bool:
    """Whether a folder is meant for clips and not for pictures: it has animations by their ending, or metadata that
    tells of frames. Folders of frames alone look like pictures of classes."""
    if not path.is_dir():
        return False
    if any(file.suffix.lower() in (".gif", ".apng", *videos.ENDINGS) for file in walk(path)):
        return True
    for name, mark in ((METADATA, r'"{}"\s*:'), (CSV, r"\b{}\b")):
        try:
            with (path / name).open(encoding="utf-8-sig") as stream:
                head = stream.readline(1 << 16)
        except (OSError, UnicodeDecodeError):
            continue
        if any(re.search(mark.format(column), head) for column in (FRAMES, FPS)):
            return True
    return False


def open_clips(path: Path | str, *, broken_limit: float = BROKEN_LIMIT) -> ClipCorpus:
    """Read a folder of clips: GIF, APNG and WebP animations, MP4 and WebM files, strips of square frames, folders of
    frames.

    Args:
        broken_limit: Share of broken clips above which the corpus is refused, 0 to 1.

    Raises:
        UserError: no such folder, no clip in it, more than 5 % broken, or wrong metadata or card.
    """
    folder = expand(path)
    if not folder.is_dir():
        raise UserError(
            _("{path} is not a folder.", path=folder),
            _("Give a folder of clips: animations, strips of frames, or folders of frames."),
            code="corpus.not_folder",
        )
    card = read_card(folder)
    with ThreadPoolExecutor(usable_cores()) as pool:
        read = list(pool.map(_read, _listed(folder)))
    broken = [found for found in read if isinstance(found, Broken)]
    items = sorted((found for found in read if isinstance(found, ClipItem)), key=lambda item: item.name)
    if not items:
        first = f" ({broken[0].path}: {broken[0].reason})" if broken else ""
        raise UserError(
            _("{path} holds no usable clip{why}.", path=folder, why=first),
            _("Put GIF, APNG, WebP, MP4 or WebM clips, strips of square frames, or folders of frames into it."),
            code="corpus.empty",
        )
    if len(broken) > broken_limit * len(read):
        raise UserError(
            _(
                "{broken} of {all} clips are broken, for instance {path}: {reason}.",
                broken=len(broken),
                all=len(read),
                path=broken[0].path,
                reason=broken[0].reason,
            ),
            _("Take the broken ones out, or mend them."),
            code="corpus.broken",
        )
    lines = sorted(f"{i.name} {i.sha256} {i.attributes} {i.frames} {i.group}\n" for i in items)
    return ClipCorpus(folder, card, tuple(items), tuple(broken), sha256_bytes("".join(lines).encode()))


def _read(entry: _Found) -> ClipItem | Broken:
    try:
        entry.name.encode()
        found: Moving = read_clip(entry.path, limit=entry.frames)
    except UnicodeEncodeError:
        return Broken(entry.path, _("its name is no valid UTF-8"))
    except BrokenClip as error:
        return Broken(entry.path, str(error))
    return ClipItem(
        entry.path,
        entry.name,
        entry.split,
        entry.attributes,
        entry.group,
        found.sha256,
        seen(found.frames),
        len(found.frames),
        entry.fps or found.fps,
    )


def _listed(folder: Path) -> Iterator[_Found]:
    if (folder / METADATA).is_file():
        yield from _from_rows(folder, folder / METADATA, json_rows(folder / METADATA, EXAMPLE))
    elif (folder / CSV).is_file():
        yield from _from_rows(folder, folder / CSV, csv_rows(folder / CSV, EXAMPLE))
    else:
        yield from _from_folders(folder)


def _from_folders(folder: Path) -> Iterator[_Found]:
    loose: dict[Path, list[Path]] = defaultdict(list)
    for path in walk(folder):
        if path.suffix.lower() in (*ENDINGS, ".jpg", ".jpeg"):
            loose[path.parent].append(path)
    for parent, files in sorted(loose.items()):
        # A folder of still pictures that are no strips is one clip; else each file is one.
        if parent != folder and len(files) > 1 and _still(files[0]):
            yield _placed(folder, parent)
        else:
            for path in files:
                yield _placed(folder, path)


def _still(path: Path) -> bool:
    """Whether a file is a picture of one frame that is no strip."""
    if path.suffix.lower() in (".jpg", ".jpeg"):
        return True
    if path.suffix.lower() in videos.ENDINGS:
        return False
    try:
        read_clip(path)
    except BrokenClip as error:
        return path in frame_files(path.parent) and str(error) in (
            _("it has one frame only"),
            _("it has one frame, and is no strip of square ones"),
        )
    return False


def _placed(folder: Path, path: Path) -> _Found:
    parts = path.relative_to(folder).parts[:-1]
    split = SPLIT_NAMES.get(parts[0].lower()) if parts else None
    told: dict[str, str] = {}
    plain = iter(FOLDERS)
    for part in parts[1:] if split else parts:
        name, sign, value = part.partition("=")
        if sign and name and value:
            told[name] = value
        elif (kind := next(plain, None)) is not None:
            told[kind] = part
    group = next((told.pop(name) for name in GROUPS if name in told), "")
    return _Found(path, path.relative_to(folder).as_posix(), split, tuple(sorted(told.items())), group)


def _from_rows(folder: Path, file: Path, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[_Found]:
    listed: set[str] = set()
    for number, row in rows:
        name = next((row[key] for key in NAMES if row.get(key)), None)
        if not isinstance(name, str):
            raise row_error(file, number, _("it names no file"), EXAMPLE)
        path = folder / os.path.normpath(name)
        try:
            inside = path != folder and path.resolve().is_relative_to(folder.resolve())
        except (OSError, RuntimeError, ValueError):
            inside = False
        if not inside:
            raise row_error(file, number, _("file_name leaves the folder"), EXAMPLE)
        relative = path.relative_to(folder).as_posix()
        if relative in listed:
            raise row_error(file, number, _("{name} was listed before", name=relative), EXAMPLE)
        listed.add(relative)
        own = (*NAMES, *GROUPS, FRAMES, FPS, "split")
        yield _Found(
            path,
            relative,
            SPLIT_NAMES.get(str(row.get("split") or "").lower()),
            tuple(
                sorted((str(k), str(v)) for k, v in row.items() if k not in own and isinstance(v, _PLAIN) and v != "")
            ),
            next((str(row[key]) for key in GROUPS if row.get(key) is not None), ""),
            _number(file, number, row.get(FRAMES), FRAMES, int),
            _number(file, number, row.get(FPS), FPS, float),
        )


def _number(file: Path, row: int, value: Any, column: str, kind: type[int] | type[float]) -> Any:
    if value is None or value == "":
        return None
    try:
        found = kind(value)
        if 0 < found < 1e4:  # nor what is no number
            return found
    except (ValueError, TypeError, OverflowError):
        pass
    raise row_error(file, row, _("{name} is no number above 0", name=column), EXAMPLE)


def load_clips(items: Sequence[ClipItem], frames: int, size: int, *, cache: Path) -> NDArray[np.uint8]:
    """Clips as uint8 (N, frames, size, size, 3), memory-mapped, read-only; see ``clipframes.fitted``.

    Args:
        items: Which; may be none.
        frames: Of each clip.
        size: Side in pixels.
        cache: A folder for the decoded array.

    Raises:
        UserError: a clip has changed since the corpus was opened; no room for the cache.
    """
    import numpy as np

    from luokuan.foundation.corpus.arrays import read_array, write_array

    shape = (len(items), frames, size, size, 3)
    if not items:
        return np.empty(shape, dtype=np.uint8)

    def fill(pixels: NDArray[np.uint8]) -> None:
        def one(index: int) -> None:
            pixels[index] = fitted(items[index].read(), frames, size)

        with ThreadPoolExecutor(usable_cores()) as pool:
            for _done in pool.map(one, range(len(items))):
                pass

    key = sha256_bytes(f"{frames} {size} {' '.join(item.seen for item in items)}".encode())[:32]
    path = cache / "clips" / f"{key}-{size}.npy"
    mapped = read_array(path, shape, np.uint8)
    return mapped if mapped is not None else write_array(path, shape, np.uint8, fill)
