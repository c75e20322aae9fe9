"""`make run`'s job: a verified work with each starter on a sheet that loads nothing from elsewhere."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from luokuan.cli.main import main
from luokuan.foundation.modelfolder import starters


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            self.pictures.append(str(dict(attrs)["src"]))


def test_showcase(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["showcase", "-o", str(out), "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert {w["verdict"] for w in report["works"]} == {"ours"}
    assert len(report["works"]) == len(starters()) >= 1
    text = (out / "index.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.pictures and all((out / name).is_file() for name in page.pictures)
    assert (
        "script" not in page.tags and "default-src 'none'" in text and "http://" not in text.replace("http-equiv", "")
    )
    assert "人工智能生成" in text
