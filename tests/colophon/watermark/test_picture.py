from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from drafts import picture
from PIL import Image

from luokuan.colophon.enlarge import enlarge
from luokuan.colophon.label import MIN_CONTRAST, LabelOptions, contrast, write_label
from luokuan.colophon.watermark.finding import CHANCE, Finding, chance, threshold
from luokuan.colophon.watermark.pattern import FREQUENCIES, keyed, tile
from luokuan.colophon.watermark.picture import (
    MARKER,
    PLACES,
    THRESHOLD,
    detect,
    embed,
    features,
    find,
    pattern_side,
    subkey,
)
from luokuan.media import Picture

KEY = subkey(bytes(range(32)))
ID = "0123456789abcdef"
PINNED = [-0.9432, -0.98717, -0.62684, 0.23467]
PHOTOS = sorted((Path(__file__).parents[3] / "examples/clothing-small/test").glob("*/*.jpg"))[::8]


def photo(number: int) -> Picture:
    with Image.open(PHOTOS[number]) as image:
        return enlarge(Picture(np.array(image.convert("RGB"))))


def flat() -> Picture:
    """A drawing: plain areas with hard edges, half of it white."""
    pixels = np.full((512, 512, 3), 255, np.uint8)
    pixels[60:300, 80:420] = (250, 190, 60)
    pixels[330:460, 200:300] = (30, 60, 160)
    return Picture(pixels)


def psnr(one: Picture, other: Picture) -> float:
    return 10 * math.log10(255**2 / np.mean((one.pixels.astype(float) - other.pixels) ** 2))


def image_of(picture: Picture) -> Image.Image:
    return Image.fromarray(picture.pixels)


def saved(image: Image.Image, kind: str, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return Image.open(out).convert("RGB")


ATTACKS = {
    "jpeg": lambda image: saved(image, "JPEG", 50),
    "half": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "crop": lambda image: image.crop((37, 11, image.width - 29, image.height - 23)),
    "turn": lambda image: image.rotate(2, Image.Resampling.BICUBIC),
}


@pytest.fixture(scope="module")
def marked() -> dict[str, tuple[Picture, Picture]]:
    originals = {"photo": photo(0), "another": photo(2), "flat": flat()}
    return {name: (one, embed(one, ID, KEY)) for name, one in originals.items()}


@pytest.mark.parametrize("name", ["photo", "another", "flat"])
def test_the_id_is_read_and_the_picture_is_near(marked: dict[str, tuple[Picture, Picture]], name: str) -> None:
    before, after = marked[name]
    assert psnr(before, after) >= 38
    found = detect(after, KEY)
    assert (found.marked, found.id, found.problem) == (True, ID, None)
    assert found.chance < CHANCE
    assert not detect(before, KEY).marked


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", ["photo", "flat"])
def test_it_lasts(marked: dict[str, tuple[Picture, Picture]], name: str, attack: str) -> None:
    changed = ATTACKS[attack](image_of(marked[name][1]))
    found = detect(Picture(np.asarray(changed)), KEY)
    assert (found.marked, found.id) == (True, ID)


def test_another_key_finds_nothing(marked: dict[str, tuple[Picture, Picture]]) -> None:
    folded = features(marked["photo"][1])
    z = [find(folded, subkey(bytes([number]) * 32)).z for number in range(50)]
    assert max(z) < THRESHOLD - 1


def test_a_large_picture_shows_its_mark_when_it_is_made_small() -> None:
    large = Picture(np.array(image_of(photo(1)).resize((1024, 1200), Image.Resampling.LANCZOS)))
    small = image_of(embed(large, ID, KEY)).resize((256, 300), Image.Resampling.LANCZOS)
    assert detect(Picture(np.asarray(small)), KEY).id == ID


def test_small_pictures_carry_only_that_they_are_ours() -> None:
    small = Picture(np.array(image_of(photo(0)).resize((200, 240))))
    found = detect(embed(small, ID, KEY), KEY)
    assert (found.marked, found.id) == (True, None)


@pytest.mark.parametrize("size", [(1, 1), (63, 900), (900, 1)])
def test_tiny_pictures_are_left_alone(size: tuple[int, int]) -> None:
    tiny = picture(*size)
    assert np.array_equal(embed(tiny, ID, KEY).pixels, tiny.pixels)
    found = detect(tiny, KEY)
    assert (found.marked, found.problem) == (False, "small")


@pytest.mark.parametrize("value", [0, 128, 255])
def test_plain_pictures_carry_it_and_show_nothing_without(value: int) -> None:
    plain = Picture(np.full((512, 600, 3), value, np.uint8))
    assert detect(plain, KEY).z == 0
    after = embed(plain, ID, KEY)
    assert psnr(plain, after) >= 38
    assert detect(after, KEY).id == ID


def test_grey_stays_grey() -> None:
    grey = Picture(np.repeat(photo(0).pixels[..., :1], 3, axis=2))
    after = embed(grey, ID, KEY).pixels
    assert np.array_equal(after[..., 0], after[..., 1]) and np.array_equal(after[..., 0], after[..., 2])


def test_transparent_pixels_stay_as_they_are() -> None:
    pixels = np.dstack([photo(0).pixels, np.zeros(photo(0).pixels.shape[:2], np.uint8)])
    pixels[100:400, 100:400, 3] = 255
    pixels[400:420, 100:400, 3] = 9
    after = embed(Picture(pixels), ID, KEY).pixels
    hidden = pixels[..., 3] == 0
    assert np.array_equal(after[hidden], pixels[hidden])
    assert np.array_equal(after[..., 3], pixels[..., 3])
    assert (after[~hidden] != pixels[~hidden]).any()
    assert detect(Picture(after), KEY).marked
    clear = Picture(np.zeros((512, 512, 4), np.uint8))
    assert np.array_equal(embed(clear, ID, KEY).pixels, clear.pixels)
    assert not detect(clear, KEY).marked


def test_the_mean_of_many_works_shows_no_pilots() -> None:
    plain = Picture(np.full((128, 128, 3), 128, np.uint8))
    marks = [embed(plain, f"{number:016x}", KEY).pixels[..., 0].astype(float) - 128 for number in range(40)]
    assert np.mean(np.square(np.mean(marks, axis=0))) < 0.1 * np.mean(np.square(marks))


def test_the_picture_given_is_not_changed() -> None:
    before = flat()
    kept = before.pixels.copy()
    embed(before, ID, KEY)
    assert np.array_equal(before.pixels, kept)


def test_four_to_eight_patterns_stand_on_a_picture() -> None:
    sides = {short: pattern_side(short) for short in (64, 511, 512, 1023, 1024, 8000)}
    assert sides == {64: 64, 511: 64, 512: 128, 1023: 128, 1024: 256, 8000: 1024}


def test_the_bound_is_one_of_the_normal_kind() -> None:
    assert chance(threshold(1000), 1000) == pytest.approx(CHANCE)
    assert chance(0, 1) == chance(-3, 10) == 1
    assert 7 < THRESHOLD == threshold(PLACES) < 9
    assert Finding("picture", ID, 99.0, 8.0, 0.0, "large").marked is False
    assert Finding("picture", ID, 1.0, 8.0, 1.0).to_dict()["id"] is None, "an id below the threshold is no finding"


def test_z_of_strange_keys_keeps_to_the_bound() -> None:
    folded = features(photo(3))
    z = np.array([find(folded, subkey(number.to_bytes(2) * 16)).z for number in range(200)])
    for limit in (4.8, 5.2):
        assert (z >= limit).mean() <= chance(limit, PLACES) + 3 * math.sqrt(chance(limit, PLACES) / 200)


def test_the_pattern_of_version_1_never_changes() -> None:
    one = tile(keyed(KEY), ID, 128)
    assert FREQUENCIES == 874
    assert one.dtype == np.float32 and np.mean(one**2) == pytest.approx(1)
    assert one[0, :4] == pytest.approx(PINNED, abs=1e-4)
    assert np.abs(tile(keyed(KEY), ID, 256)[::2, ::2] - one).max() < 1e-4, "a larger one is the same, drawn finer"


@pytest.mark.parametrize("value", [0, 120, 255])
def test_the_explicit_label_stays_readable(value: int) -> None:
    plain = Picture(np.full((512, 512, 3), value, np.uint8))
    labelled = write_label(plain, LabelOptions())
    after = embed(labelled, ID, KEY).pixels.astype(int)
    # Where the label is, pixels are ink or ground; the ground is what most of the panel is.
    panel = np.argwhere((labelled.pixels != plain.pixels).any(axis=2))
    (top, left), (bottom, right) = panel.min(axis=0), panel.max(axis=0) + 1
    before, area = labelled.pixels[top:bottom, left:right], after[top:bottom, left:right]
    ink = (before == before[..., :1]).all(axis=2) & (np.abs(before[..., 0].astype(int) - value) > 100)
    inks, grounds = area[ink].mean(axis=1), area[~ink].mean(axis=1)
    low, high = sorted([float(np.median(inks)), float(np.median(grounds))])
    assert contrast((low,) * 3, (high,) * 3) >= MIN_CONTRAST


def test_no_key_is_shown() -> None:
    assert repr(KEY)[2:-1] not in repr(keyed(KEY)) + repr(MARKER)
