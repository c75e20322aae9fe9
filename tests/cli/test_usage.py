"""Wrong command lines are one sentence each, in the user's language."""

from __future__ import annotations

import json

import pytest

from luokuan.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "what", "chinese"),
    [
        (["works", "show"], "'work' is missing.", "缺少 'work'。"),
        (["verify", "x", "--sed"], "There is no option --sed.", "没有选项 --sed。"),
        (
            ["create", "image", "-m", "x", "--count", "0"],
            "The value of '--count' / '-n' can't be used: it must be at least 1.",
            "'--count' / '-n' 的值无法使用：至少应为 1。",
        ),
        (
            ["create", "image", "-m", "x", "-n", "10001"],
            "The value of '--count' / '-n' can't be used",
            "至多应为 10000",
        ),
        (["create", "image", "-m", "x", "-n", "x"], "The value of '--count' / '-n' can't be used", "不是整数"),
        (["train", "gan", "x", "--name", "n", "--minutes", "x"], "The value of '--minutes' can't be used", "不是数字"),
        (["works", "show", "a", "b"], "Too many arguments: b.", "参数太多：b。"),
        (["create", "image", "--seed"], "--seed needs a value.", "--seed 需要一个值。"),
        (["train", "gan", "x", "--name", "n", "--flip=3"], "--flip takes no value.", "--flip 不带值。"),
        (["nope"], "No such command 'nope'.", "没有名为 'nope' 的命令。 "),
        (["corpus", "chekc"], "No such command 'chekc'. Did you mean 'check'? See", "没有名为 'chekc' 的命令。 "),
        (["models", "export", "m", "-o", "x", "--to", "pt"], "The value of '--to' can't be used: 'pt'", "'pt' 不是"),
        (["corpus", "check", "a" * 5000], "A name on the command line is too long", "命令行中的名称太长"),
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
    assert text.startswith(what) and text.count("\n") == 1 and ("--help." in text or "shorter" in text)
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
