"""What is drawn: motion, camera, cut-outs, words and transitions, as small as it goes."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.create.shorts import scenery
from luokuan.create.shorts.camera import Lens
from luokuan.create.shorts.cast import CutOut, Part, Rig, Stand
from luokuan.create.shorts.cutouts import cropped, cut_out
from luokuan.create.shorts.fields import Camera, Character, Shot, Step, Transition, Words
from luokuan.create.shorts.letters import undrawable, words_panel
from luokuan.create.shorts.stage import passed
from luokuan.create.shorts.timing import Key, eased, value_at

SIZE = (90, 160)


def blank(value: int = 100) -> np.ndarray:
    return np.full((*SIZE, 3), value, np.uint8)


def spot(side: int = 40) -> np.ndarray:
    """A red square on a white ground, uint8 (side, side, 3)."""
    pixels = np.full((side, side, 3), 255, np.uint8)
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = (200, 30, 30)
    return pixels


def test_motion_is_eased_and_rests_at_its_ends() -> None:
    for how in ("linear", "in", "out", "in-out"):
        values = [eased(share, how) for share in np.linspace(-0.2, 1.2, 60)]
        assert values[0] == 0 and values[-1] == 1 and values == sorted(values)
    assert eased(0.1, "in") < 0.05 < 0.2 < eased(0.1, "out") and eased(0.5, "in-out") == 0.5
    keys = [Key(0.0, 1.0), Key(2.0, 3.0, "linear"), Key(4.0, 0.0, "linear")]
    assert [value_at(keys, now) for now in (-1, 0, 1, 2, 3, 9)] == [1, 1, 2, 3, 1.5, 0]


def test_a_camera_comes_near_and_never_sees_beyond_the_edge() -> None:
    camera = Camera(moves=(Shot(by=2.0, zoom=2.0, middle=(1.0, 1.0), ease="linear"),), shake=1.0)
    lens = Lens(camera, 4.0, SIZE, 3)
    views = [lens.at(now) for now in np.linspace(0, 4, 50)]
    for view in views:
        left, top = view.on_frame(0.0, 0.0)
        right, bottom = view.on_frame(1.0, 1.0)
        assert left <= 1e-6 and top <= 1e-6 and right >= SIZE[1] - 1e-6 and bottom >= SIZE[0] - 1e-6
    assert views[-1].zoom == pytest.approx(lens.nearest) and views[0].zoom < 1.05
    assert len({(view.x, view.y) for view in views[25:]}) > 20, "it is held in the hand"


def test_what_the_camera_sees_is_where_it_says() -> None:
    from PIL import Image

    ground = np.zeros((180, 320, 3), np.uint8)
    ground[130:140, 230:240] = 255  # its middle at (0.734, 0.75)
    view = Lens(Camera(zoom=1.6, middle=(0.6, 0.6)), 1.0, SIZE, 0).at(0.5)
    rows, columns = np.nonzero(view.of(Image.fromarray(ground))[..., 0] > 128)
    x, y = view.on_frame(235 / 320, 135 / 180)
    assert columns.mean() + 0.5 == pytest.approx(x, abs=0.6) and rows.mean() + 0.5 == pytest.approx(y, abs=0.6)


def test_a_plain_ground_is_cut_away() -> None:
    found = cut_out(spot())
    assert found[0, 0, 3] == 0 and found[20, 20, 3] == 255 and cropped(found).shape[0] < 26
    holed = spot()
    holed[18:22, 18:22] = 255
    assert cut_out(holed)[20, 20, 3] == 255, "what is enclosed is no ground"
    noise = np.random.default_rng(0).integers(0, 255, (30, 30, 3), dtype=np.uint8)
    assert cut_out(noise)[..., 3].min() == 255
    own = np.dstack([spot(), np.full((40, 40), 9, np.uint8)])
    assert cut_out(own) is own


@pytest.mark.parametrize(("turn", "flip"), [(0.0, False), (90.0, False), (0.0, True)])
def test_a_cut_out_stands_where_it_is_put(turn: float, flip: bool) -> None:
    pixels = np.zeros((40, 20, 4), np.uint8)
    pixels[:, :10] = (255, 0, 0, 255)
    pixels[:, 10:] = (0, 0, 255, 255)
    frame = blank(0)
    CutOut(pixels).lay(frame, Stand(80.3, 70.0, 40.0, turn, 1.0, flip), 0)
    rows, columns = np.nonzero(frame.any(axis=2))
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((80.3, 50.0), abs=0.6)
    red, blue = (np.argwhere(frame[..., c] > 128).mean(axis=0) for c in (0, 2))
    if turn:
        assert red[0] < blue[0] and len(set(rows)) in range(19, 23), "clockwise: left is above now"
    else:
        assert (red[1] < blue[1]) is not flip
    half = blank(0)
    CutOut(pixels).lay(half, Stand(80.3, 70.0, 40.0, turn, 0.5, flip), 0)
    assert half.max() in range(126, 130)
    for stand in (Stand(-500, 70, 40), Stand(80, 70, 0.2), Stand(80, 9999, 40), Stand(80, 70, 40, 0, 0)):
        untouched = blank(0)
        CutOut(pixels).lay(untouched, stand, 0)
        assert not untouched.any()


def test_a_rig_moves_its_lips_and_leaves_the_rest_alone() -> None:
    from luokuan.create.presenters.looks import look_of
    from luokuan.create.presenters.poses import Pose

    rig = Rig(look_of({"hair": "bob"}, 1), [Pose(), Pose(open=1.0), Pose(open=1.0)])
    frames = [blank() for _place in range(3)]
    for place, frame in enumerate(frames):
        rig.lay(frame, Stand(80, 90, 85, flip=place == 2), place)
    assert (frames[0][:, :20] == 100).all() and (frames[0][0] == 100).all()
    rows, columns = np.nonzero((frames[0].astype(int) - frames[1]).any(axis=2))
    assert len(rows) and 70 < columns.mean() < 90 and 30 < rows.mean() < 60, "only the mouth differs"
    assert np.abs(frames[2][:, ::-1].astype(int) - frames[1]).mean() < 4, "mirrored"


def test_a_way_through_a_scene() -> None:
    asked = Character(rig={}, at=(0.2, 1.0), moves=(Step(by=1.0, at=(0.6, 0.9), ease="linear"), Step(opacity=0.0)))
    part = Part(asked, 3.0, 0)
    assert part.at(0.5)["x"] == pytest.approx(0.4) and part.at(2.0)["opacity"] == pytest.approx(0.5)
    assert part.at(9.0)["x"] == pytest.approx(0.6) and part.at(9.0)["opacity"] == 0


def test_words_fit_the_frame_whatever_they_are() -> None:
    for place in ("top", "middle", "bottom", "left", "right"):
        for text in ("Hi", "W" * 200, "国" * 300, "a b " * 90, "一\n\n二\n三", "1\n" * 60):
            panel = words_panel(SIZE, text, Words.model_validate({"text": {"text": text}, "place": place}))
            assert panel is not None
            height, width = panel.cover.shape[:2]
            assert panel.x + width <= SIZE[1] + 8 and panel.y + height <= SIZE[0] + 8
            frame = blank()
            panel.lay(frame)
            assert (frame != 100).any()
    assert words_panel(SIZE, "🙂", Words.model_validate({"text": {"text": "🙂"}})) is None
    assert undrawable("Hi 你好 🙂") == "🙂"


@pytest.mark.parametrize("kind", ["fade", "dissolve", "wipe-left", "wipe-right", "wipe-up", "wipe-down"])
def test_a_transition_leads_from_one_scene_to_the_other(kind: str) -> None:
    way = Transition.model_validate({"kind": kind})
    before, after = blank(200), blank(90)
    first, last = (passed(before, after, way, share) for share in (0.0, 1.0))
    assert np.abs(first.astype(int) - 200).max() <= 1 and np.abs(last.astype(int) - 90).max() <= 1
    middle = passed(before, after, way, 0.5)
    if kind == "fade":
        assert middle.max() == 0
    elif kind == "dissolve":
        assert 140 < middle.mean() < 150
    else:
        new = np.argwhere(middle[..., 0] < 100)
        axis, low = (1, kind == "wipe-right") if kind in ("wipe-left", "wipe-right") else (0, kind == "wipe-down")
        assert bool(new[:, axis].mean() < SIZE[axis] / 2) == low
    assert passed(None, after, way, 0.75).shape == after.shape


@pytest.mark.parametrize("place", ["hills", "sea", "night", "city", "room"])
def test_places_are_drawn_by_their_seed(place: str) -> None:
    one, same, other = (scenery.drawn(SIZE, place, seed) for seed in (1, 1, 2))
    assert one.shape == (*SIZE, 3) and (one == same).all() and (one != other).any() and one.std() > 10


def test_backgrounds() -> None:
    assert scenery.gradient((5, 7), [(0, 0, 0), (255, 255, 255)])[[0, -1], 0, 0].tolist() == [0, 255]
    tiles = scenery.tiled(SIZE, cropped(cut_out(spot())), 4, (250, 250, 240))
    assert 0.1 < (tiles[..., 1] < 60).mean() < 0.5
    soft = scenery.softened(tiles, 1.0, 0.5)
    assert soft.std() < tiles.std() and soft.mean() < 0.7 * tiles.mean()
    assert scenery.pictured(SIZE, np.zeros((9, 9, 4), np.uint8)).min() == 255, "nothing is white"
