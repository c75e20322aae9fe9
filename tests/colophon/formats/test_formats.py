from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from drafts import GOLDEN, picture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from luokuan.colophon import xmp
from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import (
    HEADER_BYTES,
    PICTURES,
    Encoding,
    Format,
    format_of,
    format_of_header,
    format_of_path,
    png,
)
from luokuan.errors import UserError

PACKET = xmp.build(Aigc("1", "luokuan", "0123456789abcdef"))
each_format = pytest.mark.parametrize("row", PICTURES, ids=lambda row: row.name)


def encoded(row: Format, channels: int = 3, *, lossless: bool = False) -> bytes:
    return row.encode(picture(33, 50, channels), Encoding(lossless))


@each_format
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packet=st.binary(max_size=300))
def test_any_packet_comes_back(row: Format, packet: bytes) -> None:
    data = encoded(row)
    assert row.read_xmp(data) is None
    assert row.read_xmp(row.embed_xmp(data, packet)) == packet


@each_format
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("lossless", [False, True])
def test_the_samples_stay_and_pillow_finds_the_packet(row: Format, channels: int, lossless: bool) -> None:
    data = encoded(row, channels, lossless=lossless)
    tagged = row.embed_xmp(data, PACKET)
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(tagged)) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))
        assert after.size == (50, 33)
        assert after.info["xmp"].rstrip(b"\0") == PACKET
        if lossless and row.name != "JPEG":
            assert np.array_equal(np.asarray(after), picture(33, 50, channels).pixels)


@each_format
def test_a_second_packet_is_refused(row: Format) -> None:
    data = row.embed_xmp(encoded(row), PACKET)
    with pytest.raises(UserError) as caught:
        row.embed_xmp(data, PACKET)
    assert caught.value.code == "format.packets"


@each_format
def test_every_cut_is_noticed_or_leaves_the_packet_readable(row: Format) -> None:
    data = row.embed_xmp(encoded(row), PACKET)
    for length in range(0, len(data), 7):
        try:
            found = row.read_xmp(data[:length])
        except UserError as error:
            assert error.code == "format.damaged"
        else:
            assert found in (None, PACKET)


@each_format
@settings(max_examples=150)
@given(changes=st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_files_raise_user_errors_only(row: Format, changes: list[tuple[int, int]]) -> None:
    data = bytearray(row.embed_xmp(encoded(row), PACKET))
    for at, value in changes:
        data[at % len(data)] = value
    for action in (row.read_xmp, lambda d: row.embed_xmp(d, PACKET)):
        try:
            action(bytes(data))
        except UserError as error:
            assert error.code.startswith("format.")


@each_format
@given(tail=st.binary(max_size=120))
def test_any_bytes_after_the_magic_raise_user_errors_only(row: Format, tail: bytes) -> None:
    try:
        row.read_xmp(encoded(row)[:HEADER_BYTES] + tail)
    except UserError as error:
        assert error.code.startswith("format.")


@each_format
def test_formats_are_told_by_content_and_by_ending(row: Format) -> None:
    assert format_of_header(encoded(row)[:HEADER_BYTES]) is row
    assert format_of(row.media_type) is row
    assert format_of_path(Path("a" + row.suffixes[-1].upper())) is row


def test_unknown_formats() -> None:
    assert format_of_header(b"") is None
    assert format_of_header(b"GIF89a..........") is None
    for action in (lambda: format_of("image/gif"), lambda: format_of_path(Path("a.gif"))):
        with pytest.raises(UserError) as caught:
            action()
        assert caught.value.code == "format.unknown"


def test_a_compressed_text_is_read_and_not_expanded_without_limit() -> None:
    def with_text(text: bytes) -> bytes:
        plain = png.embed_xmp(encoded(PICTURES[0]), b"")
        at = plain.index(b"iTXt") - 4
        body = b"iTXt" + b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(text, 9)
        chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
        return plain[:at] + chunk + plain[at + 12 + int.from_bytes(plain[at : at + 4]) :]

    assert png.read_xmp(with_text(PACKET)) == PACKET
    with pytest.raises(UserError):
        png.read_xmp(with_text(bytes(50_000_000)))


def test_alpha_goes_onto_white_in_jpeg() -> None:
    row = format_of("image/jpeg")
    pixels = picture(32, 32, 4).pixels
    pixels[..., 3] = 0
    with Image.open(io.BytesIO(row.encode(type(picture())(pixels), Encoding()))) as image:
        assert np.asarray(image).min() >= 250


def test_jpeg_keeps_full_colour_and_refuses_long_packets() -> None:
    row = format_of("image/jpeg")
    with Image.open(io.BytesIO(encoded(row))) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
    with pytest.raises(UserError) as caught:
        row.embed_xmp(encoded(row), bytes(70_000))
    assert caught.value.code == "format.packet_long"


@pytest.mark.parametrize("name", ["golden.png", "golden.jpg", "golden.webp"])
def test_packets_are_found_beside_a_manifest(name: str) -> None:
    data = (GOLDEN / name).read_bytes()
    row = format_of_header(data)
    assert row is not None
    packet = row.read_xmp(data)
    assert packet is not None
    assert xmp.parse(packet).source == xmp.GENERATED


def test_a_picture_of_noise_is_encoded() -> None:
    # More than one byte a pixel: Pillow's optimised JPEG has no room for it.
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    for row in PICTURES:
        with Image.open(io.BytesIO(row.encode(type(picture())(noise), Encoding()))) as image:
            assert image.size == (512, 512)
