"""One more output for an ONNX graph, without the onnx package: the file is Protocol Buffers, read and written by hand.

Only the fields that are needed are looked into (onnx.proto, IR version 3 and later): ModelProto.graph (7),
GraphProto.node (1) and output (12), NodeProto.output (2) and op_type (4), ValueInfoProto.name (1).
"""

from __future__ import annotations

from collections.abc import Iterator

_GRAPH, _NODE, _OUTPUT = 7, 1, 12
_BYTES = 2  # the wire type of strings and messages


def with_output_of(model: bytes, operator: str) -> tuple[bytes, str]:
    """The ``model`` with the first output of its only node of this ``operator`` among its outputs; and its name.

    Raises:
        ValueError: it has no such node, or several, or is no ONNX model.
    """
    parts: list[bytes] = []
    name = ""
    for number, raw, value in _fields(model):
        if number == _GRAPH and value is not None:
            name = _output_of(value, operator)
            added = value + _message(_OUTPUT, _message(1, name.encode()))
            parts.append(_message(_GRAPH, added))
        else:
            parts.append(raw)
    if not name:
        raise ValueError("no graph")
    return b"".join(parts), name


def _output_of(graph: bytes, operator: str) -> str:
    found = []
    for number, _raw, node in _fields(graph):
        if number == _NODE and node is not None:
            own = [(field, value) for field, _raw2, value in _fields(node) if value is not None]
            if (4, operator.encode()) in own:
                found.append(next(value for field, value in own if field == 2).decode())
    if len(found) != 1:
        raise ValueError(f"{len(found)} nodes {operator}")
    return found[0]


def _fields(data: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Number, the whole field as it is encoded, and its bytes if it holds a string or a message."""
    place = 0
    while place < len(data):
        start = place
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        value = None
        if kind == 0:
            _value, place = _varint(data, place)
        elif kind == _BYTES:
            length, place = _varint(data, place)
            value = data[place : place + length]
            if len(value) != length:
                raise ValueError("cut short")
            place += length
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        yield number, data[start:place], value


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise ValueError("cut short")
        value |= (data[place] & 0x7F) << shift
        place += 1
        if not data[place - 1] & 0x80:
            return value, place
        shift += 7


def _message(number: int, data: bytes) -> bytes:
    return _as_varint(number << 3 | _BYTES) + _as_varint(len(data)) + data


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
