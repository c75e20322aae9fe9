"""Finished works of all formats, and what accident and malice make of them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from drafts import draft, score_draft, sound_draft, text_draft

from luokuan.colophon import finish as module
from luokuan.colophon.formats import FORMATS, Format
from luokuan.colophon.formats.base import LABEL, MANIFEST
from luokuan.colophon.formats.pdffile import PdfFile
from luokuan.colophon.formats.pdfvalue import Ref, Stream
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.sandbox import Limits, Sandbox
from luokuan.colophon.schema import Draft
from luokuan.colophon.trust import trust_of
from luokuan.colophon.verdict import EXIT_CODES, Verdict, judge
from luokuan.errors import UserError
from luokuan.media import Clip, Picture, Score, Sound
from luokuan.store.home import Home
from luokuan.store.secrets import find_watermark_key

LIMITS = Limits(cpu_seconds=10, wall_seconds=120.0)

_BOXES = {
    "PNG": (rb"IHDR|IDAT|iTXt|caBX|IEND", 4),
    "JPEG": (rb"\xff[\xc0\xc4\xda\xdb\xdd\xe0-\xef\xd9]", 0),
    "WebP": (rb"VP8 |VP8X|VP8L|XMP |C2PA|EXIF", 0),
    "WAV": (rb"fmt |data|AIGC|_PMX|C2PA|LIST", 0),
    "FLAC": (rb"ID3|GEOB|fLaC|\xff\xf8", 0),
    "MP3": (rb"ID3|GEOB|TXXX|PRIV|\xff\xfb|\xff\xf3", 0),
    "Ogg Vorbis": (rb"OggS", 0),
    "Opus": (rb"OggS", 0),
    "M4A": (rb"ftyp|moov|mvhd|trak|tkhd|mdia|stbl|stsz|stco|udta|meta|ilst|mdat|uuid|free|jumb", 4),
    "MP4": (rb"ftyp|moov|mvhd|trak|tkhd|mdia|stbl|stsz|stco|udta|meta|ilst|mdat|uuid|free|jumb", 4),
    "WebM": (rb"\x1a\x45\xdf\xa3|\x18\x53\x80\x67|\x15\x49\xa9\x66|\x12\x54\xc3\x67|\x1f\x43\xb6\x75|\xa3", 0),
    "PDF": (rb"obj|endobj|stream|endstream|xref|trailer|<<|/AIGC|jumb", 0),
    "MIDI": (rb"MThd|MTrk|\xff[\x01-\x7f]", 0),
}
"""By what a container's parts begin, and how many bytes of a length stand before that; of texts each line is one."""

_KINDS = ("flip", "overwrite", "cut", "double", "length", "truncate", "splice", "transplant")
_LENGTHS = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\0\0", b"\0\0\0\1")


@dataclass(frozen=True, slots=True)
class Subject:
    """A finished work."""

    row: Format
    data: bytes
    sidecars: Mapping[str, bytes]


def can_be_made(row: Format) -> bool:
    """Whether what writes it is installed: only sheets need something that isn't always there."""
    needed = {"image/svg+xml": ("verovio",), "application/pdf": ("verovio", "fpdf")}.get(row.media_type, ())
    return all(find_spec(name) is not None for name in needed)


MADE = tuple(row for row in FORMATS if can_be_made(row))
"""Formats of which works can be made here."""


def draft_for(row: Format, seed: int) -> Draft:
    """A small draft that the format takes."""
    if row.kind is Picture:
        return draft(seed)
    if row.kind is Sound:
        at = np.random.default_rng(seed).normal(0, 0.1, (1, 3000)).astype(np.float32)
        return sound_draft(Sound(at, 16_000))
    if row.kind is Score:
        return score_draft()
    if row.kind is Clip:
        frames = np.repeat(np.random.default_rng(seed).integers(0, 256, (1, 64, 96, 3), np.uint8), 16, axis=0)
        return Draft(Clip(frames, 8.0), draft(seed).recipe, kind="video")
    return text_draft(f"山高月小，水落石出。\n\nThe moon {seed} is small & <b>bright</b>.")


def subjects(home: Home, count: int = 2) -> dict[str, list[Subject]]:
    """So many works of each format, by the format's name."""
    found: dict[str, list[Subject]] = {}
    for row in MADE:
        for seed in range(count):
            work = module.finish(draft_for(row, seed), home=home, media_type=row.media_type, label=LabelOptions())
            found.setdefault(row.name, []).append(Subject(row, work.data, work.sidecars))
    return found


def parts(row: Format, data: bytes) -> list[tuple[int, int]]:
    """Where the container's boxes, chunks, pages, frames or lines begin and end."""
    pattern, before = _BOXES.get(row.name, (rb"\n|<", 0))
    starts = sorted({max(0, found.start() - before) for found in re.finditer(pattern, data)} | {0, len(data)})
    return list(pairwise(starts))


def _place(data: bytes | bytearray, chance: random.Random) -> int:
    # Most of the first kilobytes is structure, and most of the rest samples: structure is where parsers fail.
    return chance.randrange(min(len(data), 6000) if chance.random() < 0.7 else len(data))


def mutated(data: bytes, kind: str, own: Subject, other: Subject, chance: random.Random) -> bytes:
    """One change of ``data``, a part of ``own``: from ``_KINDS``. ``other``: whence parts are spliced in."""
    changed = bytearray(data)
    at = _place(changed, chance)
    if kind == "flip":
        for _ in range(chance.choice((1, 1, 1, 3, 8))):
            changed[_place(changed, chance)] ^= 1 << chance.randrange(8)
    elif kind == "overwrite":
        changed[at : at + 4] = chance.randbytes(4)
    elif kind == "cut":
        del changed[at : at + chance.choice((1, 2, 16, 300))]
    elif kind == "double":
        changed[at:at] = changed[at : at + chance.choice((1, 8, 64, 1000))]
    elif kind == "length":
        starts = [start for start, _end in parts(own.row, data)] or [0]
        at = chance.choice(starts) + chance.choice((0, 4, 8)) if chance.random() < 0.7 else at
        changed[at : at + 4] = chance.choice(_LENGTHS)
    elif kind == "truncate":
        del changed[chance.randrange(len(changed)) :]
    else:  # a part of another file, in the place of one here or before it
        start, end = chance.choice(parts(own.row, data))
        first, last = chance.choice(parts(other.row, other.data))
        changed[start : end if chance.random() < 0.5 else start] = other.data[first:last]
    return bytes(changed)


def mutations(
    works: Mapping[str, list[Subject]], name: str, count: int, seed: int
) -> Iterator[tuple[str, bytes, dict[str, bytes]]]:
    """So many changed files of one format: (what was done, the file, what lies beside it). Never the original."""
    chance = random.Random(f"{seed} {name}")
    own, twin = works[name][:2]
    made = 0
    while made < count:
        kind = chance.choice(_KINDS)
        other = twin if kind == "splice" else chance.choice(works[chance.choice(sorted(works))])
        data, beside = own.data, dict(own.sidecars)
        if MANIFEST in beside and chance.random() < 0.4:
            ending = chance.choice(sorted(beside))
            kind = f"{ending} {chance.choice(('swap', 'drop', kind))}"
            if kind.endswith("swap"):
                beside[ending] = twin.sidecars[ending]
            elif kind.endswith("drop"):
                del beside[ending]
            else:
                beside[ending] = mutated(beside[ending], kind.split()[1], own, other, chance)
        else:
            data = mutated(data, kind, own, other, chance)
        if data != own.data or beside != own.sidecars:
            made += 1
            yield kind, data, beside


class Failure(AssertionError):
    """A changed file that was believed, or that killed its reader; it lies in the folder."""


def check(
    home: Home, works: Mapping[str, list[Subject]], name: str, count: int, folder: Path, seed: int, looks: int
) -> dict[str, int]:
    """Look at ``count`` changed files in a child, at the first ``looks`` of them with their samples.

    Returns:
        How often each verdict came.

    Raises:
        Failure: a child died or was too slow, or what was changed is said to be as it was signed.
    """
    own = works[name][0]
    trust = trust_of(home)
    secret = find_watermark_key(home) or b""
    words: dict[str, int] = {}
    path = folder / f"a{own.row.suffixes[0]}"
    settings: tuple[Any, ...] = (trust.roots, b"", LIMITS, trust.groups)
    with Sandbox(*settings) as quick, Sandbox(*settings, glances=True, secret=secret) as looking:
        for number, (kind, data, beside) in enumerate(mutations(works, name, count, seed)):
            path.write_bytes(data)
            for ending in (MANIFEST, LABEL):
                place = path.with_name(path.name + ending)
                place.unlink(missing_ok=True)
                if ending in beside:
                    place.write_bytes(beside[ending])
            facts = (looking if number < looks else quick).inspect(path)
            verdict = judge(path, facts, None)
            where = f"{name}, seed {seed}, number {number}, {kind}"
            if facts.problem in ("crashed", "time") or verdict.verdict not in EXIT_CODES or not verdict.summary:
                raise Failure(f"{where}: {facts.problem}")
            if verdict.unchanged and not _is_same(own, data, verdict):
                raise Failure(f"{where}: {verdict.verdict}")
            words[verdict.verdict] = words.get(verdict.verdict, 0) + 1
    return words


def _is_same(own: Subject, data: bytes, verdict: Verdict) -> bool:
    """Whether what people see, hear, read and are told is what was signed, wherever else a bit may differ.

    C2PA leaves room inside its own manifest uncovered, the brands of M4A (its BMFF hash), and our label beside a file;
    that is believed only as far as it says what the signed manifest says, too.
    """
    if data == own.data:
        return True
    if not own.row.embeds_manifest:
        return False
    try:
        labels = [own.row.read_labels(one, own.sidecars) for one in (own.data, data)]
        samples = [_shown(own.row, one) for one in (own.data, data)]
    except (UserError, ValueError):
        return False
    return labels[0] == labels[1] and verdict.label is not None and np.array_equal(*samples)


def _shown(row: Format, data: bytes) -> Any:
    """What people see or hear of a file; of a PDF file what draws its pages, and its letters."""
    if row.media_type != "application/pdf":
        return _array(row.samples(data))
    file = PdfFile(data, 1 << 30)
    streams = [file.resolve(Ref(number, 0)) for number in range(file.trailer["Size"])]
    return [file.contents(page) for page in file.pages()] + [
        bytes(one.raw) for one in streams if isinstance(one, Stream) and b"jumb" not in bytes(one.raw)
    ]


def _array(media: Any) -> Any:
    if isinstance(media, Clip):
        return media.frames
    return media.pixels if isinstance(media, Picture) else media.samples
