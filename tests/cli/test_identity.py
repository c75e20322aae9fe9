"""`luokuan identity`, and what other commands say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from drafts import draft, home_with_leaf
from owncerts import Office, key_pem
from stamping import Authority, authority

from luokuan.cli.main import main
from luokuan.colophon.finish import export_work, finish
from luokuan.store import keys
from luokuan.store.home import open_home

OFFICE = Office()


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("tsa") / "a") as made:
        yield made


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command with --json; gives its exit code and the one object that it printed."""

    def call(*arguments: object) -> tuple[int, Any]:
        code = main([str(argument) for argument in arguments] + ["--json"])
        out = capfd.readouterr().out
        monkeypatch.setenv("LUOKUAN_HOME", str(own_home))  # --home sets it for the process
        assert out.count("\n") == 1
        return code, json.loads(out)

    return call


def test_show_makes_nothing(run: Any, own_home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("identity", "show") == (0, {"identity": None})
    assert not own_home.exists()
    assert main(["identity", "show"]) == 0
    assert "no identity yet" in capfd.readouterr().out


def test_renew_and_revoke(run: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, first = run("identity", "rotate")
    one = first["identity"]
    assert code == 0 and one["kind"] == "own" and one["stamp_url"] is None and one["days_left"] > 3600
    assert {"subject", "serial", "not_after", "fingerprint", "above", "earlier", "revoked"} <= one.keys()
    two = run("identity", "rotate")[1]["identity"]
    assert two["earlier"][0]["serial"] == one["serial"]
    three = run("identity", "rotate", "--authority")[1]["identity"]
    assert three["above"] != two["above"]
    code, entry = run("identity", "revoke", two["serial"], "--reason", "superseded", "--since", "2026-11-01T08:00Z")
    assert (code, entry["reason"], entry["since"]) == (0, "superseded", "2026-11-01T08:00:00+00:00")
    shown = run("identity", "show")[1]["identity"]
    assert [found["serial"] for found in shown["revoked"]] == [two["serial"]]
    assert main(["identity", "show"]) == 0
    text = capfd.readouterr().out
    for part in (three["serial"], three["fingerprint"], "superseded", "Valid until", "Time-stamps: none"):
        assert part in text
    assert "PRIVATE" not in text
    paths = run("identity", "export", tmp_path / "out")[1]
    assert sorted(paths) == ["chain", "crl", "root"]
    assert all(b"PRIVATE" not in Path(path).read_bytes() for path in paths.values())
    for arguments, code in (
        (("revoke", "12", "--reason", "superseded"), "identity.serial"),
        (("revoke", two["serial"], "--reason", "boredom"), "identity.reason"),
        (("revoke", two["serial"], "--at", "tomorrow"), "identity.time"),
        (("revoke", two["serial"], "--at", "2999-01-01"), "identity.time"),
        (("forget",), "identity.own"),
    ):
        exit_code, answer = run("identity", *arguments)
        assert (exit_code, answer["error"]["code"]) == (2, code)


def test_what_is_handed_out_is_what_verifiers_need(run: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = open_home()
    work = export_work(finish(draft(), home=home), tmp_path / "w.png").path
    serial = run("identity", "show")[1]["identity"]["serial"]
    run("identity", "revoke", serial, "--reason", "keyCompromise")
    paths = run("identity", "export", tmp_path / "out")[1]
    assert run("verify", work)[1]["verdict"] == "revoked"
    stranger = ("verify", work, "--home", tmp_path / "stranger", "--trust", paths["root"])
    assert run(*stranger)[1]["verdict"] == "trusted"
    code, found = run(*stranger, "--crl", paths["crl"])
    assert (code, found["verdict"]) == (1, "revoked")
    code, found = run("verify", work, "--home", tmp_path / "stranger", "--crl", paths["crl"])
    assert (code, found["error"]["code"]) == (2, "verify.crl")
    for wrong in (tmp_path / "absent.pem", tmp_path, paths["root"]):
        assert run(*stranger, "--crl", wrong)[1]["error"]["code"] == "verify.crl"
    assert main(["identity", "export", str(tmp_path / "again")]) == 0
    assert "--crl crl.pem" in capfd.readouterr().out


def test_your_own(run: Any, tmp_path: Path) -> None:
    paths = OFFICE.write(tmp_path / "mine")
    code, found = run("identity", "use", paths[0], paths[1], "--chain", paths[2])
    assert (code, found["identity"]["kind"], found["identity"]["subject"]) == (0, "user", "CN=Atelier")
    work = export_work(finish(draft(), home=open_home()), tmp_path / "w.png").path
    assert run("verify", work)[1]["verdict"] == "ours"
    assert run("identity", "rotate")[1]["error"]["code"] == "identity.user"
    assert run("identity", "export", tmp_path / "out")[0] == 0
    assert run("identity", "forget")[0] == 0
    assert run("verify", work)[1]["verdict"] == "ours"
    paths[1].write_bytes(key_pem(OFFICE.mid.key, b"pw"))
    code, found = run("identity", "use", *paths[:2], "--chain", paths[2])
    assert (code, found["error"]["code"]) == (2, "identity.encrypted") and "openssl pkey" in found["error"]["do"]


def test_time_stamps(run: Any, tmp_path: Path, tsa: Authority, capfd: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "tsa.pem"
    root.write_bytes(tsa.root)
    assert run("identity", "tsa", tsa.url)[1]["error"]["code"] == "identity.stamp_root"
    code, found = run("identity", "tsa", "https://me:pw@x/")
    assert (code, found["error"]["code"]) == (2, "identity.stamp_url") and "pw" not in str(found)
    assert run("identity", "tsa", "ftp://x/", "--root", root)[1]["error"]["code"] == "identity.stamp_url"
    assert run("identity", "tsa", "http://127.0.0.1:1/", "--root", root)[1]["error"]["code"] == "identity.stamp_failed"
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(OFFICE.root.certificate_pem())
    assert run("identity", "tsa", tsa.url, "--root", wrong)[1]["error"]["code"] == "identity.stamp"
    assert run("identity", "show")[1] == {"identity": None}, "nothing was set"
    assert run("identity", "tsa", tsa.url, "--root", root) == (0, {"stamp_url": tsa.url})
    work = export_work(finish(draft(), home=open_home()), tmp_path / "w.png").path
    assert run("verify", work)[1]["stamped"]
    paths = run("identity", "export", tmp_path / "out")[1]
    stranger = ("verify", work, "--home", tmp_path / "s", "--trust", paths["root"], "--trust-time", paths["stamp_root"])
    assert run(*stranger)[1]["stamped"]
    assert main(["identity", "export", str(tmp_path / "out")]) == 0
    assert "--trust-time stamp-root.pem" in capfd.readouterr().out
    assert run("identity", "tsa", "none") == (0, {"stamp_url": None})
    assert run("identity", "tsa", tsa.url)[0] == 0, "its root is known"
    assert run("identity", "show")[1]["identity"]["days_left"] in (364, 365)


def test_a_root_of_time_stamps_is_forgotten(
    run: Any, tmp_path: Path, tsa: Authority, capfd: pytest.CaptureFixture[str]
) -> None:
    root, other = tmp_path / "tsa.pem", tmp_path / "other.pem"
    root.write_bytes(tsa.root)
    other.write_bytes(OFFICE.root.certificate_pem())
    assert run("identity", "tsa")[1]["error"]["code"] == "identity.stamp_url"
    assert run("identity", "tsa", tsa.url, "--root", root)[0] == 0
    work = export_work(finish(draft(), home=open_home()), tmp_path / "w.png").path
    assert run("identity", "tsa", "none", "--root", other)[0] == 0
    assert run("verify", work)[1]["stamped"], "roots of earlier authorities stay"
    theirs, office = run("identity", "show")[1]["identity"]["stamp_roots"]
    assert main(["identity", "show"]) == 0
    assert f"Time-stamps count under: CN=Office root, SHA-256 {office['fingerprint']}" in capfd.readouterr().out
    wrong = run("identity", "tsa", "none", "--forget-root", "ab" * 32)[1]["error"]
    assert wrong["code"] == "identity.stamp_root_unknown"
    # The authority in use can't lose its root: what is left is tried.
    assert run("identity", "tsa", tsa.url)[0] == 0
    assert run("identity", "tsa", "--forget-root", theirs["fingerprint"])[1]["error"]["code"] == "identity.stamp"
    assert run("identity", "tsa", "--forget-root", office["fingerprint"]) == (0, {"stamp_url": tsa.url})
    assert run("identity", "tsa", "--forget-root", theirs["fingerprint"])[1]["error"]["code"] == "identity.stamp_root"
    assert run("verify", work)[1]["stamped"]
    colons = ":".join(theirs["fingerprint"][at : at + 2].upper() for at in range(0, 64, 2))
    assert main(["identity", "tsa", "none", "--forget-root", colons]) == 0
    assert "those of earlier works included" in capfd.readouterr().out
    assert run("identity", "show")[1]["identity"]["stamp_roots"] == []
    found = run("verify", work)[1]
    assert found["verdict"] == "ours" and not found["stamped"]


@pytest.mark.parametrize(("days", "words"), [(30, "expires on"), (-0.001, "expired on"), (300, None)])
def test_the_doctor_and_the_signer_speak_of_the_end(
    run: Any, own_home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], days: float, words: str | None
) -> None:
    home = home_with_leaf(own_home, timedelta(days=days))
    findings = [found for found in run("doctor")[1]["findings"] if "certificate" in found["what"]]
    assert [words in found["what"] for found in findings] == ([True] if words else [])
    if days > 0:
        keys._warned.clear()
        finish(draft(), home=home)
        finish(draft(), home=home)
        out = capfd.readouterr()
        assert out.err.count("expires on") == bool(words), "once, however many works are signed"
        assert out.out == "", "what programs read stays clean"


def test_the_doctor_speaks_of_damaged_keys(run: Any, own_home: Path) -> None:
    home_with_leaf(own_home, timedelta(days=300))
    (own_home / "keys" / "current.json").write_text("{")
    assert any("current.json" in found["what"] for found in run("doctor")[1]["findings"])


@pytest.mark.parametrize("page", ["identity.md", "zh/identity.md"])
def test_the_commands_of_the_document_are_there(page: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line.startswith("luokuan identity ")]
    assert len(lines) >= 8
    for _program, group, command, *words in lines:
        assert main([group, command, "--help"]) == 0
        help_text = capfd.readouterr().out
        assert all(word in help_text for word in words if word.startswith("--")), (command, words)


def test_an_export_replaces_only_its_own_files(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "chain.pem").write_text("my own chain")
    assert main(["identity", "export", str(folder)]) == 2
    assert "chain.pem is there already" in capfd.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["chain.pem"]
    assert (folder / "chain.pem").read_text() == "my own chain"
    assert (
        main(["identity", "export", str(tmp_path / "out")]) == main(["identity", "export", str(tmp_path / "out")]) == 0
    )
