"""Archives: what tar programs read, and what is refused of strangers."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.files import sha256_bytes
from luokuan.store.backup.manifest import Manifest, is_inside, parse_manifest
from luokuan.store.backup.tar import Writer, parts


def archive(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = Writer(out)
    for name, data in members:
        writer.add(name, len(data), io.BytesIO(data))
    writer.end()
    return out.getvalue()


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=1500), max_size=4))
def test_what_is_written_comes_back_and_tar_reads_it_too(bodies: list[bytes]) -> None:
    data = archive(*((f"blobs/{number}", body) for number, body in enumerate(bodies)))
    read = [(part.name, part.read(-1), part.finish().sha256) for part in parts(io.BytesIO(data))]
    assert read == [(f"blobs/{number}", body, sha256_bytes(body)) for number, body in enumerate(bodies)]
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        assert [opened.extractfile(one).read() for one in opened] == bodies  # type: ignore[union-attr]


def test_a_source_that_shrank_is_told_and_the_archive_stays_one() -> None:
    out = io.BytesIO()
    writer = Writer(out)
    assert not writer.add("a", 700, io.BytesIO(b"x" * 10)).whole
    assert writer.add("b", 1, io.BytesIO(b"yz")).whole
    writer.end()
    assert [(part.name, len(part.read(-1))) for part in parts(io.BytesIO(out.getvalue()))] == [("a", 700), ("b", 1)]


def refusal(data: bytes) -> str:
    with pytest.raises(UserError) as caught:
        for part in parts(io.BytesIO(data)):
            part.finish()
    assert caught.value.code == "backup.damaged"
    return caught.value.what


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_anything_but_a_plain_file_is_refused(kind: bytes) -> None:
    header = tarfile.TarInfo("blobs/x")
    header.type, header.linkname = kind, "/etc/passwd"
    assert "plain files" in refusal(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


def test_extended_headers_cut_ends_and_changed_headers_are_refused() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as opened:
        opened.addfile(tarfile.TarInfo("é" * 200))
    assert "plain files" in refusal(out.getvalue())
    whole = archive(("a", b"x" * 600))
    for length in (0, 100, 512, 900, 1100, 1600):
        assert "ends in the middle" in refusal(whole[:length])
    assert "no tar file" in refusal(b"y" + whole[1:])
    assert "no tar file" in refusal(b"\x89PNG" * 1000)
    endless = tarfile.TarInfo("a")
    endless.size = 1 << 60
    assert "ends in the middle" in refusal(endless.tobuf(tarfile.GNU_FORMAT) + b"x" * 2000)


@pytest.mark.parametrize(
    "path",
    ["models", "models/", "/models/a", "models/../keys/x", "models/./a", "models//a", "keys/ca/root.key", "luokuan.db",
     "models/a\\b", "models/a\0", "models/a\nb", "models/" + "x" * 256, "models" + "/a" * 50, "inputs/..",
     "models/\ud800"],
)  # fmt: skip
def test_no_path_leaves_the_folders(path: str) -> None:
    assert not is_inside(path)
    data = Manifest("0001", "", "", 0, [], {"x": path}).to_bytes()
    with pytest.raises(UserError):
        parse_manifest(data)


def test_ordinary_paths_stay() -> None:
    assert all(
        map(is_inside, ("models/mine/config.json", "corpora/词/一 二.txt", "runs/a/b/c/.x", f"inputs/{'a' * 64}"))
    )


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format": 1, "schema": "x"}', b"\xff", b"[" * 100_000])
def test_a_damaged_list_is_told(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        parse_manifest(data)
    assert caught.value.code == "backup.damaged"


def test_a_newer_one_is_told() -> None:
    for changes in ({"schema": "9999"}, {"format": 2}):
        with pytest.raises(UserError) as caught:
            parse_manifest(
                Manifest(
                    **{"schema": "0001", "made_at": "", "luokuan": "", "works": 0, "members": [], **changes}
                ).to_bytes()
            )  # type: ignore[arg-type]
        assert caught.value.code == "backup.newer"
