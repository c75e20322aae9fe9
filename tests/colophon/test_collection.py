from __future__ import annotations

import errno
import json
import zipfile
from pathlib import Path

import pytest
from drafts import draft, text_draft

from luokuan.colophon import collection
from luokuan.colophon.collection import export, name_of
from luokuan.colophon.finish import finish
from luokuan.colophon.reference import work_of
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.colophon.verification import verify_folder
from luokuan.errors import UserError
from luokuan.media import Text
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.works import WorkRow, recent_works


def rows_of(home: Home, *works: Work) -> list[WorkRow]:
    return [work_of(work.id, home) for work in works]


def test_works_leave_with_all_that_belongs_beside_them(home: Home, tmp_path: Path) -> None:
    picture, text = finish(draft(), home=home), finish(text_draft(), home=home, media_type="text/plain")
    rows = rows_of(home, picture, text, picture)
    done = export(rows, tmp_path / "out.zip", home=home)
    assert (done.works, done.files) == (2, 6)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert set(names) == {
            f"toy-{picture.id}.png", f"toy-{picture.id}.png.proof",
            f"scribe-{text.id}.txt.proof", f"scribe-{text.id}.txt.c2pa", f"scribe-{text.id}.txt.aigc.json",
            f"scribe-{text.id}.txt", "index.json",
        }  # fmt: skip
        index = json.loads(archive.read("index.json"))["works"]
        assert [work["id"] for work in index] == [picture.id, text.id]
        assert all(name in names for work in index for name in (work["file"], *work["beside"]))
        assert "recipe" not in json.dumps(index) and "a red dress" not in json.dumps(index)
        archive.extractall(tmp_path / "opened")
    again = export(rows, tmp_path / "folder", home=home)
    assert again.files == 6
    for place in ("opened", "folder"):
        assert [found.verdict for found in verify_folder(tmp_path / place, home)] == ["ours", "ours"]


def test_what_is_damaged_or_in_the_way_leaves_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = [finish(draft(seed), home=home) for seed in (0, 1)]
    rows = rows_of(home, *works)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("keep")
    with pytest.raises(UserError, match="isn't empty"):
        export(rows, tmp_path / "full", home=home)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    blob = Blobs(home).path(rows[1].blob_sha256)
    data = blob.read_bytes()
    blob.chmod(0o600)
    blob.write_bytes(data[:-1])
    for target in ("out.zip", "out"):
        with pytest.raises(UserError, match="changed on the disk"):
            export(rows, tmp_path / target, home=home)
    blob.write_bytes(data)

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(collection.zipfile.ZipFile, "writestr", full)
    with pytest.raises(UserError, match="No room"):
        export(rows, tmp_path / "out.zip", home=home)
    assert not any(path.name.startswith((".out", "out")) for path in tmp_path.iterdir())


@pytest.mark.parametrize("model", ["../../etc/passwd", "https://host:8000/v1 model", "小模型", "..."])
def test_no_model_s_name_leads_out_of_the_folder(home: Home, tmp_path: Path, model: str) -> None:
    recipe = Recipe(model=model, model_digest="ab" * 32)
    work = finish(Draft(Text("words"), recipe, kind="text"), home=home, media_type="text/plain")
    (row,) = rows_of(home, work)
    name = name_of(row)
    assert Path(name).name == name and not name.startswith((".", "-"))
    export([row], tmp_path / "out", home=home)
    assert (tmp_path / "out" / name).read_bytes() == work.data


def test_the_newest_come_first(home: Home) -> None:
    works = [finish(draft(seed), home=home) for seed in range(2)] + [
        finish(text_draft(), home=home, media_type="text/plain")
    ]
    with open_database(home) as database, database.read() as connection:
        assert {row.id for row in recent_works(connection)} == {work.id for work in works}
        assert len(recent_works(connection, 2)) == 2
        assert [row.id for row in recent_works(connection, kind="text")] == [works[2].id]
        times = [row.created_at for row in recent_works(connection)]
        assert times == sorted(times, reverse=True)
