"""In which encoding a file of text is: by its byte order mark, as UTF-8, or, if the evidence is strong, in one of the
two old Chinese ones. A wrong guess makes nonsense of a text, so that doubt counts against it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from luokuan.foundation.corpus.texts import BrokenText
from luokuan.i18n import _

PIECE = 1 << 20
"""Bytes that are decoded at a time."""
ENOUGH = 1 << 24
"""Bytes from whose characters an old encoding is judged; that the others can be decoded is still asked."""
LEAST = 8
"""Characters beyond ASCII below which there is too little to judge by."""
COMMON = 0.8
"""Share of them that must be common hanzi or Chinese punctuation: right guesses have 0.98 and more, Big5 read as
GB18030 and the other way round 0.2 to 0.4."""
OFTEN = 0.06
"""Share of the hanzi that must be among the most frequent ones, because Korean read as GB18030 is common hanzi
throughout: Chinese prose and verse have about 0.35, what was read wrongly up to 0.05, Korean next to none."""
MARGIN = 0.15
"""By how much the better guess must lead."""
FREQUENT = frozenset(
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後作"
    "里裡道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小其者无無山风風日月花春云雲水江夜清秋"
    "何此心相知不见見空长長白明高门門归歸曰王公将將军軍太臣帝使"
)
QUOTES = frozenset("‘’“”—…·")
MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16"),
)
OLD = {"gb18030": ("gb18030",), "big5": ("cp950", "big5hkscs")}
"""Encodings that are guessed, with the codecs that read their variants (GB 18030; Big5 with Microsoft's and Hong Kong's
additions)."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """``name``: ``utf-8``, ``utf-16``, ``utf-32``, ``gb18030`` or ``big5``; ``codec``: Python's name of what reads it;
    ``mark``: whether a byte order mark begins the file."""

    name: str
    codec: str
    mark: bool = False


def encoding_of(path: Path) -> Encoding:
    """How to read the file at ``path``; all of it is looked at, a piece at a time.

    Raises:
        BrokenText: none of the encodings reads it, or none surely enough.
        OSError: it can't be read.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    for mark, name, codec in MARKS:
        if start.startswith(mark):
            if not _reads(path, codec):
                raise BrokenText(_("it begins as {encoding}, but is damaged", encoding=name.upper()))
            return Encoding(name, codec, True)
    if _reads(path, "utf-8"):
        return Encoding("utf-8", "utf-8-sig")
    found = []
    for name, variants in OLD.items():
        readable = [codec for codec in variants if _reads(path, codec)]
        if readable:
            found.append((_likeness(path, readable[0]), name, readable[0]))
    found.sort(reverse=True)
    if (
        _is_japanese(path)
        or not found
        or found[0][0] < COMMON
        or (len(found) > 1 and found[0][0] - found[1][0] < MARGIN)
    ):
        raise BrokenText(_("it is not UTF-8, nor surely another encoding"))
    return Encoding(found[0][1], found[0][2])


def _decoded(path: Path, codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    with path.open("rb") as stream:
        while data := stream.read(PIECE):
            yield decoder.decode(data)
    yield decoder.decode(b"", final=True)


def _reads(path: Path, codec: str) -> bool:
    try:
        for _piece in _decoded(path, codec):
            pass
    except UnicodeError:
        return False
    return True


def _likeness(path: Path, codec: str) -> float:
    """Share of common characters among those beyond ASCII, 0 to 1; 0 where they can't be Chinese text."""
    total = common = hanzi = often = read = 0
    for piece in _decoded(path, codec):
        for character in piece:
            if character > "\x7f":
                total += 1
                if "\u4e00" <= character <= "\u9fff":
                    hanzi += 1
                    often += character in FREQUENT
                    common += character in _common()
                else:
                    # Letters of other alphabets are what bytes look like in the wrong one of the two.
                    common += (
                        "\u3000" <= character <= "\u301f" or "\uff01" <= character <= "\uff5e" or character in "‘’“”—…·"
                    )
        read += len(piece)
        if read >= ENOUGH:
            break
    if total < LEAST or often < OFTEN * hanzi:
        return 0.0
    return common / total


def _is_japanese(path: Path) -> bool:
    """Whether it is EUC-JP, whose kana Big5 reads as frequent hanzi."""
    if not _reads(path, "euc_jp"):
        return False
    start = next(_decoded(path, "euc_jp"))
    kana = sum("\u3041" <= character <= "\u30fe" for character in start)
    return kana > 0.2 * sum(character > "\x7f" for character in start)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """The hanzi of the first planes of GB 2312 (3,755) and Big5 (5,401): those in common use."""
    found = set()
    for codec, leads in (("gb2312", range(0xB0, 0xD8)), ("big5", range(0xA4, 0xC7))):
        for lead in leads:
            for trail in range(0x40, 0xFF):
                found.add(bytes((lead, trail)).decode(codec, "ignore"))
    return frozenset(character for character in found if len(character) == 1 and character >= "\u4e00")
