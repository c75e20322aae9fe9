"""`luokuan feedback` and `luokuan corpus feedback`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from luokuan.cli.main import main
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Draft, Recipe
from luokuan.media import Text
from luokuan.store.home import open_home


def test_rated_texts_become_a_corpus(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in ("good", "bad"):
        recipe = Recipe(model="m", model_digest="a" * 64, brief="How?", parameters={"chat": True}, licence="own")
        work = finish(Draft(Text(name), recipe, kind="text"), home=open_home(), media_type="text/plain")
        export_work(work, Path(f"{name}.txt"))
    assert main(["corpus", "feedback", "-o", "pairs"]) == 2
    assert "luokuan feedback FILE up" in capfd.readouterr().err
    assert main(["feedback", "good.txt", "up"]) == main(["feedback", "bad.txt", "down", "--json"]) == 0
    out = capfd.readouterr().out.splitlines()
    assert "up" in out[0] and json.loads("".join(out[1:]))["feedback"] == "down"
    assert main(["feedback", "good.txt", "splendid"]) == main(["feedback", "gone.txt", "up"]) == 2
    err = capfd.readouterr().err
    assert "splendid" in err and "gone.txt" in err and "Traceback" not in err
    assert main(["corpus", "feedback", "-o", "pairs", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["pairs"], found["licence"]) == (1, "own")
    assert json.loads(Path("pairs/pairs.jsonl").read_text())["chosen"] == "good"
    assert main(["corpus", "feedback", "-o", "pairs"]) == 2
