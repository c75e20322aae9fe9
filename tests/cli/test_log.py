"""`luokuan log`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from drafts import draft, text_draft
from logs_for_tests import add_works
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from luokuan.cli.main import main
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Work
from luokuan.store.database import open_database
from luokuan.store.home import open_home


@pytest.fixture
def works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """A picture and a text, written into the current folder."""
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    place = tmp_path / "out"
    place.mkdir()
    monkeypatch.chdir(place)
    home = open_home()
    return [
        export_work(finish(draft(), home=home), Path("a.png")),
        export_work(finish(text_draft(), home=home, media_type="text/plain"), Path("b.txt")),
    ]


def answer(capfd: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == code
    found = capfd.readouterr()
    assert found.err == ""
    return json.loads(found.out)


def test_the_way_of_a_log(works: list[Work], capfd: pytest.CaptureFixture[str]) -> None:
    shown = answer(capfd, "log", "show")
    assert shown["size"] == 2 and [row["work"] for row in shown["entries"]] == [works[1].id, works[0].id]
    assert main(["log", "show", "--limit", "1"]) == 0
    out = capfd.readouterr().out
    assert works[1].id in out and works[0].id not in out and shown["origin"] in out

    assert answer(capfd, "log", "checkpoint")["checkpoint"] == shown["checkpoint"]
    assert main(["log", "checkpoint"]) == 0
    assert capfd.readouterr().out == shown["checkpoint"]
    assert main(["log", "checkpoint", "-o", "kept.txt"]) == 0
    assert Path("kept.txt").read_text() == shown["checkpoint"]
    capfd.readouterr()

    proven = answer(capfd, "log", "prove", "a.png")
    assert proven == {"path": "a.png.proof", "origin": shown["origin"], "index": 0, "size": 2}
    assert answer(capfd, "log", "prove", works[1].id, "-o", "other.proof")["index"] == 1
    assert main(["log", "prove", "a.png", "--quiet"]) == 0 and capfd.readouterr().out == ""

    assert answer(capfd, "log", "export", "tiles")["files"] == 3
    assert main(["log", "export", "tiles"]) == 0, "again, in its place"
    assert "2 entries in 3 files" in capfd.readouterr().out
    reader = TilesReader(LocalBackend(Path("tiles")))
    reader.get_checkpoint().verify(Vkey.from_string(shown["key"]))

    assert answer(capfd, "log", "audit", "--checkpoint", "kept.txt") == {
        "ok": True, "logs": 1, "entries": 2, "problem": None, "notes": [],
    }  # fmt: skip


def test_export_writes_a_proof_only_where_there_are_sidecars(works: list[Work]) -> None:
    assert sorted(path.name for path in Path().iterdir()) == [
        "a.png", "b.txt", "b.txt.aigc.json", "b.txt.c2pa", "b.txt.proof",
    ]  # fmt: skip
    assert Path("b.txt.proof").read_bytes() == works[1].proof
    assert works[0].proof


def test_an_inconsistency_is_exit_code_1(works: list[Work], capfd: pytest.CaptureFixture[str]) -> None:
    with open_database(open_home()) as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE work SET licence = 'CC0-1.0'")
    found = answer(capfd, "log", "audit", code=1)
    assert found["ok"] is False and "Entry 0" in found["problem"]
    assert main(["log", "audit", "--quiet"]) == 1
    out = capfd.readouterr().out
    assert out.count("\n") == 1 and works[0].id in out


def test_a_restart_and_a_new_key(works: list[Work], capfd: pytest.CaptureFixture[str]) -> None:
    first = answer(capfd, "log", "show")
    begun = answer(capfd, "log", "restart")
    assert begun["origin"] != first["origin"] and begun["size"] == 1
    again = answer(capfd, "log", "restart", "--new-key")
    shown = answer(capfd, "log", "show")
    assert shown["origin"] == again["origin"]
    assert shown["key"].split("+")[2] != first["key"].split("+")[2]
    assert [old["origin"] for old in shown["earlier"]] == [first["origin"], begun["origin"]]
    assert answer(capfd, "log", "audit")["ok"]
    proven = answer(capfd, "log", "prove", "a.png")
    assert proven["origin"] == first["origin"], "works stay where they were entered"
    main(["verify", "a.png", "--json"])
    lines = json.loads(capfd.readouterr().out)["evidence"]
    assert any(first["origin"] in line for line in lines)


def test_a_restored_database_is_told_in_one_sentence(
    works: list[Work], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = open_home()
    shutil.copy(home.database, tmp_path / "backup.db")
    with open_database(home) as database:
        add_works(database, home, 2)
    shutil.copy(tmp_path / "backup.db", home.database)
    assert "older than" in answer(capfd, "log", "audit", code=1)["problem"]
    assert main(["log", "show", "--json"]) == 0
    found = capfd.readouterr()
    assert "older than the last checkpoint" in found.err and found.err.count("\n") == 1
    assert json.loads(found.out)["size"] == 1
    assert answer(capfd, "log", "audit")["ok"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["log", "prove", "gone.png"], "work.unknown"),
        (["log", "prove", "0" * 16], "work.unknown"),
        (["log", "prove", ""], "work.unknown"),
        (["log", "prove", "."], "work.unknown"),
        (["log", "prove", "a\0b"], "work.unknown"),
        (["log", "prove", "kept.txt"], "work.unknown"),
        (["log", "prove", "a.png", "-o", "a.png/x"], "disk.denied"),
        (["log", "audit", "--checkpoint", "a.png"], "log.checkpoint"),
        (["log", "audit", "--checkpoint", "gone"], "log.checkpoint"),
        (["log", "restart", "--checkpoint", "a.png"], "log.checkpoint"),
        (["log", "export", "."], "log.folder"),
        (["log", "export", "trained"], "log.folder"),
        (["log", "export", "a.png"], "disk.denied"),
        (["log", "nothing"], "cli.command"),
    ],
)
def test_a_mistake_is_one_sentence(
    works: list[Work], arguments: list[str], code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("kept.txt").write_text("x")
    Path("trained").mkdir()
    Path("trained/checkpoint").write_text('model_checkpoint_path: "model-9"')  # as other programs call theirs
    assert main([*arguments, "--json"]) == 2
    assert Path("trained/checkpoint").exists()
    found = capfd.readouterr()
    assert json.loads(found.out)["error"]["code"].split(".")[0] == code.split(".", maxsplit=1)[0]
    assert "Traceback" not in found.err


def test_a_home_without_works_has_an_empty_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert answer(capfd, "log", "audit")["entries"] == 0
    assert answer(capfd, "log", "show")["size"] == 0
    assert answer(capfd, "log", "export", "tiles")["files"] == 1
    assert answer(capfd, "log", "audit")["logs"] == 1
