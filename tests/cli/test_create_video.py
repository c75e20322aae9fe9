"""`luokuan create video` and `luokuan create effect`: made, verified, exported; and what they refuse in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from luokuan.cli.main import main
from luokuan.colophon import ffmpeg

BOARD = """aspect: 1:1
size: 96
fps: 8
scenes:
  - background: {scenery: hills}
    speech: {say: "Hi."}
"""


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


@pytest.mark.skipif(not ffmpeg.encodes("libvpx-vp9"), reason="no ffmpeg with VP9")
def test_a_short_and_an_effect_on_it(run: Any) -> None:
    Path("board.yaml").write_text(BOARD, encoding="utf-8")
    code, out, err = run("create", "video", "board.yaml", "--captions", "-o", "x.webm", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["media_type"] == "video/webm" and told["seconds"] > 0.8 and told["real_time_factor"] > 0
    assert "Hi." in Path("x.webm.srt").read_text(encoding="utf-8") and run("verify", "x.webm")[0] == 0
    code, out, _err = run("create", "effect", "x.webm", "--effect", "particles", "--of", "rain", "-o", "y.webm")
    assert code == 0 and "real-time factor" in out
    code, out, _err = run("lineage", "y.webm", "--json")
    assert code == 0 and told["id"] in out


@pytest.mark.parametrize(("ending", "output"), [("jpg", None), ("png", None), ("webp", "folder")])
def test_a_picture_before_another_background_is_written_as_a_picture(run: Any, ending: str, output: str | None) -> None:
    pytest.importorskip("cv2")
    pixels = np.full((90, 120, 3), 220, np.uint8)
    pixels[30:70, 40:80] = (200, 30, 30)
    pixels += np.random.default_rng(1).integers(0, 20, pixels.shape, dtype=np.uint8)
    Image.fromarray(pixels).save(f"shirt.{ending}")
    Path("folder").mkdir()
    more = ("-o", output) if output else ()
    code, out, err = run("create", "effect", f"shirt.{ending}", "-e", "background", "--background", "sea", *more,
                         "--json")  # fmt: skip
    assert code == 0, err
    path = Path(json.loads(out)["path"])
    assert path.suffix == f".{ending}" and path.parent == Path(output or ".")
    with Image.open(path) as shown:
        assert shown.format == {"jpg": "JPEG"}.get(ending, ending.upper())
    assert run("verify", path)[0] == 0 and not list(Path().rglob("*.mp4"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("video", "nothing.yaml"), "nothing.yaml"),
        (("video", "broken.yaml"), "line 2"),
        (("video", "board.yaml", "--size", "7"), "--size"),
        (("video", "board.yaml", "--fps", "nan"), "--fps"),
        (("video", "board.yaml", "-o", "x.gif", "--format", "gif"), "gif"),
        (("effect", "nothing.png"), "nothing.png"),
        (("effect", "board.yaml"), "board.yaml"),
        (("effect", "a.png", "--effect", "morph"), "--toward"),
        (("effect", "a.png", "--strength", "7"), "--strength"),
        (("effect", "a.png", "-e", "background"), "--background"),
        (("effect", "a.png", "-e", "background", "--background", "sea", "--inside", "1,2"), "--inside"),
        (("effect", "a.png", "-e", "background", "--background", "sea", "-o", "x.png"), "stands out"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run: Any, arguments: tuple[str, ...], says: str) -> None:
    Path("board.yaml").write_text(BOARD, encoding="utf-8")
    Path("broken.yaml").write_text("scenes:\n  - seconds: no\n", encoding="utf-8")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save("a.png")
    code, out, err = run("create", *arguments)
    assert code == 2 and says in err and "Traceback" not in err and not out
    assert not list(Path().glob("*.mp4"))
