"""Texts from which works start."""

from __future__ import annotations

from pathlib import Path

import pytest
from drafts import TEXT_TYPES, text_draft

from luokuan.colophon.finish import export_work, finish
from luokuan.create.starting import text_from
from luokuan.errors import UserError
from luokuan.store.home import Home, open_home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("LUOKUAN_HOME", str(tmp_path / "home"))
    return open_home()


@pytest.mark.parametrize("media_type", list(TEXT_TYPES))
def test_a_work_of_this_home_without_its_label(home: Home, tmp_path: Path, media_type: str) -> None:
    draft = text_draft()
    work = export_work(finish(draft, home=home, media_type=media_type), tmp_path / f"a.{TEXT_TYPES[media_type]}")
    assert work.path is not None
    text, origin = text_from(work.path, home)
    assert text == draft.media.text  # type: ignore[union-attr]
    assert origin is not None
    assert (origin.purpose, origin.ingredients[0].work_id) == ("reference", work.id)
    assert origin.parent is None


def test_anothers_text_with_its_credentials_and_anybodys_without(home: Home, tmp_path: Path) -> None:
    other = open_home(tmp_path / "other")
    export_work(finish(text_draft(), home=other, media_type="text/plain"), tmp_path / "a.txt")
    text, origin = text_from(tmp_path / "a.txt", home)
    assert "[luokuan:" in text and origin is not None
    assert origin.ingredients[0].credentials and origin.ingredients[0].work_id is None
    for words in ("hello\n", ""):
        (tmp_path / "b.txt").write_text(words, encoding="utf-8")
        assert text_from(tmp_path / "b.txt", home) == (words, None)


def test_what_cant_be_carried_on_is_refused(home: Home, tmp_path: Path) -> None:
    export_work(finish(text_draft(), home=home, media_type="text/plain"), tmp_path / "a.txt")
    manifest = tmp_path / "a.txt.c2pa"
    manifest.write_bytes(manifest.read_bytes()[:500])
    (tmp_path / "a.txt").write_bytes((tmp_path / "a.txt").read_bytes() + b"\n")
    with pytest.raises(UserError) as caught:
        text_from(tmp_path / "a.txt", home)
    assert caught.value.code == "ingredient.credentials"
    with pytest.raises(UserError) as caught:
        text_from(tmp_path / "absent.txt", home)
    assert caught.value.code == "translation.file"
