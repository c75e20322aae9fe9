"""PDF files (ISO 32000-1): their objects looked up one by one, and objects added at the end of one (7.5.6).

Nothing is drawn, run or repaired. A file may be anybody's: how deep it nests, how many values and tables are read, and
how much is expanded is bounded, and references that lead in a circle end.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from luokuan.colophon.formats.pdfvalue import MAX_DEPTH, Ref, Stream, Work, skip, value_at, written

MAX_TABLES = 1024
"""Most tables of objects: a file gets one more each time that something is added at its end."""
MAX_PARTS = 16_384
"""Most parts of them all."""
MAX_EXPANDED = 8 << 20
"""Most bytes that are expanded of a file of anybody's, of all its streams together."""
TAIL_BYTES = 1024
"""How near its end a file says where its newest table is."""

_OBJECT = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]{1,9}(\d{1,5})[\0\t\n\f\r ]{1,9}obj")
_STREAM = re.compile(rb"stream(?:\r\n|\n)")
_END = re.compile(rb"[\r\n]{0,2}endstream")
_PART = re.compile(rb"(\d{1,10}) (\d{1,10})[ \r\n]{1,3}")
_ROW = re.compile(rb"(\d{10}) \d{5} ([nf])[ \r\n]{2}")
_START = re.compile(rb"startxref[\0\t\n\f\r ]{1,9}(\d{1,12})")
_WIDE = 20


class _Part(NamedTuple):
    """Rows of a table: of text, or where there are ``widths`` of three numbers each."""

    first: int
    size: int
    rows: bytes
    begin: int
    widths: tuple[int, ...] = ()


class PdfFile:
    """A file to be looked up in.

    Args:
        data: The file.
        most: How many bytes are expanded, of all its streams together.

    Raises:
        ValueError: it is damaged, or goes beyond the bounds; all methods may find that, too.
    """

    def __init__(self, data: bytes, most: int = MAX_EXPANDED) -> None:
        self.data = data
        self._work = Work(most)
        self._parts: list[_Part] = []
        self._packed: dict[int, tuple[bytes, list[int]]] = {}
        tail = data[-TAIL_BYTES:]
        starts = list(_START.finditer(tail))
        if not starts or b"obj" in tail[starts[-1].end() :]:
            raise ValueError("nothing says where the newest objects are")
        self.start = int(starts[-1][1])
        self.trailer: dict[str, Any] = {}
        self._read_tables(self.start)

    @property
    def encrypted(self) -> bool:
        """Whether its strings and streams can't be read."""
        return "Encrypt" in self.trailer

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """``value``, or the object to which it refers; None: there is none."""
        while isinstance(value, Ref):
            if depth > MAX_DEPTH:
                raise ValueError("references lead too far")
            depth += 1
            value = self._object(value, depth)
        return value

    def dictionary(self, value: Any) -> dict[str, Any]:
        """The dictionary that ``value`` is or refers to; an empty one where it is none."""
        found = self.resolve(value)
        return found if isinstance(found, dict) else {}

    @property
    def info(self) -> dict[str, Any]:
        """What is said of the document (14.3.3)."""
        return self.dictionary(self.trailer.get("Info"))

    @property
    def catalog(self) -> dict[str, Any]:
        """Where everything in it begins (7.7.2)."""
        return self.dictionary(self.trailer.get("Root"))

    def expanded(self, stream: Stream, depth: int = 0) -> bytes:
        """A stream's bytes; those that something else than Flate has packed aren't read."""
        filters = self.resolve(stream.about.get("Filter"), depth)
        filters = [self.resolve(one, depth) for one in filters[:2]] if isinstance(filters, list) else [filters]
        if filters in ([], [None]):
            self._work.expand(len(stream.raw))
            return bytes(stream.raw)
        if filters != ["FlateDecode"]:
            raise ValueError("a stream is packed otherwise")
        try:
            found = zlib.decompressobj().decompress(stream.raw, self._work.bytes + 1)
        except zlib.error as error:
            raise ValueError("a stream is damaged") from error
        self._work.expand(len(found))
        said = self.resolve(stream.about.get("DecodeParms"), depth)
        said = self.resolve(said[0], depth) if isinstance(said, list) and said else said
        if not isinstance(said, dict) or said.get("Predictor", 1) == 1:
            return found
        if not _counts([said["Predictor"], said.get("Columns")], 2, 4096) or {*said} - {"Predictor", "Columns"}:
            raise ValueError("a stream is packed otherwise")
        return _unpredicted(found, said["Columns"])

    def pages(self) -> Iterator[dict[str, Any]]:
        """The pages in their order (7.7.3)."""
        waiting: list[Any] = [self.catalog.get("Pages")]
        known: set[Ref] = set()
        while waiting:
            place = waiting.pop()
            if not isinstance(place, Ref) or place in known:
                raise ValueError("a page lies elsewhere")
            known.add(place)
            node = self.dictionary(place)
            kids = self.resolve(node.get("Kids"))
            if isinstance(kids, list):
                waiting += reversed(kids)
            elif node:
                yield node

    def contents(self, page: Mapping[str, Any]) -> bytes:
        """What draws a page (7.8.2)."""
        found = self.resolve(page.get("Contents"))
        streams = (self.resolve(one) for one in (found if isinstance(found, list) else [found]))
        return b"\n".join(self.expanded(one) for one in streams if isinstance(one, Stream))

    def _read_tables(self, start: int) -> None:
        waiting, known = [start], set()
        while waiting:
            at = waiting.pop()
            if at in known:
                continue
            known.add(at)
            if len(known) > MAX_TABLES or not 0 <= at < len(self.data):
                raise ValueError("a table lies elsewhere")
            at = skip(self.data, at, self._work)
            about = self._old_table(at + 4) if self.data.startswith(b"xref", at) else self._new_table(at)
            self.trailer = self.trailer or about
            # A table of numbers that goes with one of text counts before what came earlier: last in, first out.
            waiting += [place for name in ("Prev", "XRefStm") if isinstance(place := about.get(name), int)]

    def _old_table(self, at: int) -> dict[str, Any]:
        while not self.data.startswith(b"trailer", at := skip(self.data, at, self._work)):
            found = _PART.match(self.data, at)
            if found is None:
                raise ValueError("a table is damaged")
            at = found.end() + int(found[2]) * _WIDE
            self._add(_Part(int(found[1]), int(found[2]), self.data, found.end()), _WIDE)
        about, _at = value_at(self.data, at + len(b"trailer"), self._work)
        if not isinstance(about, dict):
            raise ValueError("a table is damaged")
        return about

    def _new_table(self, at: int) -> dict[str, Any]:
        stream = self._at(at, None, 0)
        if not isinstance(stream, Stream) or stream.about.get("Type") != "XRef":
            raise ValueError("a table is damaged")
        widths, index = stream.about.get("W"), stream.about.get("Index", [0, stream.about.get("Size")])
        if not isinstance(widths, list) or not _counts(widths, 3, 8):
            raise ValueError("a table is damaged")
        if not isinstance(index, list) or not _counts(index, len(index), 1 << 33):
            raise ValueError("a table is damaged")
        rows, begin = self.expanded(stream), 0
        for first, count in zip(index[::2], index[1::2], strict=True):
            self._add(_Part(first, count, rows, begin, tuple(widths)), sum(widths))
            begin += count * sum(widths)
        return stream.about

    def _add(self, part: _Part, wide: int) -> None:
        self._parts.append(part)
        if len(self._parts) > MAX_PARTS or part.begin + part.size * wide > len(part.rows):
            raise ValueError("a table is cut short, or there are too many")

    def _object(self, ref: Ref, depth: int) -> Any:
        self._work.read(len(self._parts))
        for part in self._parts:
            row = ref.number - part.first
            if 0 <= row < part.size:
                kind, place, index = _row(part, row)
                if kind == 1:
                    return self._at(place, ref, depth)
                return self._unpacked(place, index, ref, depth) if kind == 2 else None
        return None

    def _at(self, at: int, ref: Ref | None, depth: int) -> Any:
        found = _OBJECT.match(self.data, skip(self.data, at, self._work))
        if found is None or (ref is not None and (int(found[1]), int(found[2])) != ref):
            raise ValueError("an object lies elsewhere")
        value, at = value_at(self.data, found.end(), self._work)
        begin = _STREAM.match(self.data, skip(self.data, at, self._work)) if isinstance(value, dict) else None
        if begin is None:
            return value
        length = self.resolve(value.get("Length"), depth + 1)
        if not isinstance(length, int) or length < 0 or _END.match(self.data, begin.end() + length) is None:
            raise ValueError("a stream is cut short")
        return Stream(value, memoryview(self.data)[begin.end() : begin.end() + length])

    def _unpacked(self, number: int, index: int, ref: Ref, depth: int) -> Any:
        """An object that lies in a stream of objects (7.5.7)."""
        if number not in self._packed:
            stream = self.resolve(Ref(number, 0), depth + 1)
            about = stream.about if isinstance(stream, Stream) else {}
            count, first = (self.resolve(about.get(name), depth + 1) for name in ("N", "First"))
            if not isinstance(stream, Stream) or not _counts([count, first], 2, MAX_EXPANDED):
                raise ValueError("a stream of objects is damaged")
            found = self.expanded(stream, depth + 1)
            numbers = [int(one) for one in found[:first].split()[: 2 * count]]
            self._packed[number] = found[first:], numbers
        data, numbers = self._packed[number]
        if 2 * index + 1 >= len(numbers) or numbers[2 * index] != ref.number:
            raise ValueError("an object lies elsewhere")
        return value_at(data, numbers[2 * index + 1], self._work)[0]


def _row(part: _Part, row: int) -> tuple[int, int, int]:
    """Of a row its kind (0: free, 1: in the file, 2: in a stream of objects), and where that is (7.5.4, 7.5.8)."""
    if not part.widths:
        found = _ROW.match(part.rows, part.begin + row * _WIDE)
        if found is None:
            raise ValueError("a table is damaged")
        return int(found[2] == b"n"), int(found[1]), 0
    at, numbers = part.begin + row * sum(part.widths), []
    for width in part.widths:
        numbers.append(int.from_bytes(part.rows[at : at + width]))
        at += width
    return (numbers[0] if part.widths[0] else 1), numbers[1], numbers[2]


def _counts(values: Any, length: int, most: int) -> bool:
    """Whether it is an array of so many whole numbers from 0 to ``most``."""
    whole = isinstance(values, list) and all(isinstance(one, int) and 0 <= one <= most for one in values)
    return whole and len(values) == length


def _unpredicted(data: bytes, columns: int) -> bytes:
    """Rows without PNG's filters None and Up, with which tables are packed (7.4.4.4)."""
    out, above = bytearray(), bytes(columns)
    for at in range(0, len(data) - columns, columns + 1):
        row = data[at + 1 : at + 1 + columns]
        if data[at] == 2:
            row = bytes([(one + other) & 255 for one, other in zip(row, above, strict=True)])
        elif data[at]:
            raise ValueError("a stream is packed otherwise")
        out += row
        above = row
    return bytes(out)


def added(file: PdfFile, objects: Mapping[int, Any], changes: Mapping[str, Any]) -> bytes:
    """The file with ``objects``, by number, at its end, where the newest count. ``changes``: of its trailer.

    Its own tables are rows of text, as the new one is. A stream's length is written for it.
    """
    out, places = bytearray(file.data), {}
    for number, value in sorted(objects.items()):
        places[number] = len(out)
        if isinstance(value, Stream):
            about = written({**value.about, "Length": len(value.raw)})
            body = b"%b\nstream\n%b\nendstream" % (about, bytes(value.raw))
        else:
            body = written(value)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % one for one in places.items())
    size = max(file.trailer["Size"], 1 + max(objects))
    trailer = {**file.trailer, **changes, "Size": size, "Prev": file.start}
    if isinstance(given := trailer.get("ID"), list):
        trailer["ID"] = [given[0], sha256(out).digest()[:16]]
    return bytes(out + b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (written(trailer), start))
