"""Files made to do harm, given to the child as strangers give them: it bears them, and nothing in them is believed."""

from __future__ import annotations

import base64
import io
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from drafts import GOLDEN, text_draft
from PIL import Image

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.facts import Facts
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import PICTURES, format_of, isobmff, ogg
from luokuan.colophon.sandbox import Limits, Sandbox
from luokuan.colophon.verdict import judge
from luokuan.colophon.verification import verify_file
from luokuan.store.home import Home, open_home

LIMITS = Limits(cpu_seconds=15, wall_seconds=100.0, memory_bytes=1 << 30)
GIGABYTE = 1 << 30


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """A child that looks at samples too."""
    with Sandbox(b"", (GOLDEN / "root.pem").read_bytes(), LIMITS, glances=True, secret=bytes(32)) as found:
        yield found


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    """A small picture with chunks before its samples."""
    out = io.BytesIO()
    Image.fromarray(np.zeros((80, 80, 3), np.uint8)).save(out, "PNG")
    data = out.getvalue()
    at = data.index(b"IDAT") - 4
    return data[:at] + b"".join(chunks) + data[at:]


@pytest.fixture(scope="module")
def swollen() -> bytes:
    """A gigabyte of zeros, deflated: one megabyte."""
    packer = zlib.compressobj(9)
    piece = bytes(1 << 24)
    return b"".join([*(packer.compress(piece) for _ in range(GIGABYTE >> 24)), packer.flush()])


def look(box: Sandbox, place: Path, data: bytes, *, reads: bool = True) -> Facts:
    """The facts about a file that isn't signed and must not harm its reader."""
    path = place / "a"
    path.write_bytes(data)
    facts = box.inspect(path)
    assert not reads or facts.problem is None
    assert judge(path, facts, None).unchanged is not True
    return facts


@pytest.mark.parametrize("kind", ["iTXt", "zTXt", "iCCP", "iTXt of XMP", "caBX"])
def test_a_gigabyte_in_a_chunk_of_png(box: Sandbox, tmp_path: Path, swollen: bytes, kind: str) -> None:
    body = {
        "iTXt": b"Comment\0\1\0\0\0" + swollen,
        "zTXt": b"Comment\0\0" + swollen,
        "iCCP": b"icc\0\0" + swollen,
        "iTXt of XMP": b"XML:com.adobe.xmp\0\1\0\0\0" + swollen,
        "caBX": swollen,
    }[kind]
    facts = look(box, tmp_path, png_with(chunk(kind[:4].encode(), body)))
    assert facts.aigc is None
    assert facts.damaged == (kind in ("iTXt of XMP", "caBX")), "of what can't be a label no more is unpacked"


def test_dimensions_that_are_only_declared(box: Sandbox, tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "JPEG")
    data = bytearray(out.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    facts = look(box, tmp_path, bytes(data))
    assert facts.watermark is not None and facts.watermark["problem"] == "large"
    header = struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 6, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    facts = look(box, tmp_path, bomb + chunk(b"IEND", b""))
    assert facts.watermark is None or not facts.watermark["marked"]


def silent_flac(minutes: int) -> bytes:
    """Eight channels of silence at 8 kHz."""
    import soundfile

    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", 8_000, 8, "PCM_16", format="FLAC") as file:
        for _ in range(minutes):
            file.write(np.zeros((480_000, 8), np.int16))
    return out.getvalue()


def silent_opus(hours: int) -> bytes:
    """Packets of 20 ms that say 'silence' in three bytes (RFC 6716, section 3.1), 255 on a page."""
    head = b"OpusHead\1\2" + struct.pack("<HIhB", 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 1) + b"x" + struct.pack("<I", 0)
    pages = [ogg._page(2, bytes(8), b"abcd", 0, bytes((len(head),)), head)]
    pages.append(ogg._page(0, bytes(8), b"abcd", 1, bytes((len(tags),)), tags))
    for number in range(hours * 3600 * 50 // 255):
        granule = struct.pack("<q", (number + 1) * 255 * 960)
        pages.append(ogg._page(0, granule, b"abcd", 2 + number, bytes((3,)) * 255, b"\xfc\xff\xfe" * 255))
    return b"".join(pages)


def test_hours_of_silence(box: Sandbox, tmp_path: Path) -> None:
    for data in (silent_flac(10), silent_opus(3)):
        assert len(data) < 3 << 20, "small as a file, hundreds of megabytes as samples"
        facts = look(box, tmp_path, data)
        assert facts.watermark is not None and not facts.watermark["marked"]
        assert not facts.unseen


@pytest.mark.parametrize("rate", [0, 1, 7, 8191, 191_999, 767_999, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("channels", [0, 1, 65_535])
def test_strange_rates_and_channels(box: Sandbox, tmp_path: Path, rate: int, channels: int) -> None:
    form = struct.pack("<HHIIHH", 1, channels, rate, (rate * channels * 2) % 2**32, channels * 2 % 65536, 16)
    body = b"WAVEfmt \x10\0\0\0" + form + b"data" + struct.pack("<I", 60_000) + bytes(range(250)) * 240
    facts = look(box, tmp_path, b"RIFF" + struct.pack("<I", len(body)) + body)
    assert facts.watermark is None or not facts.watermark["marked"]


def test_sizes_of_two_gigabytes(box: Sandbox, tmp_path: Path) -> None:
    huge = 2**31 - 1
    golden = (GOLDEN / "golden.png").read_bytes()
    at = golden.index(b"caBX") - 4
    jumbf = golden.index(b"jumb") - 4
    files = [
        golden[:at] + struct.pack(">I", huge) + golden[at + 4 :],
        golden[:jumbf] + struct.pack(">I", huge) + golden[jumbf + 4 :],
        png_with(chunk(b"caBX", struct.pack(">I", huge) + b"jumb" + struct.pack(">I", huge) + b"jumdc2pa")),
        b"\xff\xd8\xff\xeb\xff\xffJP\0\1\0\0\0\1" + struct.pack(">I", huge) + b"jumb" + bytes(65_000),
        b"RIFF" + struct.pack("<I", huge) + b"WEBPC2PA" + struct.pack("<I", huge) + bytes(100),
        b"ID3\4\0\0\x07\x7f\x7f\x7fGEOB\x07\x7f\x7f\x7f\0\0" + bytes(100) + b"fLaC",
        isobmff.box(b"ftyp", b"M4A \0\0\0\0") + struct.pack(">I", huge) + b"uuid" + bytes(100),
        isobmff.box(b"ftyp", b"M4A \0\0\0\0") + b"\0\0\0\1moov" + struct.pack(">Q", 2**63 - 1) + bytes(100),
        b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk" + struct.pack(">I", huge) + bytes(20),
    ]
    for number, data in enumerate(files):
        facts = look(box, tmp_path, data, reads=False)
        assert facts.problem in (None, "format"), number


def nested(kind: bytes, depth: int, inside: bytes = b"") -> bytes:
    """Boxes in boxes; the innermost last."""
    total = 8 * depth + len(inside)
    return b"".join(struct.pack(">I", total - 8 * level) + kind for level in range(depth)) + inside


def test_boxes_in_boxes(box: Sandbox, tmp_path: Path) -> None:
    store = description(b"c2pa", b"c2pa")
    ftyp = isobmff.box(b"ftyp", b"M4A \0\0\0\0M4A ")
    for depth in (100, 20_000):
        for data in (
            png_with(chunk(b"caBX", nested(b"jumb", depth, store))),
            png_with(chunk(b"caBX", superbox(b"jumb", store, nested(b"jumb", depth)))),
            ftyp + nested(b"moov", depth),
            ftyp + nested(b"meta", depth),
            ftyp + isobmff.box(b"moov", nested(b"udta", depth)),
        ):
            facts = look(box, tmp_path, data, reads=False)
            assert facts.problem is None and (facts.damaged or facts.state == "Broken")


def superbox(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def description(kind: bytes, label: bytes) -> bytes:
    return superbox(b"jumd", kind + b"\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3" + label + b"\0")


BROTLI_BOMB = zlib.decompress(
    base64.b85decode(
        "c-lMv|9?G$3d5s~4n^<(|NQ@-zk$U;My%o8U;F?6|1(Zt=s3)DVekLv|Nq-F2r(2!FzovN|Ih#b><&x{eB2J-|IG)gV(?%%lF0bt-v7`4|I0IQHdyE|-2Gku@Be>h1xA5()&<r7&qFQQz)&)3$*3hm(Gq(A@n^2y"
    )
)
"""A gigabyte of zeros by brotli (quality 9, window 2^24): 809 bytes, deflated once more."""


@pytest.mark.parametrize("kind", [b"c2cm", b"c2ma"])
def test_a_gigabyte_in_a_compressed_manifest(box: Sandbox, tmp_path: Path, kind: bytes) -> None:
    manifest = superbox(b"jumb", description(kind, b"urn:c2pa:1"), superbox(b"brob", BROTLI_BOMB))
    store = superbox(b"jumb", description(b"c2pa", b"c2pa"), manifest)
    assert len(BROTLI_BOMB) == 809
    assert look(box, tmp_path, png_with(chunk(b"caBX", store))).state == "Broken"


def test_pages_that_swell(box: Sandbox, tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    pages = [
        f'<!DOCTYPE html [<!ENTITY a0 "ha">{laughs}]><meta name="AIGC" content="&a9;">',
        '<!DOCTYPE html><meta name="AIGC" content="' + "&amp;" * 60_000,
        "<!DOCTYPE html>" + "<meta name=AIGC content={}>" * 9_000,
        "<!DOCTYPE html>" + "<!" * 100_000,
        "<!DOCTYPE html>" + "<![CDATA[" * 25_000,
        "<!DOCTYPE html>" + "<div a=" * 30_000,
        "<!DOCTYPE html>" + "<b>" * 3_000_000,
        "<!DOCTYPE html><script>while (true) {}</script><svg onload=alert(1)><script href='http://127.0.0.1:1/'/></svg>",
    ]
    for page in pages:
        facts = look(box, tmp_path, page.encode())
        assert facts.aigc is None


@pytest.mark.parametrize("row", PICTURES, ids=lambda row: row.name)
@pytest.mark.parametrize("sign", ["\\u0007", "\\u001b[31m", "\\u202e", "\\n"])
def test_a_picture_s_label_with_control_characters_is_no_label(
    box: Sandbox, tmp_path: Path, row: object, sign: str
) -> None:
    picture = format_of(row.media_type)  # type: ignore[attr-defined]
    out = io.BytesIO()
    Image.new("RGB", (32, 32)).save(out, picture.name)
    own = Aigc("1", "me", "7").build()
    packet = xmp.build(Aigc("1", "me", "7")).replace(own.encode(), own.replace("me", f"m{sign}e").encode())
    facts = look(box, tmp_path, picture.embed_xmp(out.getvalue(), packet))  # type: ignore[attr-defined]
    assert (facts.aigc, facts.aigc_problem) == (None, "aigc.invalid")


@pytest.mark.parametrize("row", PICTURES, ids=lambda row: row.name)
def test_of_two_labels_in_a_picture_none_is_believed(box: Sandbox, tmp_path: Path, row: object) -> None:
    picture = format_of(row.media_type)  # type: ignore[attr-defined]
    out = io.BytesIO()
    Image.new("RGB", (32, 32)).save(out, picture.name)
    one, other = (
        picture.embed_xmp(out.getvalue(), xmp.build(Aigc("1", who, "7")))  # type: ignore[attr-defined]
        for who in ("me", "you")
    )
    kind, before = {"PNG": (b"iTXt", 4), "JPEG": (b"\xff\xe1", 0), "WebP": (b"XMP ", 0)}[picture.name]
    at = other.index(kind) - before
    size = {"PNG": 12 + int.from_bytes(other[at : at + 4]), "JPEG": 2 + int.from_bytes(other[at + 2 : at + 4])}
    second = other[at : at + size[picture.name]] if picture.name in size else other[at:]
    both = one[: one.index(kind) - before] + second + one[one.index(kind) - before :]
    if picture.name == "WebP":
        both = both[:4] + struct.pack("<I", len(both) - 8) + both[8:]
    facts = look(box, tmp_path, both)
    assert (facts.aigc, facts.aigc_problem) == (None, "format.packets")


def test_a_manifest_of_another_text_is_an_alteration(home: Home, tmp_path: Path) -> None:
    one, other = (
        export_work(finish(text_draft(text), home=home, media_type="text/plain"), tmp_path / f"{text}.txt")
        for text in ("one", "two")
    )
    assert one.path is not None and other.path is not None
    assert verify_file(one.path, home).verdict == "ours"
    for ending in (".c2pa", ".aigc.json"):
        place = one.path.with_name(one.path.name + ending)
        kept = place.read_bytes()
        place.write_bytes(other.path.with_name(other.path.name + ending).read_bytes())
        verdict = verify_file(one.path, home)
        if ending == ".c2pa":
            assert (verdict.verdict, verdict.exit_code) == ("ours_changed", 1), "the records know its bytes"
            assert verify_file(one.path, open_home(tmp_path / "stranger")).verdict == "altered"
        else:
            assert any("name different works" in line for line in verdict.evidence)
        place.write_bytes(kept)
    assert verify_file(one.path, home).verdict == "ours"


def test_no_format_makes_us_fetch_its_manifest(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(1.0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/m.c2pa"
        packet = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" '
            f'dcterms:provenance="{address}"/></rdf:RDF></x:xmpmeta>'
        ).encode()
        files = []
        for row in PICTURES:
            out = io.BytesIO()
            Image.new("RGB", (32, 32)).save(out, row.name)
            files.append(row.embed_xmp(out.getvalue(), packet))
        files.append(isobmff.box(b"ftyp", b"M4A \0\0\0\0M4A ") + isobmff.box(b"uuid", isobmff._XMP, packet))
        called: list[object] = []

        def wait() -> None:
            try:
                called.append(server.accept())
            except TimeoutError:
                return

        thread = threading.Thread(target=wait)
        thread.start()
        for number, data in enumerate(files):
            path = tmp_path / str(number)
            path.write_bytes(data)
            assert verify_file(path).verdict in ("nothing_found", "unreadable")
        thread.join()
    assert called == []
