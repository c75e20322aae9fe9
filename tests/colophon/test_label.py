from __future__ import annotations

import math

import numpy as np
import pytest
from drafts import picture
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scripts_for_tests import loaded

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

BENCHMARK = loaded("labels")
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


@pytest.mark.parametrize("name", list(BENCHMARK.grounds(512, 4)))
def test_the_ink_has_height_and_contrast_wherever_it_stands(name: str) -> None:
    found = BENCHMARK.measure(name, BENCHMARK.grounds(512, 4)[name])
    assert found["ink"] >= 0.05
    assert found["contrast"] >= MIN_CONTRAST
    assert found["jpeg"] >= MIN_CONTRAST, "near the ink, JPEG rings"


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
