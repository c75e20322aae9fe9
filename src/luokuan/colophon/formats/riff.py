"""RIFF, the container of WebP and WAV: chunks of a name, a length (little-endian) and data, at even places."""

from __future__ import annotations

from collections.abc import Iterator

from luokuan.colophon.formats.base import damaged


def is_form(data: bytes, form: bytes) -> bool:
    """Whether ``data`` begins like a RIFF file of this form."""
    return data[:4] == b"RIFF" and data[8:12] == form


def chunks(data: bytes, form: bytes, name: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of its data, end of its data) of each chunk.

    Raises:
        UserError: the file, of the format ``name``, is damaged.
    """
    if not is_form(data, form):
        raise damaged(name)
    limit = 8 + int.from_bytes(data[4:8], "little")
    if limit > len(data):
        raise damaged(name)
    at = 12
    while at + 8 <= limit:
        start = at + 8
        end = start + int.from_bytes(data[at + 4 : start], "little")
        if end > limit:
            raise damaged(name)
        yield data[at : at + 4], start, end
        at = end + end % 2  # chunks begin at even places
    if at < limit:
        raise damaged(name)


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk."""
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def build(form: bytes, body: bytes) -> bytes:
    """A file of its chunks."""
    return b"RIFF" + (len(form) + len(body)).to_bytes(4, "little") + form + body
