"""Wrong command lines are one sentence each, in the user's language."""

from __future__ import annotations

import json

import pytest

from luokuan.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "what", "chinese"),
    [
        (["verify"], "'path' is missing.", "缺少 'path'。"),
        (["verify", "x", "--sed"], "There is no option --sed.", "没有选项 --sed。"),
        (["create", "image", "-m", "x", "--count", "0"], "The value of '--count' / '-n' can't be used", "的值无法使用"),
        (["nope"], "No such command 'nope'.", "没有名为 'nope' 的命令。"),
    ],
)
def test_wrong_command_lines(
    arguments: list[str],
    what: str,
    chinese: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(arguments) == 2
    text = capfd.readouterr().err
    assert text.startswith(what) and text.count("\n") == 1 and "--help." in text
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert main(arguments) == 2
    assert chinese in capfd.readouterr().err


def test_near_options_are_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "a", "b", "--se", "1", "--json"]) == 2
    error = json.loads(capfd.readouterr().out)["error"]
    assert error["code"] == "cli.usage" and "--seed" in error["do"]


def test_without_arguments_it_explains_itself(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["models"]):
        assert main(arguments) == 2
        text = capfd.readouterr().err
        assert "Commands:" in text and "See --help" not in text


def test_headings_are_chinese(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert main(["verify", "--help"]) == 0
    text = capfd.readouterr().out
    assert "选项:" in text and "参数:" in text and "必填" in text
    monkeypatch.setenv("LUOKUAN_LANG", "en")
    assert main(["verify", "--help"]) == 0
    assert "Options:" in capfd.readouterr().out
