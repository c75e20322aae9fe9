from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from fingerprints import PICTURES, bomb, distance, labelled, noisy, picture_of, saved
from luokuan.colophon.fingerprint import QUALITY, fingerprints_of, glance
from luokuan.colophon.fingerprint import picture as module
from luokuan.colophon.fingerprint.lookup import PDQ_DISTANCE

ATTACKS: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg 30": lambda image: saved(image, "JPEG", quality=30),
    "webp 60": lambda image: saved(image, "WEBP", quality=60),
    "png again": lambda image: saved(image, "PNG"),
    "half": lambda image: saved(image.resize((image.width // 2, image.height // 2)), "PNG"),
    "a third larger": lambda image: saved(image.resize((image.width * 4 // 3, image.height * 4 // 3)), "PNG"),
    "blurred": lambda image: saved(image.filter(ImageFilter.GaussianBlur(1.5)), "PNG"),
    "grey": lambda image: saved(image.convert("L"), "JPEG"),
    "noisy": lambda image: saved(noisy(image, 8), "PNG"),
}
TYPES = {"JPEG": "image/jpeg", "WEBP": "image/webp", "PNG": "image/png"}


def seen(data: bytes) -> dict[str, object]:
    with Image.open(io.BytesIO(data)) as image:
        found = glance(data, TYPES[str(image.format)])
    assert found is not None
    return dict(found)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_picture_is_known_again(name: str, attack: str) -> None:
    image = labelled(picture_of(name))
    (kept,) = fingerprints_of(saved(image, "PNG"), "image/png") or ()
    found = seen(ATTACKS[attack](image))
    assert kept.quality >= QUALITY["picture"]
    assert found["quality"] >= QUALITY["picture"]  # type: ignore[operator]
    assert distance(kept.bits, found["bits"]) <= PDQ_DISTANCE // 2
    assert distance(kept.bits, found["mirrored"]) > PDQ_DISTANCE


def test_a_mirrored_picture_is_known_by_its_mirrored_hash() -> None:
    image = labelled(picture_of(PICTURES[0]))
    (kept,) = fingerprints_of(saved(image, "PNG"), "image/png") or ()
    found = seen(saved(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG", quality=60))
    assert distance(kept.bits, found["mirrored"]) <= PDQ_DISTANCE // 2


def test_other_pictures_are_others() -> None:
    kept = [module.of_pixels(np.asarray(labelled(picture_of(name)))) for name in PICTURES]
    for place, one in enumerate(kept):
        assert all(distance(one.bits, other.bits) > PDQ_DISTANCE for other in kept[:place])


@pytest.mark.parametrize("size", [(512, 512), (512, 1024), (900, 512)])
@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (255, 0, 0), (128, 128, 128)])
def test_plain_pictures_tell_nothing_though_a_label_stands_on_them(
    colour: tuple[int, int, int], size: tuple[int, int]
) -> None:
    image = labelled(Image.new("RGB", size, colour))
    found = seen(saved(image, "JPEG", quality=60))
    assert found["quality"] < QUALITY["picture"]  # type: ignore[operator]


def test_ramps_tell_nothing_because_the_hash_knows_nothing_of_them() -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, 512)[:, None, None], (512, 512, 3)).astype(np.uint8)
    stripes = np.broadcast_to(np.arange(512)[:, None, None] // 32 % 2 * 255, (512, 512, 3)).astype(np.uint8)
    for pixels in (ramp, ramp.transpose(1, 0, 2).copy(), stripes, stripes.transpose(1, 0, 2).copy()):
        assert module.of_pixels(np.asarray(labelled(Image.fromarray(pixels)))).quality < QUALITY["picture"]


def test_a_transparent_picture_is_kept_as_it_looks_on_white_and_on_black() -> None:
    image = labelled(picture_of(PICTURES[0])).convert("RGBA")
    rows, columns = np.mgrid[0 : image.height, 0 : image.width]
    alpha = ((rows * image.width > columns * image.height) * 255).astype(np.uint8)  # half of it, along the diagonal
    image.putalpha(Image.fromarray(alpha))
    kept = fingerprints_of(saved(image, "PNG"), "image/png")
    assert kept is not None and len(kept) == 2
    for ground, one in zip(("white", "black"), kept, strict=True):
        below = Image.new("RGBA", image.size, ground)
        below.alpha_composite(image)
        assert distance(one.bits, seen(saved(below.convert("RGB"), "JPEG"))["bits"]) <= 8
    assert distance(kept[0].bits, kept[1].bits) > PDQ_DISTANCE


def webp(kind: bytes, body: bytes) -> bytes:
    inner = b"WEBP" + kind + len(body).to_bytes(4, "little") + body
    return b"RIFF" + len(inner).to_bytes(4, "little") + inner


LARGE = {
    "png": (bomb(65_000, 65_000), "image/png"),
    "just too large": (bomb(8193, 8193), "image/png"),
    "webp": (webp(b"VP8X", bytes(4) + (16_383).to_bytes(3, "little") * 2), "image/webp"),
    "lossless webp": (webp(b"VP8L", b"\x2f" + (16_382 | 16_382 << 14).to_bytes(4, "little") + bytes(9)), "image/webp"),
    "lossy webp": (
        webp(b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + (16_383).to_bytes(2, "little") * 2 + bytes(9)),
        "image/webp",
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_declares_too_many_pixels_is_not_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_arguments: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(module, "_squeezed", decoded)
    data, media_type = LARGE[name]
    assert glance(data, media_type) == {"kind": "picture", "problem": "size"}
    assert fingerprints_of(data, media_type) == ()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@given(st.data())
def test_damaged_pictures_have_a_fingerprint_or_none(format: str, data: st.DataObject) -> None:
    whole = bytearray(_SMALL[format])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for damaged in (bytes(whole), bytes(whole[:cut]), b""):
        found = glance(damaged, TYPES[format])
        assert found is None or "problem" in found or 0 <= found["quality"] <= 100


_SMALL = {format: saved(Image.effect_mandelbrot((40, 30), (-2, -1, 1, 1), 9), format) for format in TYPES}


def test_other_modes_are_looked_at(tmp_path: Path) -> None:
    for mode, format in (("CMYK", "JPEG"), ("I;16", "PNG"), ("P", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("L", "WEBP")):
        assert seen(saved(Image.new(mode, (30, 20)), format))["quality"] == 0
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    path = tmp_path / "a.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert seen(path.read_bytes())["quality"] == 0
    assert glance(b"GIF89a", "image/gif") is None
