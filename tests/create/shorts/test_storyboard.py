"""A storyboard that is read: what it says, and the line and field of what can't be."""

from __future__ import annotations

from pathlib import Path

import pytest

from luokuan.create.shorts.drafts import check_board
from luokuan.create.shorts.storyboard import (
    LONGEST_TEXT,
    files_in,
    models_in,
    parsed_storyboard,
    read_storyboard,
)
from luokuan.errors import UserError

EXAMPLE = Path(__file__).parents[3] / "examples/storyboard.yaml"
WHOLE = """
aspect: 9:16
scenes:
  - seconds: 2
    background: navy
    transition: fade
    characters:
      - {name: mia, rig: {hair: bob}}
      - {image: {model: emoji, upscale: 4}, height: 0.3}
      - {picture: "work:0123456789abcdef"}
    words: {text: Hi}
    speech: {who: mia, say: {model: verse, form: 五绝}}
    sounds: [{file: rain.wav}]
"""


def test_what_it_says_and_names() -> None:
    board = parsed_storyboard(WHOLE)
    story = board.story
    assert story.aspect == "9:16" and story.shape == (910, 512), "YAML alone would take 9:16 for 556"
    (scene,) = story.scenes
    assert scene.background.colour == "navy" and scene.transition.kind == "fade" and scene.speech[0].who == "mia"
    assert [one.name for one in files_in(story)] == ["work:0123456789abcdef", "rain.wav"]
    assert [one.name for one in models_in(story)] == ["emoji", "verse", "upscaler"]
    assert board.changed({"size": 129, "fps": None}).story.shape == (230, 128), "odd sides are made even"
    with pytest.raises(UserError, match="--size"):
        board.changed({"size": 5000})


def test_the_example_can_be_read() -> None:
    board = read_storyboard(EXAMPLE)
    check_board(board)
    assert {one.name for one in models_in(board.story)} >= {"garments", "emoji", "portraits", "verse", "chorale"}
    assert not files_in(board.story), "it needs nothing but what comes with Luokuan"


SCENE = "scenes:\n  - seconds: 2\n    background: navy\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("scenes: [", "line 1"),
        ("- a\n- b", "holds no fields"),
        ("", "holds no fields"),
        ("size: 512", "'scenes': it is missing"),
        ("scenes: []", "fewer than 1"),
        ("scenes:\n  - seconds: 2\n", "line 2: 'scenes.1.background'"),
        (SCENE + "    colour: red\n", "line 4: 'scenes.1.colour': there is no such field"),
        (SCENE + "    camera: {zoomm: 2}\n", "line 4: 'scenes.1.camera.zoomm'"),
        (SCENE.replace("2", "0"), "line 2: 'scenes.1.seconds'"),
        (SCENE.replace("2", "-3"), "line 2: 'scenes.1.seconds'"),
        (SCENE.replace("2", "601"), "line 2: 'scenes.1.seconds'"),
        (SCENE.replace("2", ".inf"), "line 2: 'scenes.1.seconds'"),
        (SCENE.replace("2", "true"), "line 2: 'scenes.1.seconds'"),
        (SCENE.replace("seconds: 2", "camera: {}"), "line 2: 'scenes.1.seconds': a scene in which nothing is said"),
        (SCENE.replace("2", "400") + SCENE[8:].replace("2", "400"), "longer than 10 minutes"),
        (SCENE.replace("navy", "blurple"), "line 3: 'scenes.1.background.colour'"),
        (SCENE.replace("navy", "{}"), "exactly one of"),
        (SCENE.replace("navy", "{gradient: [red]}"), "fewer than 2"),
        ("size: 0\n" + SCENE, "line 1: 'size'"),
        ("size: -512\n" + SCENE, "line 1: 'size'"),
        ("size: 100000\n" + SCENE, "line 1: 'size'"),
        ("size: 12.5\n" + SCENE, "line 1: 'size'"),
        ("fps: 0\n" + SCENE, "line 1: 'fps'"),
        ("fps: 61\n" + SCENE, "line 1: 'fps'"),
        ("aspect: 4:3\n" + SCENE, "line 1: 'aspect'"),
        ("size: 1080\nfps: 60\n" + SCENE.replace("2", "60"), "too many to keep"),
        (SCENE + "    transition: dissolve\n", "nothing comes before the first scene"),
        (SCENE + "    transition: {kind: fade, seconds: 3}\n", "longer than the scene"),
        (SCENE + "    speech: {who: bob, say: hi}\n", "line 4: 'scenes.1.speech.who'"),
        (SCENE + "    speech: {say: 3}\n", "line 4: 'scenes.1.speech.say"),
        (SCENE + "    speech: {say: hi, voice: hart}\n", "line 4: 'scenes.1.speech.voice'"),
        (SCENE + "    words: {text: שלום}\n", "line 4: 'scenes.1.words.text'"),
        (SCENE + "    words: {text: hi, start: 1, end: 1}\n", "before the start"),
        (SCENE + "    characters: [{rig: {hair: bobb}}]\n", "line 4: 'scenes.1.characters.1.rig'"),
        (SCENE + "    characters: [{name: a}]\n", "exactly one of"),
        (SCENE + "    characters:\n    - {name: a, rig: {}}\n    - {name: a, rig: {}}\n", "used twice"),
        (SCENE + "    characters:\n    - {rig: {}, moves: [{by: 9}]}\n", "behind the end"),
        (SCENE + "    camera: {moves: [{by: 1}, {by: 1}]}\n", "must follow one another"),
        (SCENE + "    camera: {moves: [{zoom: 2}, {by: 1}]}\n", "only the last move"),
        ("seed: 1\nseed: 2\n" + SCENE, "line 2: 'seed' stands twice"),
        ("a: &x 1\nb: *x\n", "references"),
        ("? [a]\n: b\n", "one word"),
        ("x" * (LONGEST_TEXT + 1), "too large"),
        ("title: " + "你" * (LONGEST_TEXT // 3), "too large"),
        ("title: a\n# \x07\n" + SCENE, "line 2: the character #x0007"),
        ("title: a\nseed: " + "9" * 5000 + "\n" + SCENE, "line 2: '999"),
        ("title: a\nlicence: 2024-13-45\n" + SCENE, "line 2: '2024-13-45'"),
        ("captions: !!bool maybe\n" + SCENE, "line 1: 'maybe'"),
        (SCENE + "    characters: [{name: !!timestamp me, rig: {}}]\n", "line 4: 'me'"),
        ("seed: !!int ''\n" + SCENE, "line 1: ''"),
        ("title: a\nseed: " + "1:" * 200 + "1.5\n" + SCENE, "line 2: '1:1:1"),
        ("captions: !!bool {=: maybe}\n" + SCENE, "line 1: "),
        ("title: !!timestamp {=: me}\n" + SCENE, "can't be used"),
    ],
)  # fmt: skip
def test_the_line_and_field_of_a_fault_are_named(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        check_board(parsed_storyboard(text))
    assert says in caught.value.what and caught.value.code == "video.storyboard"


@pytest.mark.parametrize("letters", [LONGEST_TEXT + 1, 3 * LONGEST_TEXT])
def test_a_large_file_is_refused_and_never_cut(tmp_path: Path, letters: int) -> None:
    (tmp_path / "large.yaml").write_text("size: 512\n" + SCENE + "# " + "江" * (letters // 3), encoding="utf-8")
    with pytest.raises(UserError, match="too large"):
        read_storyboard(tmp_path / "large.yaml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"title: \xff\xfe")
    for name in ("nothing.yaml", "latin.yaml", "."):
        with pytest.raises(UserError, match="can't be used"):
            read_storyboard(tmp_path / name)
