"""What a portrait is told, in both languages, and what is drawn of it."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.create.presenters.curves import ellipse, points_of, ribbon, through
from luokuan.create.presenters.figure import Figure
from luokuan.create.presenters.grounds import colour_of, coloured
from luokuan.create.presenters.looks import ATTRIBUTES, CHINESE, look_of, parsed
from luokuan.create.presenters.poses import Pose
from luokuan.errors import UserError

GROUND = np.full((120, 120, 3), 230, np.uint8)


def frame(pose: Pose, seed: int = 1, **given: str) -> np.ndarray:
    return Figure(look_of(given, seed), GROUND).frame(pose)


def test_both_languages_name_the_same_and_the_seed_draws_the_rest() -> None:
    english = look_of({"hair": "bun", "glasses": "round"}, 4)
    assert look_of({"发型": "丸子头", "眼镜": "圆形"}, 4) == english
    assert english["hair"] == "bun" and english["glasses"] == "round"
    assert look_of({}, 4) == look_of({}, 4) and look_of({}, 4) != look_of({}, 5)
    assert all(look_of({}, seed)[name] in ATTRIBUTES[name] for seed in range(40) for name in ATTRIBUTES)
    assert look_of({"Hair Color": "GRAY"}, 0)["hair-colour"] == "grey"
    known = {*ATTRIBUTES, *(value for values in ATTRIBUTES.values() for value in values)}
    assert known <= set(CHINESE.values()) and set(CHINESE.values()) <= known


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"hare": "bun"}, "hair"),
        ({"hair": "buns"}, "bun"),
        ({"发形": "短发"}, "发型"),
        ({"hair": "🙂"}, "short"),
        ({"": ""}, "skin"),
        ({"hair": "bun", "发型": "短发"}, "once"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest(given: dict[str, str], says: str) -> None:
    with pytest.raises(UserError) as caught:
        look_of(given, 0)
    assert caught.value.code == "presenter.attribute" and says in caught.value.do


def test_pairs() -> None:
    assert parsed(["hair = bun", "肤色＝白皙"]) == {"hair": "bun", "肤色": "白皙"}
    for pairs in (["hair"], ["=bun"], ["hair="], ["hair=bun", "hair=bob"]):
        with pytest.raises(UserError):
            parsed(pairs)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, found in ATTRIBUTES.items() for value in found])
def test_every_value_draws_and_shows(name: str, value: str) -> None:
    base = {"hair": "short", "beard": "none", "clothes": "sweater", "glasses": "none", "lips": "natural"}
    drawn = frame(Pose(), **{**base, name: value})
    others = [one for one in ATTRIBUTES[name] if one != value]
    assert any((drawn != frame(Pose(), **{**base, name: other})).any() for other in others[:2])
    assert (drawn[:4] == 230).mean() > 0.5  # the ground stays


def test_the_mouth_opens_and_the_eyes_close() -> None:
    rest = frame(Pose(smile=0.0), beard="none", glasses="none").astype(int)
    wide = frame(Pose(smile=0.0, open=1.0), beard="none", glasses="none").astype(int)
    changed = np.argwhere(np.abs(wide - rest).sum(axis=2) > 60)
    middle = changed.mean(axis=0)
    assert abs(middle[1] - 60) < 4 and 55 < middle[0] < 85
    shut = frame(Pose(smile=0.0, blink=1.0), beard="none", glasses="none").astype(int)
    assert np.argwhere(np.abs(shut - rest).sum(axis=2) > 60)[:, 0].mean() < middle[0] - 8
    assert (frame(Pose(yaw=1.0)) != frame(Pose(yaw=-1.0))).any()


def test_any_pose_and_any_size_can_be_drawn() -> None:
    wild = Pose(1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    for height, width in ((128, 227), (228, 128), (97, 61)):
        ground = coloured((height, width), (10, 20, 30))
        assert Figure(look_of({}, 2), ground).frame(wild).shape == (height, width, 3)


def test_colours_and_curves() -> None:
    assert colour_of("#102030", 0) == (16, 32, 48) and colour_of("navy", 0) == colour_of("藏青", 0)
    assert colour_of("", 1) == colour_of("", 1) and len({colour_of("", seed) for seed in range(30)}) > 3
    with pytest.raises(UserError, match="neither a colour nor a picture"):
        colour_of("bleu", 0)
    line = through(points_of("0,0 10,5 20,0"))
    assert tuple(line[0]) == (0, 0) and tuple(line[-1]) == (20, 0) and (line == [10, 5]).all(axis=1).any()
    assert np.ptp(ribbon(line, (4, 4))[:, 1]) == pytest.approx(9, abs=1.5)
    assert ellipse(1, 2, 3, 4).mean(axis=0) == pytest.approx([1, 2])
