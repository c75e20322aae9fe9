"""The Chinese catalogue is whole, and the check notices when it isn't."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import messages


@pytest.fixture(scope="module", autouse=True)
def _the_source_is_read_once() -> Iterator[None]:
    """It takes seconds, and is the same for each test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "collect", functools.cache(messages.collect))
        yield


def catalogue(**entries: str) -> Catalog:
    made = Catalog(locale="zh_CN")
    for message, text in entries.items():
        made.add(message, text)
    return made


def found(*texts: str) -> dict[str, list[tuple[str, int]]]:
    return {text: [("src/luokuan/x.py", 1)] for text in texts}


def test_the_catalogue_is_whole_and_compiled(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["messages.py", "--check"])
    assert messages.main() == 0, capsys.readouterr().out


def test_every_message_in_the_source_is_collected() -> None:
    places = messages.collect()
    assert len(places) > 400
    assert places["Print the version."][0][0] == "src/luokuan/cli/app.py"


def test_a_whole_catalogue_has_no_faults() -> None:
    assert not messages.faults(found("{a} b"), catalogue(**{"{a} b": "\u4e59 {a:.2f}"}))


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, "no Chinese for"),
        ({"{a} b": ""}, "no Chinese for"),
        ({"{a} b": "\u4e59"}, "other fields"),
        ({"{a} b": "{a} {c}"}, "other fields"),
        ({"{a} b": "{a}", "old": "\u65e7"}, "no longer used"),
    ],
)
def test_each_fault_is_named(known: dict[str, str], words: str) -> None:
    wrong = messages.faults(found("{a} b"), catalogue(**known))
    assert len(wrong) == 1 and words in wrong[0]


def test_a_fuzzy_translation_is_a_fault() -> None:
    unsure = Catalog(locale="zh_CN")
    unsure.add("b", "\u4e59", flags={"fuzzy"})
    assert "fuzzy" in messages.faults(found("b"), unsure)[0]


def test_a_stale_compiled_catalogue_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "luokuan.mo"
    stale.write_bytes(messages.compiled(catalogue(b="\u4e59")))
    monkeypatch.setattr(messages, "MO", stale)
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["messages.py", "--check"])
    assert messages.main() == 1
    assert "stale" in capsys.readouterr().out


def test_equal_catalogues_are_equal_bytes() -> None:
    assert messages.compiled(catalogue(a="1", b="2")) == messages.compiled(catalogue(b="2", a="1"))
