"""PDF files of anybody: what is in them is found, whatever their tables are like; hostile ones end soon."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Mapping
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.colophon.formats.pdffile import MAX_EXPANDED, PdfFile, added
from luokuan.colophon.formats.pdfvalue import MAX_TEXT, Name, Ref, Stream, Work, text_of, value_at, written

LABEL = b'{"Label":"1"}'


def old(objects: Mapping[int, bytes], trailer: bytes = b"/Root 1 0 R /Info 2 0 R", start: int | None = None) -> bytes:
    """A file with a table of text."""
    data, places = b"%PDF-1.4\n", {}
    for number, value in objects.items():
        places[number] = len(data)
        data += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    rows = b"".join(b"%d 1\n%010d 00000 n \n" % place for place in places.items())
    at = len(data) if start is None else start
    return data + b"xref\n%btrailer\n<</Size 9 %b>>\nstartxref\n%d\n%%%%EOF\n" % (rows, trailer, at)


def stream(about: bytes, raw: bytes) -> bytes:
    return b"<<%b /Length %d>>\nstream\n%b\nendstream" % (about, len(raw), raw)


def new(predictor: bool) -> bytes:
    """A file with a table of numbers, its objects in a stream."""
    parts = [b"<</Type /Catalog>>", b"<</AIGC (a\\(b\\)) >>"]
    index = b"1 0 2 %d " % (len(parts[0]) + 1)
    packed = zlib.compress(index + b" ".join(parts))
    about = b"/Type /ObjStm /N 2 /First %d /Filter [/FlateDecode]" % len(index)
    data = b"%PDF-1.5\n"
    place = len(data)
    data += b"3 0 obj\n%b\nendobj\n" % stream(about, packed).replace(b"stream\n", b"stream\r\n", 1)
    start = len(data)
    rows = [(0, 0, 0), (2, 3, 0), (2, 3, 1), (1, place, 0), (1, start, 0)]
    lines = [kind.to_bytes(1) + at.to_bytes(2) + other.to_bytes(1) for kind, at, other in rows]
    said = b"/Type /XRef /Size 5 /W [1 2 1] /Root 1 0 R /Info 2 0 R /Filter /FlateDecode"
    if predictor:
        said += b" /DecodeParms <</Predictor 12 /Columns 4>>"
        above = [bytes(4), *lines[:-1]]
        lines = [
            b"\2" + bytes((a - b) & 255 for a, b in zip(*pair, strict=True)) for pair in zip(lines, above, strict=True)
        ]
    table = stream(said, zlib.compress(b"".join(lines)))
    return data + b"4 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF" % (table, start)


def test_tables_of_text_and_of_numbers_lead_to_the_objects() -> None:
    file = PdfFile(old({1: b"<</Type/Catalog>>", 2: b"<</AIGC (%b) /Title <FEFF843D>>>" % LABEL}))
    assert file.info["AIGC"] == LABEL and text_of(file.info["Title"]) == "落" and file.catalog == {"Type": "Catalog"}
    for predictor in (False, True):
        assert PdfFile(new(predictor)).info == {"AIGC": b"a(b)"}
    assert not file.encrypted and PdfFile(old({}, b"/Encrypt 3 0 R")).encrypted
    assert file.resolve(Ref(7, 0)) is None and file.dictionary(Ref(7, 0)) == {}


def test_what_is_added_at_the_end_counts_and_the_rest_stays() -> None:
    first = PdfFile(old({1: b"<</Type/Catalog>>", 2: b"<</Title (a)>>"}, b"/Root 1 0 R /Info 2 0 R /ID [<00> <00>]"))
    data = added(first, {2: {**first.info, "AIGC": LABEL}, 9: Stream({"Type": Name("Metadata")}, b"<x/>")}, {})
    file = PdfFile(added(PdfFile(data), {1: {"Metadata": Ref(9, 0)}}, {}))
    assert data.startswith(first.data) and file.info == {"Title": b"a", "AIGC": LABEL}
    assert file.expanded(file.resolve(file.catalog["Metadata"])) == b"<x/>" and file.trailer["Size"] == 10
    assert file.trailer["ID"][0] == b"\0" and file.trailer["ID"][1] != b"\0"
    assert PdfFile(data).trailer["ID"] == PdfFile(bytes(data)).trailer["ID"]


def test_pages_come_in_their_order() -> None:
    objects = {
        1: b"<</Pages 3 0 R>>",
        3: b"<</Kids [4 0 R 5 0 R]>>",
        4: b"<</Kids [6 0 R]>>",
        5: b"<</Contents [7 0 R 8 0 R]>>",
        6: b"<</Contents 7 0 R>>",
        7: b"<</Length 1>>\nstream\na\nendstream",
        8: b"<</Length 9 0 R /Filter /FlateDecode>>\nstream\n%b\nendstream" % zlib.compress(b"b"),
        9: b"%d" % len(zlib.compress(b"b")),
    }
    file = PdfFile(old(objects))
    assert [file.contents(page) for page in file.pages()] == [b"a", b"a\nb"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.binary(max_size=40)
    | st.builds(Name, st.text(st.characters(max_codepoint=255), min_size=1, max_size=20))
    | st.builds(Ref, st.integers(0, 10**9), st.integers(0, 65535)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=255), min_size=1, max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=values)
def test_what_is_written_reads_back(value: Any) -> None:
    data = written(value)
    assert value_at(data, 0, Work(0)) == (value, len(data))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (rb"(a(b)\)\\\n\061\7)", b"a(b))\\\n1\7"),
        (b"(a\\\r\nb)", b"ab"),
        (b"< 4 1 4>", b"A@"),
        (b"/A#42#20", Name("AB ")),
        (b"% words\n [ 1 -.5 +2. 3 0 R 4 true]", [1, -0.5, 2.0, Ref(3, 0), 4, True]),
        (b"<</A<</B[]>>>>", {"A": {"B": []}}),
    ],
)
def test_values_as_others_write_them(text: bytes, meaning: Any) -> None:
    assert value_at(text, 0, Work(0))[0] == meaning


def test_text_is_what_its_first_bytes_say() -> None:
    assert text_of(b"\xfe\xff\x84\x3d") == text_of("\ufeff落".encode()) == "落"
    assert text_of(b"a\xe9") == "aé" and text_of(Name("a")) is None


def look(data: bytes) -> int:
    """All that is asked of a file of anybody's: bytes that its pages hold, within the bound."""
    file = PdfFile(data)
    assert isinstance(file.encrypted, bool)
    assert isinstance(file.info, Mapping) and isinstance(file.catalog, Mapping)
    file.resolve(file.info.get("AIGC"))
    held = sum(len(file.contents(page)) for page in file.pages())
    assert held <= MAX_EXPANDED
    return held


PAGE = {1: b"<</Pages 3 0 R>>", 2: b"<<>>", 3: b"<</Kids [4 0 R]>>", 4: b"<</Contents 5 0 R>>"}
BOMB = zlib.compress(bytes(200 << 20))
HOSTILE = {
    "no table": b"%PDF-1.7\nstartxref\n99999999\n%%EOF",
    "a table that leads to itself": old({1: b"<<>>"}, b"/Prev 31", 31),
    "an object that is itself": old({1: b"1 0 R", 2: b"3 0 R", 3: b"2 0 R"}),
    "a length that is itself": old({1: b"<</Length 1 0 R>>\nstream\n"}),
    "a page in itself": old({**PAGE, 4: b"<</Kids [3 0 R]>>"}),
    "pages without end": old({**PAGE, 3: b"<</Kids [<</Kids [3 0 R]>>]>>"}),
    "two hundred megabytes of zeros": old(
        {**PAGE, 5: b"<</Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(BOMB), BOMB)}
    ),
    "a page drawn by a stream a million times": old(
        {**PAGE, 4: b"<</Contents [%b]>>" % (b"5 0 R " * 1_000_000), 5: b"<</Length 9>>\nstream\n123456789\nendstream"}
    ),
    "a page drawn by a long stream many times": old(
        {
            **PAGE,
            4: b"<</Contents [%b]>>" % (b"5 0 R " * 10_000),
            5: b"<</Length %d>>\nstream\n%b\nendstream" % (1 << 20, bytes(1 << 20)),
        }
    ),
    "a packed object that packs itself": old(
        {**PAGE, 5: b"<</Filter[/FlateDecode /FlateDecode]/Length 1>>\nstream\n1\nendstream"}
    ),
    "too deep": old({1: b"[" * 100_000}),
    "too many values": old({1: b"[" + b"0 " * 1_000_000 + b"]"}),
    "a long string": old({1: b"(" + b"(" * 2_000_000}),
    "long comments": old({1: b"%a\n" * 2_000_000 + b"1"}),
    "a table of more rows than the file has bytes": b"%PDF-1.7\nxref\n0 9999999999\nstartxref\n9\n%%EOF",
    "many empty parts": b"%PDF-1.7\nxref\n" + b"0 0\n" * 200_000 + b"trailer<<>>\nstartxref\n9\n%%EOF",
    "negative places": old({1: b"<</Length -5>>\nstream\n\nendstream"}, b"/Prev -1 /Root 1 0 R"),
    "numbers of another kind": b"%PDF-1.7\n1 0 obj"
    + stream(b"/Type/XRef/W[1 2 (a)]/Size 1e9", b"")
    + b"\nstartxref\n9\n",
    "rows of no width": b"%PDF-1.7\n1 0 obj"
    + stream(b"/Type/XRef/W[0 0 0]/Size 8589934592/Root 1 0 R", b"")
    + b"\nstartxref\n9\n",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_take_neither_time_nor_memory(data: bytes) -> None:
    tracemalloc.start()
    start = process_time()
    try:
        with pytest.raises(ValueError):
            look(data)
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX_EXPANDED
    finally:
        tracemalloc.stop()
    assert process_time() - start < 10


SOUND = (old({**PAGE, 2: b"<</AIGC (a)>>", 5: b"<</Length 1>>\nstream\na\nendstream"}), new(False), new(True))


@given(data=st.binary(max_size=300), start=st.integers(0, 400))
def test_any_bytes_end_in_a_verdict(data: bytes, start: int) -> None:
    whole = b"%PDF-1.4\n" + data + b"\nstartxref\n%d\n%%%%EOF" % start
    try:
        held = look(whole)
    except ValueError:
        return
    assert held >= 0 and (b"trailer" in whole or b"stream" in whole), "nothing is read of what has no table"


@given(
    base=st.sampled_from(SOUND),
    changes=st.lists(st.tuples(st.integers(0, 900), st.binary(max_size=4), st.integers(0, 8)), max_size=4),
)
def test_changed_files_end_in_a_verdict(base: bytes, changes: list[tuple[int, bytes, int]]) -> None:
    for place, piece, gone in changes:
        at = place % len(base) if base else 0
        base = base[:at] + piece + base[at + gone :]
    try:
        held = look(base)
    except ValueError:
        return
    # A page's content may be named by several pages, and is packed here: the bound holds whatever was changed.
    assert 0 <= held <= MAX_EXPANDED


@pytest.mark.parametrize("data", SOUND)
def test_what_is_cut_short_is_refused(data: bytes) -> None:
    for end in range(0, len(data) - 12, 7):
        with pytest.raises(ValueError):
            PdfFile(data[:end])


def test_a_long_string_is_read_up_to_the_bound() -> None:
    most = b"a" * (MAX_TEXT - 1)
    assert value_at(b"(%b)" % most, 0, Work(0))[0] == most
    with pytest.raises(ValueError):
        value_at(b"(%b)" % (b"a" * MAX_TEXT), 0, Work(0))
