"""`make run`'s job: a verified work with each starter on a sheet that loads nothing from elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from luokuan.cli.main import main
from luokuan.colophon.schema import Recipe, Work
from luokuan.colophon.verdict import Verdict
from luokuan.create.showcase import Exhibit, render_sheet
from luokuan.foundation.modelfolder import resolve, starters
from luokuan.models.registry import TOOLS


class Page(HTMLParser):
    """Pictures, sounds, tags and text of a page, and every address that it would fetch or lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.sounds: list[str] = []
        self.clips: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.addresses += [values[name] for name in ("src", "href", "srcset", "action", "data") if name in values]
        if tag == "img":
            self.pictures.append(values["src"])
        if tag == "audio":
            self.sounds.append(values["src"])
        if tag == "video":
            self.clips.append(values["src"])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]

    def handle_data(self, data: str) -> None:
        self.text += data


def exhibit(brief: str, verdict: str = "ours", name: str = "toy") -> Exhibit:
    path = Path("out") / f"{name}.png"
    recipe = Recipe(name, "a" * 64, brief=brief, seed=7, licence="CC0-1.0")
    made = datetime(2026, 1, 1, tzinfo=UTC)
    work = Work("0" * 16, "image", b"", "image/png", "b" * 64, recipe, "人工智能生成 AI generated", "c" * 64, made)
    return Exhibit(work, path, Verdict(verdict, path, summary="A summary.", table=(("file", "One <i>sentence</i>."),)))


def test_a_brief_can_put_nothing_on_the_page() -> None:
    brief = '"><script src=//x></script><img src=y onerror=z>{{ 7 * 7 }}'
    page = Page(render_sheet([exhibit(brief)]))
    assert page.pictures == ["toy.png"] and "script" not in page.tags and "i" not in page.tags
    assert brief in page.text and "One <i>sentence</i>." in page.text


def test_a_brief_of_two_lines_is_one_in_the_table() -> None:
    from luokuan.cli.showcase import told

    assert told(exhibit("白日依山尽。\n更上一层楼。")) == (
        "toy.png", "白日依山尽。 更上一层楼。", "人工智能生成 AI generated", "ours", "a" * 12
    )  # fmt: skip


def test_a_file_name_stays_an_address_in_the_folder() -> None:
    odd = replace(exhibit(""), path=Path("out") / 'a b#?".png')
    assert Page(render_sheet([odd])).pictures == ["a%20b%23%3F%22.png"]


def test_the_page_is_bilingual_and_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = render_sheet([exhibit("a dress"), exhibit("a hat", "altered", "other")])
    page = Page(text)
    for words in ("要求 Brief", "标识 Label", "结论 Verdict", "配方 Recipe", "人工智能生成", "A summary."):
        assert words in page.text
    assert page.addresses == ["toy.png", "other.png"]
    assert page.policy.startswith("default-src 'none'; img-src 'self'") and "unsafe-eval" not in page.policy
    assert text.count('class="good"') == 1 and text.count('class="bad"') == 1
    monkeypatch.setenv("LUOKUAN_LANG", "zh")
    assert '<html lang="zh-CN">' in render_sheet([]) and '<html lang="en">' in text


def test_a_sound_can_be_played() -> None:
    heard = exhibit("a song")
    work = replace(heard.work, media_type="audio/wav")
    page = Page(render_sheet([replace(heard, work=work, path=Path("out") / "song.wav")]))
    assert page.sounds == ["song.wav"] and not page.pictures
    assert "media-src 'self'" in page.policy


def test_a_clip_can_be_seen() -> None:
    seen = exhibit("a film")
    work = replace(seen.work, media_type="video/webm")
    page = Page(render_sheet([replace(seen, work=work, path=Path("out") / "film.webm")]))
    assert page.clips == ["film.webm"] and not page.pictures and not page.sounds


def test_without_starters_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("luokuan.foundation.modelfolder.STARTERS", tmp_path / "none")
    assert main(["showcase", "-o", str(tmp_path / "out")]) == 2
    assert "no starter models" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_showcase(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["showcase", "-o", str(out), "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert {w["verdict"] for w in report["works"]} == {"ours"}
    families = [resolve(name).family for name in starters()]
    assert len(report["works"]) == sum(family not in TOOLS for family in families) + 2 >= 3
    assert (out / "speech.wav").read_bytes()[:4] == b"RIFF"
    page = Page((out / "index.html").read_text(encoding="utf-8"))
    assert (
        page.pictures
        and page.sounds
        and page.clips == ["sprites.webm", "presenter.webm"]
        and all((out / name).is_file() for name in page.addresses)
    )
    assert "人工智能生成" in page.text
