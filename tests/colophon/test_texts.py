"""Texts on the whole way: finished, kept, exported, verified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from drafts import DIGEST, TEXT_TYPES, draft, text_draft

from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.schema import Recipe, samples_digest
from luokuan.colophon.verification import verify_file, verify_folder
from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.media import Text
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.works import find_work, known_blobs

each_type = pytest.mark.parametrize("media_type", list(TEXT_TYPES))


def made(home: Home, folder: Path, media_type: str = "text/plain") -> Path:
    work = export_work(finish(text_draft(), home=home, media_type=media_type), folder / f"a.{TEXT_TYPES[media_type]}")
    assert work.path is not None
    return work.path


@each_type
def test_a_text_is_kept_whole_and_checked_by_anyone(home: Home, tmp_path: Path, media_type: str) -> None:
    work = finish(text_draft(), home=home, media_type=media_type)
    exported = export_work(work, tmp_path / "t")
    verdict = verify_file(tmp_path / "t", home)
    assert (verdict.verdict, verdict.media_type, verdict.work) == ("ours", media_type, work.id)
    assert verdict.label is not None
    assert verdict.label["ProduceID"] == work.id
    assert verdict.model == "scribe"
    assert "山高月小" in work.data.decode() or "山高月小" in json.loads(work.data)["text"]
    with open_database(home) as database, database.read() as connection:
        row = find_work(connection, work.id)
        kept = known_blobs(connection)
    assert row is not None
    assert row.recipe is not None
    assert row.kind == "text"
    assert Recipe.from_dict(row.recipe).draft_digest == samples_digest(text_draft().media)
    assert kept == {sha256_bytes(data) for data in (work.data, *work.sidecars.values())}
    assert all(Blobs(home).get(row.sidecars[end]) == data for end, data in exported.sidecars.items())
    others = open_home(tmp_path / "other")
    assert verify_file(tmp_path / "t", others).verdict == "unknown_signer"
    assert verify_file(tmp_path / "t", others, [home.root_certificate]).verdict == "trusted"


@each_type
def test_brief_and_parameters_dont_leave(home: Home, media_type: str) -> None:
    work = finish(text_draft(), home=home, media_type=media_type)
    for data in (work.data, *work.sidecars.values()):
        assert b"a night" not in data
        assert b"temperature" not in data


@each_type
def test_a_changed_text_is_ours_and_changed(home: Home, tmp_path: Path, media_type: str) -> None:
    path = made(home, tmp_path, media_type)
    before, word, after = path.read_bytes().rpartition(b"small")  # a page has it in its title, too
    assert word
    path.write_bytes(before + b"large" + after)
    assert verify_file(path, home).verdict == "ours_changed"
    assert verify_file(path, open_home(tmp_path / "stranger")).verdict == "altered"


@each_type
def test_without_its_sidecars_a_text_is_stripped_but_known(home: Home, tmp_path: Path, media_type: str) -> None:
    path = made(home, tmp_path, media_type)
    alone = tmp_path / "alone"
    alone.write_bytes(path.read_bytes())
    verdict = verify_file(alone, home)
    assert (verdict.verdict, verdict.unchanged) == ("ours_stripped", True)
    assert any("byte for byte" in sentence for sentence in verdict.evidence)


@pytest.mark.parametrize("broken", [b"", b"garbage", b"\0" * 4000])
def test_a_broken_manifest_beside_it(home: Home, tmp_path: Path, broken: bytes) -> None:
    path = made(home, tmp_path)
    path.with_name(path.name + ".c2pa").write_bytes(broken)
    assert verify_file(path, home).verdict == "ours_changed"


def test_another_works_manifest_doesnt_fit(home: Home, tmp_path: Path) -> None:
    one = made(home, tmp_path)
    other = made(home, tmp_path / "other")
    one.with_name(one.name + ".c2pa").write_bytes(other.with_name(other.name + ".c2pa").read_bytes())
    assert verify_file(one, home).verdict == "ours_changed"


def test_sidecars_that_are_no_files_are_left_alone(home: Home, tmp_path: Path) -> None:
    path = made(home, tmp_path)
    beside = path.with_name(path.name + ".c2pa")
    beside.unlink()
    beside.mkdir()
    assert verify_file(path, home).verdict == "ours_stripped"


def test_a_text_of_a_person_says_nothing(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ann,\n")
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.exit_code) == ("nothing_found", 1)


def test_a_folder_of_texts(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    for media_type in TEXT_TYPES:
        made(home, folder, media_type)
    (folder / "letter.txt").write_text("Dear Ann,\n")
    (folder / "lone.c2pa").write_bytes(b"x")
    found = {verdict.path.name: verdict.verdict for verdict in verify_folder(folder, home)}
    assert found == {"a.html": "ours", "a.json": "ours", "a.md": "ours", "a.txt": "ours"}


def test_pages_of_a_folder_count_when_they_are_labelled(home: Home, tmp_path: Path) -> None:
    tmp_path = tmp_path / "pages"
    page = made(home, tmp_path, "text/html")
    for beside in tmp_path.glob("a.html.*"):
        beside.unlink()
    (tmp_path / "home.html").write_text("<!DOCTYPE html><title>mine</title>")
    (tmp_path / "old.html").write_text("<HTML><head>" + " " * 5000 + "<META content='{}' NAME=aigc>")
    found = {verdict.path: verdict.verdict for verdict in verify_folder(tmp_path, home)}
    assert found == {page: "ours_stripped", tmp_path / "old.html": "labelled"}


def test_plain_text_that_begins_like_a_page_stays_ours(home: Home, tmp_path: Path) -> None:
    work = export_work(
        finish(text_draft("<!DOCTYPE html>\n<p>code</p>"), home=home, media_type="text/plain"), tmp_path / "t"
    )
    assert verify_file(tmp_path / "t", home).verdict == "ours"
    for ending in work.sidecars:
        (tmp_path / f"t{ending}").unlink()
    assert verify_file(tmp_path / "t", home).verdict == "ours_stripped"


def test_a_text_leaves_as_text_and_a_picture_as_picture(home: Home) -> None:
    for one, media_type in ((text_draft(), "image/png"), (draft(), "text/plain")):
        with pytest.raises(UserError) as caught:
            finish(one, home=home, media_type=media_type)
        assert caught.value.code == "format.unknown"
    with pytest.raises(UserError):
        finish(text_draft(" "), home=home, media_type="text/plain")
    assert not list(home.blobs.glob("??/*"))


def test_digests_tell_texts_apart() -> None:
    texts = [Text("a"), Text("b"), Text("a", "en"), Text("", "en\na")]
    assert len({samples_digest(text) for text in texts}) == len(texts)
    assert len(DIGEST) == 64
