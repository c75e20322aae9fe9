"""`luokuan works` and `luokuan export`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from drafts import draft, text_draft

from luokuan.cli.main import main
from luokuan.colophon.erasure import erase_work
from luokuan.colophon.finish import export_work, finish
from luokuan.store.database import open_database
from luokuan.store.home import open_home


def test_listing_showing_and_taking_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert main(["works", "list"]) == 0 and "no works yet" in capfd.readouterr().out
    assert main(["export", "--all"]) == 2 and "no works yet" in capfd.readouterr().err
    picture = finish(draft(seed=3), home=open_home())
    text = finish(text_draft(), home=open_home(), media_type="text/markdown")
    export_work(text, Path("a.md"))
    assert main(["works", "list"]) == 0
    out = capfd.readouterr().out
    assert picture.id in out and text.id in out
    assert main(["works", "list", "--kind", "text", "--json"]) == 0
    (found,) = json.loads(capfd.readouterr().out)["works"]
    assert (found["id"], found["beside"][0][-5:]) == (text.id, ".c2pa")
    assert main(["works", "list", "--kind", "opera"]) == 0
    assert "no works of the kind 'opera'" in capfd.readouterr().out
    assert main(["works", "show", picture.id]) == main(["works", "show", "a.md", "--json"]) == 0
    shown = capfd.readouterr().out
    assert "a red dress" in shown and '"seed": 5' in shown
    assert main(["export", "a.md", picture.id, "-o", "two.zip", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"path": "two.zip", "works": 2, "files": 5}
    assert len(zipfile.ZipFile("two.zip").namelist()) == 6
    assert main(["export", "--all", "-o", "folder"]) == main(["verify", "folder"]) == 0
    capfd.readouterr()
    assert main(["export"]) == main(["export", "a.md", "--all"]) == main(["export", "0" * 16]) == 2
    err = capfd.readouterr().err
    assert "which works" in err and "knows no work" in err and "Traceback" not in err
    assert main(["export", "a.md", "-o", "folder"]) == 2 and "isn't empty" in capfd.readouterr().err


def test_a_work_that_isnt_there_has_one_error_everywhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("kept.txt").write_text("somebody else's words")
    for reference in ("0" * 16, "gone.png", "kept.txt"):
        said = set()
        for command in (
            ["works", "show", reference],
            ["works", "copy", reference, "-o", "b.png"],
            ["works", "erase", reference, "--yes"],
            ["export", reference],
            ["feedback", reference, "up"],
            ["log", "prove", reference],
        ):
            assert main([*command, "--json"]) == 2, command
            error = json.loads(capfd.readouterr().out)["error"]
            said.add((error["code"], error["what"], error["do"]))
        ((code, what, do),) = said
        assert code == "work.unknown" and reference in what and do


def test_a_copy_is_offered_only_what_its_kind_can_become(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    work = finish(draft(), home=open_home())
    for name in ("c.gif", "c.wav", "c"):
        assert main(["works", "copy", work.id, "-o", name, "--json"]) == 2
        error = json.loads(capfd.readouterr().out)["error"]
        assert error["code"] == "format.unknown" and name in error["what"]
        assert ".png" in error["do"] and ".webp" in error["do"]
        assert not any(ending in error["do"] for ending in (".wav", ".mp4", ".txt", ".mid"))
    assert list(tmp_path.glob("c*")) == []


def test_erased_works_are_left_out_of_all_and_refused_by_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    gone, kept = finish(draft(), home=open_home()), finish(draft(1), home=open_home())
    with open_database(open_home()) as database:
        erase_work(open_home(), database, gone.id)
    assert main(["export", "--all", "-o", "all.zip", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["works"] == 1
    assert any(kept.id in name for name in zipfile.ZipFile("all.zip").namelist())
    assert main(["export", gone.id, "-o", "gone.zip"]) == 2
    assert "was erased" in capfd.readouterr().err and not Path("gone.zip").exists()


def test_erasing(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    work = finish(draft(), home=open_home())
    export_work(work, Path("a.png"))
    monkeypatch.setattr("typer.confirm", lambda _question: False)
    assert main(["works", "erase", work.id]) == 130
    assert main(["export", work.id]) == 0
    capfd.readouterr()
    assert main(["works", "erase", "a.png", "--yes", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"erased": work.id}
    assert main(["export", work.id, "-o", "gone.zip"]) == 2 and "erased" in capfd.readouterr().err
    assert main(["log", "audit"]) == main(["verify", "a.png"]) == 0, "the file that left is as good as before"
