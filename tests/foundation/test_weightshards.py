"""Weights in several files: joined into one, or refused as a whole."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from luokuan.errors import UserError
from luokuan.foundation.weightshards import INDEX, join_shards

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
TENSORS = {
    FIRST: {"half": np.arange(3, dtype=np.float16), "empty": np.zeros((0, 4), np.float32)},
    SECOND: {"wide": np.arange(6, dtype=np.float64).reshape(2, 3), "one": np.array(7, np.int32)},
}


def laid_out(folder: Path) -> dict[str, Any]:
    """Two files and their index, as the Hub has them. Returns the index."""
    for file, tensors in TENSORS.items():
        save_file(tensors, folder / file, metadata={"format": "pt"})
    places = {name: file for file, tensors in TENSORS.items() for name in tensors}
    index = {"metadata": {"total_size": 58}, "weight_map": places}
    (folder / INDEX).write_text(json.dumps(index))
    return index


def refused(folder: Path) -> str:
    """What is said; nothing is written or lost."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(UserError) as caught:
        join_shards(folder)
    assert (caught.value.code, caught.value.status) == ("model.damaged", 422)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert str(folder) not in caught.value.what
    return caught.value.what


def test_several_files_become_one_that_others_read_too(tmp_path: Path) -> None:
    laid_out(tmp_path)
    (tmp_path / "model-00009-of-00009.safetensors").write_bytes(b"of no index")
    join_shards(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    found = load_file(tmp_path / "model.safetensors")
    wanted = {name: tensor for tensors in TENSORS.values() for name, tensor in tensors.items()}
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype and np.array_equal(found[name], tensor)
    # Each begins at a multiple of its size: as a memory map PyTorch reads no others.
    data = (tmp_path / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert length % 8 == 0 and header["wide"]["data_offsets"] == [0, 48] and header["half"]["data_offsets"][0] == 52


def test_one_file_stays_as_it_is(tmp_path: Path) -> None:
    join_shards(tmp_path)
    laid_out(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"whole")
    join_shards(tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == b"whole" and (tmp_path / INDEX).exists()


def _missing_shard(folder: Path, _index: dict[str, Any]) -> None:
    (folder / SECOND).unlink()


def _link(folder: Path, _index: dict[str, Any]) -> None:
    (folder / SECOND).rename(folder / "away")
    (folder / SECOND).symlink_to(folder / "away")


def _twice(folder: Path, _index: dict[str, Any]) -> None:
    save_file({**TENSORS[SECOND], "half": np.zeros(3, np.float16)}, folder / SECOND)


def _elsewhere(_folder: Path, index: dict[str, Any]) -> None:
    index["weight_map"]["half"] = SECOND


def _absent(_folder: Path, index: dict[str, Any]) -> None:
    index["weight_map"]["other"] = FIRST


def _unnamed(_folder: Path, index: dict[str, Any]) -> None:
    del index["weight_map"]["half"]


def _size(_folder: Path, index: dict[str, Any]) -> None:
    index["metadata"]["total_size"] = 57


def _cut(folder: Path, _index: dict[str, Any]) -> None:
    (folder / SECOND).write_bytes((folder / SECOND).read_bytes()[:-1])


def _pickle(folder: Path, _index: dict[str, Any]) -> None:
    (folder / SECOND).write_bytes(b"\x80\x04cposix\nsystem\n.")


def _no_map(_folder: Path, index: dict[str, Any]) -> None:
    index["weight_map"] = [FIRST]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_missing_shard, "missing"),
        (_link, "missing"),
        (_twice, "twice"),
        (_elsewhere, "not where it says"),
        (_absent, "missing"),
        (_unnamed, "not where it says"),
        (_size, "58 bytes"),
        (_cut, "bytes instead of"),
        (_pickle, "header is cut off"),
        (_no_map, "names no tensors"),
    ],
)
def test_an_index_that_doesnt_fit_its_files_is_refused(
    tmp_path: Path, spoil: Callable[[Path, dict[str, Any]], None], said: str
) -> None:
    index = laid_out(tmp_path)
    spoil(tmp_path, index)
    (tmp_path / INDEX).write_text(json.dumps(index))
    assert said in refused(tmp_path)


@pytest.mark.parametrize(
    "file",
    ["../model-00001-of-00002.safetensors", "/etc/passwd", "..", "", "a/model-00001-of-00002.safetensors", 5, None,
     "model-00001-of-00002.bin", "model-00001-of-00002.safetensors\n", "model-００００１-of-00002.safetensors"],
)  # fmt: skip
def test_no_name_leads_elsewhere(tmp_path: Path, file: object) -> None:
    (tmp_path / "model").mkdir()
    index = laid_out(tmp_path / "model")
    save_file(TENSORS[FIRST], tmp_path / FIRST)
    index["weight_map"]["half"] = file
    (tmp_path / "model" / INDEX).write_text(json.dumps(index))
    assert "no name of a file" in refused(tmp_path / "model")


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b"[" * 100_000, b"\xff", b'{"weight_map": {"half": "%b", "half": "%b"}}']
)
def test_an_index_that_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    laid_out(tmp_path)
    (tmp_path / INDEX).write_bytes(text.replace(b"%b", FIRST.encode()))
    assert refused(tmp_path), "one sentence"


BROKEN = st.one_of(
    st.none(), st.integers(-9, 99), st.text(max_size=3), st.lists(st.integers(-9, 99), max_size=3), st.just(2**70)
)


@given(st.sampled_from(["dtype", "shape", "data_offsets", None]), BROKEN)
def test_headers_that_lie_are_refused_politely(
    tmp_path_factory: pytest.TempPathFactory, field: str | None, said: Any
) -> None:
    folder = tmp_path_factory.mktemp("lie")
    laid_out(folder)
    entry: Any = {"dtype": "F16", "shape": [3], "data_offsets": [0, 6]}
    if field is None:
        entry = said
    elif entry[field] == said:
        return
    else:
        entry[field] = said
    header = json.dumps({"half": entry, "empty": {"dtype": "F32", "shape": [0, 4], "data_offsets": [6, 6]}}).encode()
    (folder / FIRST).write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 6)
    assert refused(folder), "one sentence"
