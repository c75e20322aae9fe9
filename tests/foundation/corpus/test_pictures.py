"""Bad and odd picture files: each is either read rightly or refused in a few words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from luokuan.foundation.corpus.pictures import BrokenPicture, decode, fit, read_header, verify

PHOTO = sorted((Path(__file__).parents[3] / "examples/clothing-small/train/dress").iterdir())[0].read_bytes()


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return start + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def test_a_real_photo() -> None:
    header = read_header(PHOTO)
    assert header.format == "JPEG" and header.width > 50
    assert decode(PHOTO).size == (header.width, header.height)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_truncated_jpeg(share: float) -> None:
    with pytest.raises(BrokenPicture, match=r"cut off|no JPEG"):
        verify(PHOTO[: int(len(PHOTO) * share)])


@pytest.mark.parametrize("size", [(65_000, 65_000), (8001, 8000)])
def test_png_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(BrokenPicture, match=r"pixels|enormous"):
        read_header(png_header(*size))


def test_empty_file() -> None:
    with pytest.raises(BrokenPicture, match="empty"):
        verify(b"")


@pytest.mark.parametrize("data", [b"I am a text, not a picture.\n" * 50, b"GIF89a" + b"\0" * 100, b"%PDF-1.7\n"])
def test_other_things(data: bytes) -> None:
    with pytest.raises(BrokenPicture, match="no JPEG, PNG or WebP"):
        verify(data)


def test_cmyk_keeps_its_colours() -> None:
    red = Image.new("RGB", (40, 40), (220, 30, 30)).convert("CMYK")
    pixels = np.asarray(decode(encoded(red, "JPEG", quality=95)))
    assert np.abs(pixels.astype(int) - [220, 30, 30]).max() < 12


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    ramp = (np.arange(256, dtype=np.uint32) * 257).astype(np.uint16)[None, :].repeat(4, axis=0)
    pixels = np.asarray(decode(encoded(Image.fromarray(ramp), "PNG")))
    assert (pixels[0, :, 0] == np.arange(256)).all()


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (np.asarray(decode(encoded(clear, "PNG"))) == 255).all()
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert (np.asarray(decode(encoded(palette, "PNG", transparency=0))) == 255).all()


def test_animated_webp_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert read_header(data).frames == 2
    assert np.asarray(decode(data))[0, 0].tolist() == [255, 0, 0]


def test_exif_orientation_is_honoured_and_metadata_dropped() -> None:
    picture = Image.new("RGB", (20, 10), (0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    exif[0x010F] = "Maker"
    data = encoded(picture, "JPEG", exif=exif, quality=95)
    upright = decode(data)
    assert upright.size == (10, 20) and (read_header(data).width, read_header(data).height) == (10, 20)
    assert np.asarray(upright)[2, 5, 0] > 200 and np.asarray(upright)[17, 5, 0] < 50
    assert not dict(upright.getexif())


def test_a_look_at_a_large_jpeg_is_cheap_and_large_enough() -> None:
    data = encoded(Image.effect_noise((2000, 1200), 60).convert("RGB"), "JPEG")
    assert decode(data).size == (2000, 1200)
    assert decode(data, at_least=512).size == (1000, 600)
    assert verify(data) == read_header(data)


def test_fit_takes_the_middle_square() -> None:
    picture = Image.new("RGB", (300, 100), (0, 0, 0))
    picture.paste((255, 255, 255), (100, 0, 200, 100))
    assert (fit(picture, 10)[:, 1:9] > 240).all()
    assert fit(picture, 7).shape == (7, 7, 3)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(PHOTO) - 1))
def test_any_bytes_are_a_picture_or_refused(noise: bytes, place: int) -> None:
    for data in (noise, PHOTO[:place] + noise + PHOTO[place + len(noise) :]):
        try:
            assert verify(data).width > 0
            assert decode(data).mode == "RGB"
        except BrokenPicture as error:
            assert str(error)
