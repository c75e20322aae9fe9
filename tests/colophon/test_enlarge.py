from __future__ import annotations

import numpy as np
import pytest
from drafts import picture
from PIL import Image

from luokuan.colophon.enlarge import MAX_PIXELS, MIN_SIDE, enlarge
from luokuan.colophon.sandbox import Limits
from luokuan.errors import UserError
from luokuan.media import Picture


@pytest.mark.parametrize(("size", "grown"), [((32, 32), (512, 512)), ((48, 64), (512, 683)), ((300, 200), (768, 512))])
def test_lanczos_brings_the_shortest_side_to_512(size: tuple[int, int], grown: tuple[int, int]) -> None:
    large = enlarge(picture(*size))
    assert (large.height, large.width) == grown
    small = np.asarray(large.pixels[:: large.height // size[0]], dtype=float).mean()
    assert small == pytest.approx(picture(*size).pixels.mean(), abs=4)


def test_nearest_repeats_pixels_a_whole_number_of_times() -> None:
    small = picture(48, 64)
    large = enlarge(small, "nearest")
    assert (large.height, large.width) == (48 * 11, 64 * 11)
    assert np.array_equal(large.pixels[5::11, 5::11], small.pixels)


def test_a_large_picture_stays() -> None:
    large = picture(MIN_SIDE, MIN_SIDE + 1)
    assert enlarge(large) is large


def test_invisible_colours_dont_bleed() -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[..., 0] = 255  # transparent red
    pixels[:, 16:] = (0, 0, 255, 255)
    large = enlarge(Picture(pixels)).pixels
    visible = large[..., 3] > 60
    assert large[visible][:, 0].max() < 10


@pytest.mark.parametrize("shape", [(1, 10_000), (20_000, 20_000)])
def test_a_picture_that_would_be_too_large_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(UserError) as caught:
        enlarge(Picture(np.broadcast_to(np.uint8(0), (*shape, 3))))
    assert caught.value.code == "enlarge.size"


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        enlarge(picture(), "cubic")  # type: ignore[arg-type]
    assert caught.value.code == "enlarge.method"


def test_what_is_finished_can_be_opened_and_verified() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert MAX_PIXELS < Image.MAX_IMAGE_PIXELS, "Pillow would warn of a bomb"
    # PNG of noise: four samples a pixel, a byte a row, five bytes each 16 KB, and room for the colophon.
    assert Limits().file_bytes > (4 * MAX_PIXELS + 10_000) * 1.001 + 100_000
    with pytest.raises(UserError) as caught:
        enlarge(Picture(np.broadcast_to(np.uint8(0), (8_000, 8_001, 3))))
    assert caught.value.code == "enlarge.size"
