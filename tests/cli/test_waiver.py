"""`luokuan waiver`, and the options of the explicit label of every command that creates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from luokuan.cli.main import main


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command in this test's home; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


MAKE = ("create", "image", "", "-m", "garments-32", "--among", 1, "-o", "w.png")
WAIVE = (*MAKE, "--no-label", "--reason", "a film", "--acknowledge")


def test_allow_create_list_forbid(run: Any) -> None:
    code, _out, err = run(*WAIVE)
    assert code == 2
    assert "luokuan waiver allow --who NAME" in err
    assert not Path("w.png").exists()
    assert run("waiver", "list")[1] == "Nobody may create works without explicit label in this home.\n"
    code, out, err = run("waiver", "allow", "--who", "Ann")
    assert (code, err) == (0, "")
    assert out.startswith("Ann may create")
    code, out, err = run(*WAIVE)
    assert (code, err) == (0, "")
    assert out.endswith("(without explicit label; logged)\n")
    code, out, _err = run("verify", "w.png")
    assert code == 0
    assert "Its maker waived the explicit label." in out
    code, out, _err = run("verify", "w.png", "--json")
    work = json.loads(out)["work"]
    assert json.loads(out)["waived"] is True
    found = json.loads(run("waiver", "list", "--json")[1])
    assert found["allowed"] == "Ann"
    assert [(one["work"], one["who"], one["reason"]) for one in found["waivers"]] == [(work, "Ann", "a film")]
    assert f"work {work}  Ann: a film  (kept until " in run("waiver", "list")[1]
    code, _out, err = run("waiver", "forget", work)
    assert code == 2
    assert "must be kept until" in err
    assert run("waiver", "forbid", "--json")[1] == '{"allowed": null}\n'
    assert run(*WAIVE)[0] == 2
    assert len(json.loads(run("waiver", "list", "--json")[1])["waivers"]) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--no-label"], "needs a reason"),
        (["--no-label", "--reason", "a film"], "--acknowledge"),
        (["--no-label", "--reason", "", "--acknowledge"], "needs a reason"),
        (["--no-label", "--reason", "a" * 501, "--acknowledge"], "needs a reason"),
        (["--no-label", "--reason", "a", "--acknowledge", "--label", "cn"], "contradicts"),
        (["--reason", "a film"], "without --no-label"),
        (["--acknowledge"], "without --no-label"),
        (["--label", "en", "--policy", "cn"], "doesn't meet the policy cn"),
        (["--label", "en", "--policy", "both"], "doesn't meet the policy both"),
        (["--label", "cn", "--policy", "both"], "doesn't meet the policy both"),
    ],
)
def test_what_is_refused_before_anything_is_made(run: Any, options: list[str], told: str) -> None:
    run("waiver", "allow", "--who", "Ann")
    code, _out, err = run(*MAKE, *options)
    assert (code, told in err) == (2, True), err
    assert not Path("w.png").exists()


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ([], "人工智能生成 AI generated"),
        (["--policy", "cn"], "人工智能生成"),
        (["--policy", "eu"], "AI generated"),
        (["--label", "en"], "AI generated"),
        (["--policy", "eu", "--label", "cn"], "人工智能生成"),
    ],
)
def test_the_policy_chooses_the_words(run: Any, options: list[str], label: str) -> None:
    code, out, err = run(*MAKE, *options, "--json")
    assert code == 0, err
    assert json.loads(out)["label"] == label


@pytest.mark.parametrize("kind", ["image", "text", "copy", "verse", "translation"])
def test_every_kind_has_the_options(run: Any, kind: str) -> None:
    code, out, _err = run("create", kind, "--help")
    assert code == 0
    assert all(option in out for option in ("--label", "--policy", "--no-label", "--reason", "--acknowledge"))


def test_a_name_is_refused_that_could_steer_the_log(run: Any) -> None:
    assert run("waiver", "allow", "--who", "a\x1b[31mb")[0] == 2
    assert run("waiver", "allow", "--who", "")[0] == 2
    assert json.loads(run("waiver", "list", "--json")[1])["allowed"] is None
