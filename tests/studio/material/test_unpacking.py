"""Archives: honest ones become a corpus, hostile ones nothing."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from bringing import picture, pictures, zipped

from luokuan.errors import UserError
from luokuan.studio.material import unpacking
from luokuan.studio.material.unpacking import unpack

ROOM = {"most_bytes": 1 << 30, "most_files": 1000}


def unpacked(tmp_path: Path, archive: bytes, **changes: int) -> tuple[unpacking.Unpacked, list[str]]:
    (tmp_path / "a.zip").write_bytes(archive)
    target = tmp_path / "target"
    target.mkdir(exist_ok=True)
    found = unpack(tmp_path / "a.zip", target, **{**ROOM, **changes})
    return found, sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())


def refused(tmp_path: Path, archive: bytes, **changes: int) -> str:
    with pytest.raises(UserError) as caught:
        unpacked(tmp_path, archive, **changes)
    assert caught.value.status in (413, 422)
    assert not (tmp_path / "x.png").exists() and not (tmp_path.parent / "x.png").exists()
    return caught.value.code


def test_the_folder_in_which_all_lies_goes_and_what_no_corpus_reads_is_counted(tmp_path: Path) -> None:
    files = {
        **pictures(4),
        "photos/evil.pkl": b"\x80\x04cposix\nsystem\n.", "photos/model.bin": b"x",
        "photos/page.html": "<script>", "photos/x.svg": "<svg/>",
        "photos/inner.zip": zipped({"a.png": picture(1)}), "__MACOSX/photos/._a": "x", "photos/.DS_Store": "x",
    }  # fmt: skip
    found, names = unpacked(tmp_path, zipped(files))
    assert names == ["a/000.png", "a/002.png", "b/001.png", "b/003.png", "card.yaml"]
    assert found.files == 5 and found.left_out == {".pkl": 1, ".bin": 1, ".html": 1, ".svg": 1, ".zip": 1}
    assert found.size == sum((tmp_path / "target" / name).stat().st_size for name in names)


def test_a_folder_of_a_split_stays(tmp_path: Path) -> None:
    assert unpacked(tmp_path, zipped({"train/a/1.png": picture(1)}))[1] == ["train/a/1.png"]


def test_names_of_programs_in_china_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("AAAA/BB.png", picture(1))
    plain = buffer.getvalue().replace(b"AAAA/BB.png", "裙子/红.png".encode("gb18030"))
    assert unpacked(tmp_path, plain)[1] == ["红.png"]


@pytest.mark.parametrize(
    "name", ["../x.png", "/x.png", "a/../../x.png", "..\\x.png", "C:\\x.png", "a\x00b.png", "aux.png"]
)
def test_one_bad_name_and_nothing_is_kept(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path, zipped({"good.png": picture(1), name: picture(2)})) == "upload.name"


def test_links_devices_and_what_is_there_twice(tmp_path: Path) -> None:
    assert refused(tmp_path, zipped({"x.png": "/etc/passwd"}, external_attr=0o120777 << 16)) == "upload.name"
    assert refused(tmp_path, zipped({"x.png": ""}, external_attr=0o020666 << 16)) == "upload.name"
    assert refused(tmp_path, zipped({"caf\u00e9.txt": "a", "cafe\u0301.txt": "b"})) == "upload.name"
    assert refused(tmp_path, zipped({"a.txt": "a", "a.txt/b.txt": "b"})) == "upload.name"


def test_bombs_and_what_is_too_much(tmp_path: Path) -> None:
    bomb = zipped({"a.txt": b"0" * (80 << 20)})
    assert len(bomb) < 200_000 and refused(tmp_path, bomb) == "upload.bomb"
    assert refused(tmp_path, zipped(pictures(8)), most_bytes=10_000) == "upload.room"
    assert refused(tmp_path, zipped(pictures(8)), most_files=5) == "upload.files"
    assert refused(tmp_path, zipped({"a.html": "x"})) == "upload.empty"


def test_sizes_that_lie(tmp_path: Path) -> None:
    archive = bytearray(zipped({"a.txt": b"0" * (80 << 20)}))
    for start, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = archive.rindex(start) + place
        archive[at : at + 4] = struct.pack("<I", 1000)
    assert refused(tmp_path, bytes(archive)) == "upload.zip"
    written = sum(path.stat().st_size for path in (tmp_path / "target").rglob("*") if path.is_file())
    assert written <= 1000, "no more than it said"


@pytest.mark.parametrize(
    "archive",
    [b"", b"PK\x05\x06", b"not a zip" * 100, zipped({"a.txt": "x"})[:-30], zipped({"a.txt": "x"}, flag_bits=1)],
    ids=["empty", "end", "text", "cut", "encrypted"],
)
def test_what_is_no_archive(tmp_path: Path, archive: bytes) -> None:
    if archive[:4] == b"PK\x03\x04":
        place = archive.find(b"PK\x01\x02")
        archive = archive if place < 0 else archive[: place + 8] + b"\x01" + archive[place + 9 :]
    assert refused(tmp_path, archive) == "upload.zip"


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "open", full)
    (tmp_path / "t").mkdir()
    buffer = io.BytesIO(zipped({"a.txt": "x"}))
    with zipfile.ZipFile(buffer) as opened, pytest.raises(UserError) as caught:
        unpacking._write(opened, opened.infolist()[0], tmp_path / "t" / "a.txt", 0, 100)
    assert (caught.value.code, caught.value.status) == ("disk.full", 413)
