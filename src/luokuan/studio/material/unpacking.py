"""Unpacking an archive: all that is wanted of it or nothing, and never more than was said.

What isn't wanted (of a corpus programs, pages, models, archives inside the archive) is left out and counted by its
ending, so that nothing of the kind ever lies in the home.
"""

from __future__ import annotations

import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from luokuan.errors import UserError
from luokuan.files import disk_errors
from luokuan.foundation.corpus.audio import ENDINGS as SOUNDS
from luokuan.foundation.corpus.card import NAME as CARD
from luokuan.foundation.corpus.clipframes import ENDINGS as CLIPS
from luokuan.foundation.corpus.pictures import ENDINGS
from luokuan.foundation.corpus.reader import SPLIT_NAMES
from luokuan.foundation.corpus.scores import FRAMES, MIDI
from luokuan.foundation.corpus.texts import LINES, PROSE
from luokuan.i18n import _
from luokuan.studio.material.names import refused_name, safe_path

READ = (*ENDINGS, *PROSE, *LINES, *MIDI, *FRAMES, *SOUNDS, *CLIPS)
"""Endings of what corpora are made of."""
BESIDE = (CARD, "license", "licence", "notice")
"""Names, in small letters, of what lies beside."""
RATIO = 200
"""How many times larger than the archive its content may be; text is packed to a tenth, pictures hardly."""
ALWAYS = 64 << 20
"""Bytes that may come out of any archive."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PIECE = 1 << 20
_UTF8, _ENCRYPTED = 0x800, 0x1


Pick = Callable[[Sequence[PurePosixPath]], Mapping[PurePosixPath, Path]]
"""Which of an archive's files are taken, and where each goes below the target; raises ``UserError`` if they won't do.
"""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What came out: how many files and bytes, and how many files of which endings were left out."""

    files: int
    size: int
    left_out: dict[str, int]


def unpack(
    archive: Path,
    target: Path,
    *,
    most_bytes: int,
    most_files: int,
    pick: Pick | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Unpacked:
    """Write the files of a zip archive below ``target``, an empty folder.

    Args:
        most_bytes: Of what is written.
        most_files: Likewise.
        pick: Default: what a corpus is made of.
        progress: Called with the bytes that are written, and all.

    Raises:
        UserError: it is no zip archive, is encrypted, holds links or names that lead elsewhere, would become too
            large, holds nothing that is wanted, or there is no room. What was written so far is the caller's to remove.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            chosen, left_out = _chosen(opened, archive.stat().st_size, most_bytes, most_files, pick or corpus_files)
            total, done = sum(info.file_size for info, _path in chosen), 0
            for info, path in chosen:
                done = _write(opened, info, target / path, done, most_bytes)
                progress(done, total)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, MemoryError, ValueError) as error:
        raise UserError(
            _("This is no zip archive that can be unpacked."),
            _("Pack the folder as an ordinary zip file, without a password, and send it again. Nothing was kept."),
            code="upload.zip",
            status=422,
        ) from error
    return Unpacked(len(chosen), done, dict(left_out.most_common(20)))


def _chosen(
    opened: zipfile.ZipFile, packed: int, most_bytes: int, most_files: int, pick: Pick
) -> tuple[list[tuple[zipfile.ZipInfo, Path]], Counter[str]]:
    """What is to be written and where, and endings of the rest."""
    infos = [info for info in opened.infolist() if not info.is_dir()]
    if len(infos) > most_files:
        raise _too_many(most_files)
    named = [(path, info) for info in infos if (path := _path_of(info)) is not None]
    places = pick([path for path, _info in named])
    found: dict[PurePosixPath, zipfile.ZipInfo] = {}
    left_out: Counter[str] = Counter()
    for path, info in named:
        if path not in places:
            left_out[path.suffix.lower()[:20] or path.name[:20]] += 1
            continue
        if path in found:
            raise refused_name(str(path), _("it is there twice"))
        found[path] = info
    folders = {parent for path in found for parent in path.parents}
    if clash := folders & found.keys():
        raise refused_name(str(min(clash)), _("it is there twice"))
    size = sum(info.file_size for info in found.values())
    _check_size(size, packed, most_bytes)
    return [(info, places[path]) for path, info in found.items()], left_out


def corpus_files(paths: Sequence[PurePosixPath]) -> dict[PurePosixPath, Path]:
    """What a corpus is made of, without the one folder in which all lies, which programs that pack add; a folder of a
    split stays.

    Raises:
        UserError: there is nothing of the kind.
    """
    found = [path for path in paths if path.suffix.lower() in READ or path.name.lower() in BESIDE]
    if not found:
        raise UserError(
            _("The archive holds nothing that a corpus is made of."),
            _(
                "Pack JPEG, PNG or WebP pictures, .txt, .md or .jsonl texts, .mid files, or WAV, FLAC, OGG or MP3 "
                "sounds. Nothing was kept."
            ),
            code="upload.empty",
            status=422,
        )
    tops = {path.parts[0] for path in found}
    folder = len(tops) == 1 and all(len(path.parts) > 1 for path in found)
    strip = folder and min(tops).lower() not in SPLIT_NAMES
    return {path: Path(*(path.parts[1:] if strip else path.parts)) for path in found}


def _path_of(info: zipfile.ZipInfo) -> PurePosixPath | None:
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise NotImplementedError("encrypted, or packed in an unusual way")
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise refused_name(info.filename, _("it is a link or a device"))
    # Python's own reader cuts a name at its first NUL.
    return safe_path(_decoded(info) if "\x00" not in info.orig_filename else info.orig_filename)


def _decoded(info: zipfile.ZipInfo) -> str:
    """The name: programs that don't say that it is UTF-8 write it as their system does, in China as GBK."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.orig_filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _check_size(size: int, packed: int, most: int) -> None:
    if size > most:
        raise UserError(
            _("What the archive holds is larger than the {size} MiB that there is room for.", size=most >> 20),
            _("Bring less, remove corpora that you don't need, or ask an administrator for more. Nothing was kept."),
            code="upload.room",
            status=413,
        )
    if size > max(RATIO * packed, ALWAYS):
        raise UserError(
            _("The archive would become more than {ratio} times as large as it is.", ratio=RATIO),
            _("No honest archive does that. Pack the folder anew. Nothing was kept."),
            code="upload.bomb",
            status=413,
        )


def _too_many(most: int) -> UserError:
    return UserError(
        _("The archive holds more than {count} files.", count=most),
        _("Bring fewer. Nothing was kept."),
        code="upload.files",
        status=413,
    )


def _write(opened: zipfile.ZipFile, info: zipfile.ZipInfo, place: Path, done: int, most: int) -> int:
    with disk_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(info) as source, place.open("xb") as out:
            while piece := source.read(_PIECE):
                done += len(piece)
                if done > most:  # whatever the archive said of itself
                    _check_size(done, 1 << 62, most)
                out.write(piece)
    return done
