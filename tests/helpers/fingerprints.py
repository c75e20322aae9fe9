"""Pictures, sounds and texts that fingerprints are taken of, and what happens to them."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from luokuan.colophon.enlarge import enlarge
from luokuan.colophon.label import LabelOptions, write_label
from luokuan.media import Picture

DATA = Path(__file__).parent.parent / "data" / "fingerprints"
PICTURES = ("dress.jpg", "shirt.jpg", "shoes.jpg")
SOUND = DATA / "seagulls.flac"


def distance(ones: bytes | str | object, others: bytes | str | object) -> int:
    """Bits in which two fingerprints differ."""
    one, other = (bytes.fromhex(x) if isinstance(x, str) else x for x in (ones, others))
    assert isinstance(one, bytes)
    assert isinstance(other, bytes)
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def picture_of(name: str) -> Image.Image:
    """A photo, RGB, 144 × 192."""
    with Image.open(DATA / name) as opened:
        return opened.convert("RGB")


def labelled(image: Image.Image) -> Image.Image:
    """As finish() makes it: enlarged, with the explicit label."""
    return Image.fromarray(write_label(enlarge(Picture(np.asarray(image)), "lanczos"), LabelOptions()).pixels)


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    """As a file, without any metadata."""
    out = io.BytesIO()
    image.save(out, format, **options)  # type: ignore[arg-type]
    return out.getvalue()


def noisy(image: Image.Image, deviation: float) -> Image.Image:
    """With Gaussian noise."""
    samples = np.asarray(image, dtype=np.float64)
    samples = samples + np.random.default_rng(0).normal(0, deviation, samples.shape)
    return Image.fromarray(np.clip(samples, 0, 255).astype(np.uint8))


def wav(samples: np.ndarray, rate: int = 16_000) -> bytes:
    """Samples -1 to 1, (N,), as a WAV file of 16 bits."""
    out = io.BytesIO()
    with wave.open(out, "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG that declares so many pixels and holds hardly any."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")
    )
