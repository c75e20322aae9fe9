"""Copies and lineages from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from drafts import draft, picture, text_draft
from PIL import Image

from luokuan.cli.main import main
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.verification import verify_file
from luokuan.store.home import open_home


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command; returns (exit code, stdout, stderr)."""
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LUOKUAN_LANG", "en")

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_a_copy_and_its_lineage(run: Any, tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    first = export_work(finish(draft(), home=home), tmp_path / "a.png")
    code, out, _err = run("works", "copy", tmp_path / "a.png", "-o", tmp_path / "b.jpg", "--for", "licensed", "--json")
    told = json.loads(out)
    assert (code, told["parent"], told["purpose"], told["media_type"]) == (0, first.id, "licensed", "image/jpeg")
    verdict = verify_file(tmp_path / "b.jpg", home)
    assert (verdict.verdict, verdict.work) == ("ours", told["id"])
    assert any("came before it" in sentence for sentence in verdict.evidence)
    assert not any("different works" in sentence for sentence in verdict.evidence)
    code, out, _err = run("works", "copy", told["id"], "-o", tmp_path / "c.webp", "--label", "cn")
    assert code == 0 and f"a copy of {told['id']}" in out
    code, out, _err = run("lineage", tmp_path / "c.webp", "--svg", tmp_path / "l.svg")
    assert code == 0 and first.id in out and "licensed copy" in out and "◀" in out
    assert (tmp_path / "l.svg").read_text(encoding="utf-8").startswith("<svg ")
    code, out, _err = run("lineage", first.id, "--json")
    assert code == 0 and [edge["how"] for edge in json.loads(out)["edges"]] == ["created", "licensed", "derived"]


def test_a_text_with_what_lies_beside_it(run: Any, tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    export_work(finish(text_draft(), home=home, media_type="text/plain"), tmp_path / "a.txt")
    code, _out, _err = run("works", "copy", tmp_path / "a.txt", "-o", tmp_path / "b.md")
    assert code == 0 and (tmp_path / "b.md.c2pa").is_file()
    assert verify_file(tmp_path / "b.md", home).verdict == "ours"


def test_what_is_refused(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = open_home(tmp_path / "home")
    export_work(finish(draft(), home=home), tmp_path / "a.png")
    Image.fromarray(picture().pixels).save(tmp_path / "plain.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:400])
    for arguments, word in (
        (("works", "copy", "plain.png", "-o", "b.png"), "knows no work"),
        (("works", "copy", "absent.png", "-o", "b.png"), "knows no work"),
        (("works", "copy", "a.png", "-o", "b.gif"), "can't leave as b.gif"),
        (("works", "copy", "a.png", "-o", "b.txt"), "can't leave as b.txt"),
        (("lineage", "absent"), "knows no work"),
        (("create", "enlargement", "cut.png"), "damaged"),
    ):
        code, _out, err = run(*arguments)
        assert code == 2 and word in err and "Traceback" not in err, (arguments, err)
    assert not (tmp_path / "b.png").exists()


def test_exit_codes_say_whether_anything_is_known(run: Any, tmp_path: Path) -> None:
    Image.fromarray(picture().pixels).save(tmp_path / "plain.png")
    code, out, _err = run("lineage", tmp_path / "plain.png")
    assert code == 1 and "nothing is known" in out
    other = open_home(tmp_path / "other")
    export_work(finish(draft(), home=other), tmp_path / "theirs.png")
    code, out, _err = run("lineage", tmp_path / "theirs.png")
    assert code == 0 and "what the file says" in out
    code, out, _err = run("lineage", tmp_path / "theirs.png", "--json", "--home", tmp_path / "nowhere")
    assert code == 0 and json.loads(out)["vouched"] is False
    assert not (tmp_path / "nowhere").exists()
