"""Reading a form that brings one large file: the file goes to where the route says, piece by piece, and never into
memory or a folder of the system's; and not before the fields that stand in front of it were read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from luokuan.errors import UserError
from luokuan.i18n import _

FIELDS, FIELD_BYTES, HEADER_BYTES = 20, 4 << 10, 8 << 10
BUFFER = 1 << 20
"""Bytes that are handed over at once."""
Fields = Mapping[str, str]
Take = Callable[[bytes], Awaitable[None]]


async def read_form_with_file(request: Request, begin: Callable[[Fields], Awaitable[Take]]) -> bool:
    """Read such a form.

    Args:
        begin: Called with the fields before the file, when it begins; returns what takes its bytes.

    Returns:
        Whether there was a file.

    Raises:
        UserError: the body is no such form; or what ``begin`` and what it returned raise.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise _no_form()
    reader = _Reader()
    take: Take | None = None
    buffer = bytearray()
    try:
        parser = MultipartParser(options[b"boundary"], reader.callbacks())  # type: ignore[arg-type]
        async for piece in request.stream():
            parser.write(piece)
            for event, data in reader.heard():
                if event == "begin":
                    take = await begin(dict(reader.fields))
                elif event == "data":
                    buffer += data
                if take is not None and (len(buffer) >= BUFFER or (event == "end" and buffer)):
                    await take(bytes(buffer))
                    buffer.clear()
        parser.finalize()
    except FormParserError as error:
        raise _no_form() from error
    if take is not None and not reader.whole:
        raise _no_form()
    return take is not None


class _Reader:
    """What the parser tells, in order."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.whole = False
        self._events: list[tuple[str, bytes]] = []
        self._name = ""
        self._is_file = self._had_file = False
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._size = 0

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._part_end,
        }

    def heard(self) -> list[tuple[str, bytes]]:
        """What was told since the last time."""
        found, self._events = self._events, []
        return found

    def _part_begin(self) -> None:
        self._header.clear()
        self._value.clear()
        self._disposition, self._size = b"", 0

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._header, data[start:end])

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._value, data[start:end])

    def _grow(self, text: bytearray, data: bytes) -> None:
        self._size += len(data)
        if self._size > HEADER_BYTES:
            raise _no_form()
        text += data

    def _header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _kind, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in options
        if self._is_file:
            if self._had_file:
                raise _no_form()
            self._had_file = True
            self._events.append(("begin", b""))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._events.append(("data", data[start:end]))
        else:
            self._grow_field(data[start:end])

    def _grow_field(self, data: bytes) -> None:
        self._value += data
        if len(self._value) > FIELD_BYTES:
            raise _no_form()

    def _part_end(self) -> None:
        if self._is_file:
            self.whole = True
            self._events.append(("end", b""))
            return
        if len(self.fields) >= FIELDS:
            raise _no_form()
        self.fields[self._name] = self._value.decode("utf-8", "replace")


def _no_form() -> UserError:
    return UserError(
        _("The upload can't be understood."), _("Load the page again and send it once more."), code="upload.form",
        status=422,
    )  # fmt: skip
