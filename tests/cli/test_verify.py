from __future__ import annotations

import errno
import io
import json
import os
import shutil
from pathlib import Path

import pytest
from drafts import GOLDEN, draft

from luokuan.cli.main import main
from luokuan.colophon.finish import finish
from luokuan.store.home import open_home

ROOT = str(GOLDEN / "root.pem")


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LUOKUAN_LANG", "en")


def test_a_work_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = finish(draft(), home=open_home())
    path = tmp_path / "w.png"
    path.write_bytes(work.data)
    assert main(["verify", str(path)]) == 0
    out = capsys.readouterr().out
    for words in ("A work of this home", "Made by the model toy", "Made at 20", "AIGC label", "unchanged", work.id):
        assert words in out


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(GOLDEN / "golden.jpg"), "--json"]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["verdict"] == "unknown_signer"
    assert value["model"] == "golden"
    assert value["unchanged"] is True
    assert value["evidence"]


def test_trust_and_home_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(GOLDEN / "golden.webp"), "--trust", ROOT]) == 0
    assert "whom you trust" in capsys.readouterr().out
    place = tmp_path / "elsewhere"
    path = tmp_path / "w.jpg"
    path.write_bytes(finish(draft(), home=open_home(place), media_type="image/jpeg").data)
    assert main(["verify", str(path), "--home", str(place), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "ours"
    assert not (tmp_path / "home").exists(), "verifying makes no home"


def test_a_folder_says_a_line_for_each_and_the_worst_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "works"
    shutil.copytree(GOLDEN, folder)
    assert main(["verify", str(folder), "--trust", ROOT]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    data = bytearray((folder / "golden.png").read_bytes())
    data[-30] ^= 1
    (folder / "red\x1b[31m.png").write_bytes(data)
    assert main(["verify", str(folder), "--trust", ROOT, "--quiet"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("altered")
    assert "\x1b" not in line
    (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    assert main(["verify", str(folder), "--trust", ROOT, "--json"]) == 2
    value = json.loads(capsys.readouterr().out)
    assert value["verdict"] == "unreadable"
    assert sorted(file["verdict"] for file in value["files"]) == [
        "altered",
        "trusted",
        "trusted",
        "trusted",
        "unreadable",
    ]


def test_quiet_leaves_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(GOLDEN / "golden.png"), "--quiet", "--trust", ROOT]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [["absent.png"], [str(GOLDEN / "golden.png"), "--trust", "absent.pem"], ["."]])
def test_wrong_input_has_exit_code_2(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["verify", *arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"].startswith("verify.")


def test_an_empty_name_is_not_this_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", ""]) == 2
    assert "name of the file is empty" in capsys.readouterr().err


def test_a_file_in_a_folder_that_may_not_be_entered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = Path.stat

    def denied(path: Path, **options: bool) -> os.stat_result:
        if path.name == "secret.png":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", denied)
    assert main(["verify", str(tmp_path / "secret.png")]) == 2
    assert "can't be opened: Permission denied" in capsys.readouterr().err


def test_several_files_and_folders_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "works"
    shutil.copytree(GOLDEN, folder)
    (tmp_path / "mine.txt").write_text("Dear Ann,")
    arguments = ["verify", str(folder), str(tmp_path / "mine.txt"), str(GOLDEN / "golden.png"), "--trust", ROOT]
    assert main(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["trusted"] * 3 + ["nothing_found", "trusted"]
    assert main([*arguments, str(tmp_path / "absent.png"), "--json"]) == 2, (
        "one that is missing takes nothing from others"
    )
    value = json.loads(capsys.readouterr().out)
    assert value["verdict"] == "unreadable" and len(value["files"]) == 6


class Pipe:
    """Standard input."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = (GOLDEN / "golden.png").read_bytes()
    monkeypatch.setattr("sys.stdin", Pipe(data))
    assert main(["verify", "-", "--trust", ROOT, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["verdict"], value["path"]) == ("trusted", "-")
    monkeypatch.setattr("sys.stdin", Pipe(data))
    assert main(["verify", str(GOLDEN / "golden.jpg"), "-", "--trust", ROOT]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["verify", "-", "-"]) == 2
    assert "only once" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    Path("./-").write_bytes(data)
    assert main(["verify", "./-", "--trust", ROOT]) == 0, "a file of that name"


def test_the_verdict_comes_first_and_a_table_after(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(GOLDEN / "golden.png"), "--trust", ROOT]) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.endswith("Signed by somebody whom you trust, and unchanged since.")
    assert rows[0].split()[0] == "signature" and len({len(row) - len(row[13:].lstrip()) for row in rows}) == 1
