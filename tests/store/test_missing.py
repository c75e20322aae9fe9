"""A home that lost its keys says so before it makes new ones."""

from __future__ import annotations

import shutil

import pytest
from drafts import text_draft

from luokuan.colophon.finish import finish
from luokuan.store.home import Home
from luokuan.store.missing import missing_keys


def told(home: Home, capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    finish(text_draft(), home=home, media_type="text/plain")
    return "".join(capfd.readouterr())


def test_lost_keys_are_spoken_of_once(each_database: str, home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert "lacks keys" not in told(home, capfd), "a new home has lost nothing"
    assert "lacks keys" not in told(home, capfd)
    for name in ("ca", "watermark.key"):
        lost = home.keys / name
        shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
        assert missing_keys(home) == [name]
        said = told(home, capfd)
        assert f"lacks keys: {name}" in said and str(home.keys) in said
        assert "lacks keys" not in told(home, capfd), "now there are new ones"
