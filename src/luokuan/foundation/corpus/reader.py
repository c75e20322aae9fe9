"""Opening a folder of pictures as a corpus: what is in it, in which class and split, under which digest."""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.files import expand, sha256_bytes
from luokuan.foundation.cores import usable_cores
from luokuan.foundation.corpus.card import UNKNOWN, Card, read_card
from luokuan.foundation.corpus.pictures import BYTE_LIMIT, ENDINGS, BrokenPicture, verify
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.corpus.duplicates import Cluster

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
BROKEN_LIMIT = 0.05
METADATA = "metadata.jsonl"
_COLUMNS = ("file_name", "label", "text", "split")
"""Columns of metadata.jsonl with a meaning of their own; others are attributes, if their values are plain."""
_PLAIN = (str, int, float, bool)
HELD_OUT = (90, 95)
"""Without split folders: percent below which a cluster is train, and validation; the rest is test."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture. ``name``: path inside the corpus with ``/``; ``label``: index into the classes, or None; ``text``:
    its caption; ``attributes``: further columns of metadata.jsonl, as (name, value), sorted by name."""

    path: Path
    name: str
    split: str | None
    label: int | None
    sha256: str
    width: int
    height: int
    text: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that can't be used, and why, in words."""

    path: Path
    reason: str


@dataclass(slots=True)
class PictureCorpus:
    """A corpus at rest.

    Args:
        path: The folder.
        layout: ``class_folders``, ``metadata`` or ``flat``.
        classes: Names of the classes, sorted; empty when there are none.
        items: Usable pictures, sorted by name.
        broken: Files that were skipped.
        digest: SHA-256 over the sorted lines ``name sha256 class\\n``, followed by caption and attributes where there
            are any: the same material, the same digest.
        unclassed: Names of pictures without a class where others have one; they cost the corpus its classes.
        empty: Folders of classes without a usable picture.
    """

    path: Path
    card: Card | None
    layout: str
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    broken: tuple[Broken, ...]
    digest: str
    unclassed: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    _clusters: tuple[Cluster, ...] | None = field(default=None, repr=False)
    _splits: dict[str, tuple[Item, ...]] = field(default_factory=dict, repr=False)

    @property
    def licence(self) -> str:
        """Licence from the card, or ``unknown``."""
        return self.card.licence if self.card else UNKNOWN

    @property
    def skipped(self) -> int:
        """How many files were skipped."""
        return len(self.broken)

    def clusters(self) -> tuple[Cluster, ...]:
        """Clusters of exact and near duplicates; every picture is looked at once, at the first call."""
        if self._clusters is None:
            from luokuan.foundation.corpus.duplicates import clusters

            self._clusters = clusters(self.items)
        return self._clusters

    def split(self, name: str) -> tuple[Item, ...]:
        """Items of ``train``, ``validation`` or ``test``.

        Given split folders (or a ``split`` column) are kept, but held-out pictures with a near-duplicate in train
        are left out of validation and test. Without them, whole clusters of near-duplicates are dealt by their
        digest, 90/5/5, so that none straddles train and the rest; a split that chance left empty gets one cluster, if
        train can spare it.

        Raises:
            KeyError: another name.
        """
        if name not in SPLITS:
            raise KeyError(name)
        if not self._splits:
            from luokuan.foundation.corpus.splits import deal

            self._splits = deal(self.items, self.clusters())
        return self._splits[name]

    def require_trainable(self, *, conditional: bool) -> None:
        """Refuse a corpus that can't be trained on.

        Raises:
            UserError: fewer than two training pictures, or (``conditional``) a class with one or none.
        """
        train = self.split("train")
        if len(train) < 2:
            raise UserError(
                _("{path} has {count} training pictures; that is too few.", path=self.path, count=len(train)),
                _("Add pictures: some hundreds give a first result, some thousands a good one."),
                code="corpus.too_small",
            )
        if not conditional:
            return
        if self.empty:
            raise UserError(
                _("These class folders hold no usable picture: {classes}.", classes=", ".join(self.empty)),
                _("Put JPEG, PNG or WebP files into them, remove them, or train with --condition none."),
                code="corpus.empty_class",
            )
        counts = Counter(item.label for item in train)
        poor = [name for index, name in enumerate(self.classes) if counts[index] < 2]
        if poor:
            raise UserError(
                _("These classes have fewer than two training pictures: {classes}.", classes=", ".join(poor)),
                _("Add pictures to them, remove their folders, or train with --condition none."),
                code="corpus.poor_class",
            )


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    name: str
    split: str | None
    class_name: str | None
    text: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


def open_corpus(path: Path | str, *, broken_limit: float = BROKEN_LIMIT) -> PictureCorpus:
    """Read a folder of pictures: class folders, split folders with class folders, metadata.jsonl, or flat.

    Args:
        broken_limit: Share of broken files above which the corpus is refused, 0 to 1.

    Raises:
        UserError: no such folder, no pictures, more than 5 % broken, a wrong metadata.jsonl or card.
    """
    folder = expand(path)
    if not folder.is_dir():
        raise UserError(
            _("{path} is not a folder.", path=folder),
            _("Give a folder of JPEG, PNG or WebP pictures."),
            code="corpus.not_folder",
        )
    card = read_card(folder)
    has_metadata = any((folder / part / METADATA).is_file() for part in ("", *SPLIT_NAMES))
    found = list(_from_metadata(folder) if has_metadata else _from_folders(folder))
    items, broken = _read(found)
    if not items:
        raise UserError(
            _("{path} holds no usable picture.", path=folder),
            _("Put JPEG, PNG or WebP files into it, best in one folder a class."),
            code="corpus.empty",
        )
    if len(broken) > broken_limit * (len(items) + len(broken)):
        raise UserError(
            _(
                "{broken} of {all} pictures are broken, for instance {path}: {reason}.",
                broken=len(broken),
                all=len(items) + len(broken),
                path=broken[0].path,
                reason=broken[0].reason,
            ),
            _("See `luokuan corpus check {path}`, which can write a cleaned copy.", path=folder),
            code="corpus.broken",
        )
    names = sorted({f.class_name for f, _item in items if f.class_name is not None})
    complete = len(names) > 0 and all(f.class_name is not None for f, _item in items)
    index = {name: i for i, name in enumerate(names)} if complete else {}
    final = tuple(
        sorted(
            (_with_label(item, index.get(f.class_name) if f.class_name else None) for f, item in items),
            key=lambda item: item.name,
        )
    )
    classes = tuple(names) if complete else ()
    lines = sorted(_line(i, classes[i.label] if i.label is not None else "") for i in final)
    layout = "metadata" if has_metadata else "class_folders" if complete else "flat"
    digest = sha256_bytes("".join(lines).encode())
    unclassed = tuple(sorted(f.name for f, _item in items if f.class_name is None)) if names else ()
    empty = tuple(sorted(_class_folders(folder) - set(names))) if layout == "class_folders" else ()
    return PictureCorpus(folder, card, layout, classes, final, tuple(broken), digest, unclassed, empty)


def _line(item: Item, class_name: str) -> str:
    """What the corpus's digest says of a picture."""
    told = f" {json.dumps([item.text, item.attributes])}" if item.text is not None or item.attributes else ""
    return f"{item.name} {item.sha256} {class_name}{told}\n"


def _with_label(item: Item, label: int | None) -> Item:
    return replace(item, label=label)


def walk(folder: Path, seen: frozenset[Path] = frozenset(), root: Path | None = None) -> Iterator[Path]:
    """Files below ``folder``; links are followed only inside the corpus, and never in a circle."""
    root = root or folder.resolve()
    try:
        real = folder.resolve()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (OSError, RuntimeError):
        return
    if real in seen or not real.is_relative_to(root):
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        try:
            if entry.is_dir():
                yield from walk(path, seen | {real}, root)
            elif not entry.is_symlink() or path.resolve().is_relative_to(root):
                yield path
        except (OSError, RuntimeError):
            yield path


def _from_folders(folder: Path) -> Iterator[_Found]:
    for path in walk(folder):
        if path.suffix.lower() not in ENDINGS:
            continue
        parts = path.relative_to(folder).parts
        split = SPLIT_NAMES.get(parts[0].lower()) if len(parts) > 1 else None
        rest = parts[1:] if split else parts
        class_name = rest[0] if len(rest) > 1 else None
        yield _Found(path, path.relative_to(folder).as_posix(), split, class_name)


def _class_folders(folder: Path) -> set[str]:
    """Names of the folders in which the pictures of a class stand, or should."""

    def inside(place: Path) -> set[Path]:
        with suppress(OSError):
            # Not what systems and archives add (@eaDir, __MACOSX), nor links, which may lead outside.
            return {p for p in place.iterdir() if p.name[0] not in ".@_" and p.is_dir() and not p.is_symlink()}
        return set()

    splits = {path for path in inside(folder) if path.name.lower() in SPLIT_NAMES}
    return {path.name for path in (inside(folder) - splits).union(*(inside(split) for split in splits))}


def _from_metadata(folder: Path) -> Iterator[_Found]:
    listed: dict[str, str | None] = {}
    for part in ("", *SPLIT_NAMES):
        file = folder / part / METADATA
        if not file.is_file():
            continue
        try:
            # Not splitlines(): JSON strings may hold U+2028 and other ends of line that are none in JSON Lines.
            lines = file.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise _metadata_error(file, 1, str(error)) from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            found = _row(folder, file, number, line, SPLIT_NAMES.get(part))
            if found.name not in listed:
                listed[found.name] = found.class_name
                yield found
            elif listed[found.name] != found.class_name:
                raise _metadata_error(file, number, _("{name} was listed before with another label", name=found.name))


def _row(folder: Path, file: Path, number: int, line: str, split: str | None) -> _Found:
    try:
        row: Any = json.loads(line)
        name = row["file_name"]
        if not isinstance(name, str):
            raise TypeError("file_name is not text")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _metadata_error(file, number, str(error)) from error
    path = file.parent / os.path.normpath(name)
    try:
        inside = path.is_relative_to(file.parent) and path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        inside = False
    if not inside:
        raise _metadata_error(file, number, _("file_name leaves the folder"))
    label, text = row.get("label"), row.get("text")
    named = SPLIT_NAMES.get(str(row.get("split", "")).lower()) or split
    relative = path.relative_to(folder).as_posix()
    return _Found(
        path,
        relative,
        named,
        None if label is None else str(label),
        None if text is None else str(text),
        tuple(sorted((str(k), str(v)) for k, v in row.items() if k not in _COLUMNS and isinstance(v, _PLAIN))),
    )


def _metadata_error(file: Path, number: int, why: str) -> UserError:
    return UserError(
        _("Line {number} of {file} can't be used: {why}.", number=number, file=file, why=why),
        _('Each line is an object such as {{"file_name": "a.png", "label": "dress"}}.', file=file),
        code="corpus.metadata",
    )


def _read(found: list[_Found]) -> tuple[list[tuple[_Found, Item]], list[Broken]]:
    items: list[tuple[_Found, Item]] = []
    broken: list[Broken] = []
    # Threads: Pillow's decoders and hashlib let go of the interpreter while they work.
    with ThreadPoolExecutor(usable_cores()) as pool:
        for entry, result in zip(found, pool.map(_read_one, found), strict=True):
            if isinstance(result, Item):
                items.append((entry, result))
            else:
                broken.append(result)
    return items, broken


def _read_one(entry: _Found) -> Item | Broken:
    try:
        entry.name.encode()
        status = entry.path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
            raise BrokenPicture(_("it is no ordinary file"))
        if status.st_size > BYTE_LIMIT:
            raise BrokenPicture(_("the file is larger than {limit} MB", limit=BYTE_LIMIT >> 20))
        data = entry.path.read_bytes()
        header = verify(data)
    except UnicodeEncodeError:
        return Broken(entry.path, _("its name is no valid UTF-8"))
    except OSError as error:
        return Broken(entry.path, _("it can't be read ({why})", why=error.strerror))
    except BrokenPicture as error:
        return Broken(entry.path, str(error))
    digest = sha256_bytes(data)
    return Item(
        entry.path, entry.name, entry.split, None, digest, header.width, header.height, entry.text, entry.attributes
    )
