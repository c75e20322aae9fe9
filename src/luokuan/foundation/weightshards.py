"""Weights that come in several files, as the Hub lays out large models: model.safetensors.index.json names for each
tensor the file that holds it. Here they become one model.safetensors, so that nothing else needs to know of them.

Format: https://huggingface.co/docs/safetensors (u64 length of the header, header as JSON, data).
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luokuan.errors import UserError
from luokuan.files import disk_errors
from luokuan.foundation.modelfolder import HEADER_LIMIT, WEIGHTS
from luokuan.i18n import _

INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"model-[0-9]{5}-of-[0-9]{5}\.safetensors")
"""Names of the files: plain ones, so that an index names nothing outside the folder."""
_BITS = {
    "F64": 64, "I64": 64, "U64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16, "U16": 16,
    "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8,
}  # fmt: skip
_PIECE = 4 << 20
_SHOWN = 80
_NUMBERS = 34
"""Of a tensor: its sides and where it lies."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where a tensor lies: ``start`` counts bytes from the beginning of its file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    start: int
    size: int


def join_shards(folder: Path) -> None:
    """Make one model.safetensors of the files that the index in ``folder`` names, and remove them and the index; until
    that is done they stay. Where there is no index, or a model.safetensors already, nothing happens.

    Raises:
        UserError: a file that the index names is missing, is named by no shard's name, or is damaged; a tensor is in
            none of them, in two, or in another than it says; more or less bytes than it says; no room.
    """
    if not (folder / INDEX).is_file() or (folder / WEIGHTS).exists():
        return
    places, total = _read_index(folder / INDEX)
    found: dict[str, _Tensor] = {}
    for file in sorted(set(places.values())):
        for tensor in _read_shard(folder / file):
            if tensor.name in found:
                raise _damaged(INDEX, _("'{name}' is there twice", name=tensor.name[:_SHOWN]))
            if places.get(tensor.name) != file:
                raise _damaged(INDEX, _("'{name}' is not where it says", name=tensor.name[:_SHOWN]))
            found[tensor.name] = tensor
    if missing := places.keys() - found.keys():
        raise _damaged(INDEX, _("'{name}' is missing", name=min(missing)[:_SHOWN]))
    size = sum(tensor.size for tensor in found.values())
    if total is not None and total != size:
        raise _damaged(INDEX, _("{found} bytes instead of {wanted}", found=size, wanted=total))
    # The widest numbers first, as safetensors itself writes them: each then begins at a multiple of its size.
    _write(folder, sorted(found.values(), key=lambda one: (-_BITS[one.dtype], one.name)))
    for path in [path for path in folder.iterdir() if SHARD.fullmatch(path.name)]:
        path.unlink()  # of files that the index doesn't name nothing stays either
    (folder / INDEX).unlink()


def _read_index(path: Path) -> tuple[dict[str, str], int | None]:
    """The file of each tensor, and the bytes of all, where it says how many."""
    if path.stat().st_size > HEADER_LIMIT:
        raise _damaged(path.name, _("it is larger than {limit} bytes", limit=HEADER_LIMIT))
    try:
        said = json.loads(path.read_bytes(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _damaged(path.name, _("it is not JSON ({why})", why=str(error)[:_SHOWN])) from error
    places = said.get("weight_map") if isinstance(said, dict) else None
    if not isinstance(places, dict) or not places:
        raise _damaged(path.name, _("it names no tensors"))
    for file in places.values():
        if not isinstance(file, str) or not SHARD.fullmatch(file):
            raise _damaged(path.name, _("'{name}' is no name of a file with weights", name=str(file)[:_SHOWN]))
        if (path.parent / file).is_symlink() or not (path.parent / file).is_file():
            raise _damaged(path.name, _("'{name}' is missing", name=file))
    more = said.get("metadata")
    total = more.get("total_size") if isinstance(more, dict) else None
    # Some programs write it as 1.5e9.
    return places, int(total) if isinstance(total, int | float) and 0 <= total < 2**63 else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_("a name is there twice"))
    return found


def _read_shard(path: Path) -> Iterable[_Tensor]:
    """The tensors of a file, which fill it without gaps."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if 8 + length > size or length > HEADER_LIMIT:
            raise _damaged(path.name, _("its header is cut off"))
        header = stream.read(length)
    found, at = [], 8 + length
    try:
        entries = {k: v for k, v in json.loads(header, object_pairs_hook=_once).items() if k != "__metadata__"}
        for name, entry in sorted(entries.items(), key=lambda one: (one[1]["data_offsets"], one[0])):
            name.encode()  # half of a character passes as JSON
            shape, dtype = tuple(entry["shape"]), entry["dtype"]
            (begin, end), bits = entry["data_offsets"], _BITS[dtype]
            numbers = (*shape, begin, end)
            if len(numbers) > _NUMBERS or not all(type(number) is int and 0 <= number < 2**48 for number in numbers):
                raise ValueError(name)
            if 8 + length + begin != at or end - begin != math.prod(shape) * bits // 8:
                raise ValueError(name)
            found.append(_Tensor(name, dtype, shape, path.name, at, end - begin))
            at += end - begin
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path.name, _("its header can't be read")) from error
    if at != size:
        raise _damaged(path.name, _("{found} bytes instead of {wanted}", found=size, wanted=at))
    return found


def _write(folder: Path, tensors: list[_Tensor]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for tensor in tensors:
        header[tensor.name] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [at, at + tensor.size]}
        at += tensor.size
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > HEADER_LIMIT:
        raise _damaged(INDEX, _("it is larger than {limit} bytes", limit=HEADER_LIMIT))
    part = folder / f".{WEIGHTS}.part"
    streams = {file: (folder / file).open("rb") for file in {tensor.file for tensor in tensors}}
    try:
        with disk_errors(part), part.open("wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for tensor in tensors:
                stream, left = streams[tensor.file], tensor.size
                stream.seek(tensor.start)
                while left:
                    left -= out.write(stream.read(min(left, _PIECE)))
        part.rename(folder / WEIGHTS)
    finally:
        part.unlink(missing_ok=True)
        for stream in streams.values():
            stream.close()


def _damaged(file: str, why: str) -> UserError:
    return UserError(
        _("{path} is damaged: {why}.", path=file, why=why),
        _("Take another copy of the model, or train it again."),
        code="model.damaged",
        status=422,
    )
