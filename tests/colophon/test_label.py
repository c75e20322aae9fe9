from __future__ import annotations

import io
import math

import numpy as np
import pytest
from drafts import picture
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from luokuan.colophon import label as module
from luokuan.colophon.label import (
    FONT,
    LANGUAGES,
    MIN_CONTRAST,
    LabelOptions,
    choose_colours,
    contrast,
    ink_height,
    luminance,
    write_label,
)
from luokuan.colophon.waiver import Waiver
from luokuan.errors import UserError
from luokuan.media import Picture

CORNERS = ("top-left", "top-right", "bottom-left", "bottom-right")
PAPER = (245, 242, 235)


def plain(height: int, width: int, colour: tuple[int, ...] = PAPER) -> Picture:
    pixels = np.empty((height, width, len(colour)), np.uint8)
    pixels[:] = colour
    return Picture(pixels)


def ink(before: Picture, after: Picture) -> NDArray[np.bool_]:
    """Where more than half of the way from the ground to the text's colour was gone."""
    change = np.abs(after.pixels[..., :3].astype(int) - before.pixels[..., :3]).max(axis=2)
    return change > change.max() / 2


def letters(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The mask cut at empty columns."""
    full = np.flatnonzero(mask.any(axis=0))
    cuts = np.flatnonzero(np.diff(full) > 1)
    return [mask[:, part[0] : part[-1] + 1] for part in np.split(full, cuts + 1)]


@pytest.mark.parametrize("size", [(512, 512), (600, 1000), (1000, 600), (2160, 3840)])
@pytest.mark.parametrize("language", ["cn", "en", "both"])
def test_the_ink_is_five_percent_of_the_shortest_side(size: tuple[int, int], language: str) -> None:
    before = plain(*size)
    after = write_label(before, LabelOptions(language=language))  # type: ignore[arg-type]
    mask = ink(before, after)
    # The letter at the left edge is 人 or A: measure that one glyph, not the line with its descenders.
    rows = np.flatnonzero(letters(mask)[0].any(axis=1))
    height = rows[-1] - rows[0] + 1
    assert height >= 0.05 * min(size)
    assert height <= 0.075 * min(size), "larger than it need be"


@pytest.mark.parametrize("corner", CORNERS)
def test_the_label_stands_whole_in_its_corner(corner: str) -> None:
    before = plain(512, 700)
    mask = ink(before, write_label(before, LabelOptions(corner=corner)))  # type: ignore[arg-type]
    assert not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert (rows.mean() > 256) == corner.startswith("bottom")
    assert (columns.mean() > 350) == corner.endswith("right")
    edge = 700 - columns[-1] if corner.endswith("right") else columns[0]
    assert edge < 35


def test_a_line_that_doesnt_fit_becomes_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_INK", 0.08)
    before = plain(512, 512)
    mask = ink(before, write_label(before, LabelOptions()))
    filled = np.flatnonzero(mask.any(axis=1))
    assert (np.diff(filled) > 5).sum() == 1, "two lines with a gap"
    assert not (mask[:, 0].any() or mask[:, -1].any())


def test_contrast_by_hand() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)  # a known grey
    assert luminance((255, 0, 0)) == pytest.approx(0.2126)


@settings(deadline=None)
@given(arrays(np.uint8, (6, 6, 3)) | arrays(np.uint8, (1, 1, 3)))
def test_every_pixel_of_the_ground_has_the_contrast(ground: NDArray[np.uint8]) -> None:
    colour, scrim, strength = choose_colours(ground)
    for pixel in ground.reshape(-1, 3):
        below = tuple(round(p + (s - p) * strength) for p, s in zip(pixel.astype(int), scrim, strict=True))
        assert contrast(colour, below) >= MIN_CONTRAST


@pytest.mark.parametrize("colour", [PAPER, (18, 24, 40), (200, 60, 60), (128, 128, 128), (0, 255, 0)])
def test_the_panel_is_drawn_in_the_chosen_colours(colour: tuple[int, int, int]) -> None:
    before = plain(512, 512, colour)
    text, scrim, strength = choose_colours(before.pixels)
    after = write_label(before, LabelOptions()).pixels
    below = [round(p + (s - p) * strength) for p, s in zip(colour, scrim, strict=True)]
    seen = {tuple(int(v) for v in pixel) for pixel in after[450:505, 100:500].reshape(-1, 3)}
    assert text in seen
    assert tuple(below) in seen
    assert contrast(text, tuple(below)) >= MIN_CONTRAST


def grounds() -> dict[str, Picture]:
    """Grounds of all kinds, 512×640: plain, noisy, like a photo (1/f noise in colour), with edges, transparent."""
    random = np.random.default_rng(4)
    noise = random.integers(0, 256, (512, 640, 3), dtype=np.uint8)
    frequency = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.fftfreq(640)[None, :])
    frequency[0, 0] = 1.0
    layers = [np.fft.ifft2(np.fft.fft2(random.normal(size=(512, 640))) / frequency).real for _ in range(3)]
    photo = np.stack([(layer - layer.min()) / np.ptp(layer) * 255 for layer in layers], axis=-1).astype(np.uint8)
    checks = (
        np.where((np.indices((512, 640)).sum(axis=0) // 8 % 2)[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2)
    )
    alpha = random.integers(0, 256, (512, 640, 1), dtype=np.uint8)
    return {
        "white": plain(512, 640, (255, 255, 255)),
        "black": plain(512, 640, (0, 0, 0)),
        "grey": plain(512, 640, (119, 119, 119)),
        "noise": Picture(noise),
        "photo": Picture(photo),
        "checks": Picture(checks),
        "transparent": plain(512, 640, (200, 30, 90, 0)),
        "half transparent": Picture(np.concatenate([noise, alpha], axis=2)),
    }


def shown(pixels: NDArray[np.uint8], behind: int) -> NDArray[np.uint8]:
    """What is seen where a picture lies on a grey of its viewer's."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:] / 255.0
    return np.rint(pixels[..., :3] * alpha + behind * (1 - alpha)).astype(np.uint8)


def stroke_and_ground(corner: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a picture of 512×640 has full ink, and where its panel has none; the same on every ground."""
    after = write_label(plain(512, 640, (255, 255, 255)), LabelOptions(corner=corner)).pixels  # type: ignore[arg-type]
    clear = write_label(plain(512, 640, (0, 0, 0, 0)), LabelOptions(corner=corner)).pixels  # type: ignore[arg-type]
    opaque = clear[..., 3] == 255
    return opaque & (after == 0).all(axis=2), opaque & (after == 255).all(axis=2)


@pytest.mark.parametrize("quality", [None, 92])
@pytest.mark.parametrize("corner", ["bottom-right", "top-left"])
@pytest.mark.parametrize("name", list(grounds()))
def test_the_ink_has_the_contrast_wherever_it_stands(name: str, corner: str, quality: int | None) -> None:
    after = write_label(grounds()[name], LabelOptions(corner=corner)).pixels  # type: ignore[arg-type]
    stroke, ground = stroke_and_ground(corner)
    assert stroke.sum() > 500 and ground.sum() > 5000
    for behind in (0, 128, 255):
        seen = shown(after, behind)
        if quality is not None:
            out = io.BytesIO()
            Image.fromarray(seen).save(out, "JPEG", quality=quality, subsampling=0)
            seen = np.asarray(Image.open(out))
        ink = luminances(seen[stroke])
        below = luminances(seen[ground])
        low, high = (np.median(ink), below) if np.median(ink) < np.median(below) else (below, np.median(ink))
        ratios = (high + 0.05) / (low + 0.05)
        if quality is None:
            assert np.ptp(ink) == 0, "one colour of ink"
            assert ratios.min() >= MIN_CONTRAST, ratios.min()
        else:  # near the ink, JPEG rings: a pixel in a hundred may be nearer to it
            assert np.quantile(ratios, 0.01) >= MIN_CONTRAST, np.quantile(ratios, 0.01)


def luminances(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of each pixel (n, 3) (WCAG 2.2)."""
    share = pixels / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("size", [(512, 4096), (4096, 512), (513, 517), (5000, 700)])
def test_odd_shapes_have_the_whole_label(size: tuple[int, int]) -> None:
    before = plain(*size)
    mask = ink(before, write_label(before, LabelOptions()))
    columns = np.flatnonzero(mask.any(axis=0))
    assert columns[0] > 0 and columns[-1] < size[1] - 1
    assert ink_height("人", module._font_size(math.ceil(0.05 * min(size)))) >= 0.05 * min(size)


def test_transparent_ground_gets_an_opaque_panel() -> None:
    after = write_label(plain(512, 512, (9, 9, 9, 0)), LabelOptions()).pixels
    assert after[0, 0, 3] == 0
    assert (after[..., 3] == 255).sum() > 10_000
    assert (np.all(after == 255, axis=2)).sum() > 1_000, "white text"


def test_the_draft_isnt_changed_and_only_the_corner_is() -> None:
    before = picture(512, 512)
    copy = before.pixels.copy()
    after = write_label(before, LabelOptions())
    assert np.array_equal(before.pixels, copy)
    assert np.array_equal(after.pixels[:400], copy[:400])


@pytest.mark.parametrize("options", [{"language": "fr"}, {"corner": "middle"}, {"policy": "us"}])
def test_unknown_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(UserError) as caught:
        LabelOptions(**options)  # type: ignore[arg-type]
    assert caught.value.code == "label.option"


def test_the_font_draws_every_letter_and_stays_small() -> None:
    known = TTFont(FONT).getBestCmap()
    texts = "".join(LabelOptions(language=language).text for language in ("cn", "en", "both"))
    assert {ord(letter) for letter in texts} <= set(known)
    assert FONT.stat().st_size < 60_000
    assert "Apache License" in (FONT.parent / "LICENSE.txt").read_text()


def test_labels_hold_an_ai_word_and_a_generation_word() -> None:
    assert LabelOptions("cn").text == "人工智能生成"
    assert LabelOptions("en").text == "AI generated"
    assert LabelOptions().text == "人工智能生成 AI generated"


LANGUAGE_NAMES, POLICY_NAMES = ("cn", "en", "both"), ("cn", "eu", "both")


@pytest.mark.parametrize("policy", POLICY_NAMES)
@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_a_label_meets_its_policy_or_is_refused(language: str, policy: str) -> None:
    try:
        text = LabelOptions(language, policy=policy).text  # type: ignore[arg-type]
    except UserError as error:
        assert error.code == "label.policy"
        assert (language, policy) in {("en", "cn"), ("en", "both"), ("cn", "both")}
        return
    chinese = any(word in text for word in ("人工智能", "AI")) and any(word in text for word in ("生成", "合成"))
    english = "AI generated" in text
    assert {"cn": chinese, "eu": english or chinese, "both": chinese and english}[policy]


def test_policy_and_language_choose_each_other() -> None:
    assert [LabelOptions(name).policy for name in LANGUAGE_NAMES] == ["cn", "eu", "both"]  # type: ignore[arg-type]
    assert LabelOptions().policy == "both"
    for policy, language in LANGUAGES.items():
        assert LabelOptions(language, policy=policy).policy == policy
    assert not LabelOptions("cn").meets_at_once
    assert LabelOptions("en").meets_at_once and LabelOptions().meets_at_once


def test_a_waived_label_has_no_words_and_draws_nothing() -> None:
    waived = LabelOptions(waiver=Waiver("a film", acknowledged=True))
    assert (waived.words, waived.text) == ((), "")
    before = picture(512, 512)
    assert np.array_equal(write_label(before, waived).pixels, before.pixels)
