"""Values in PDF files (ISO 32000-1, 7.3), read within bounds and written."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

MAX_DEPTH = 32
"""Deepest nesting of a value, and longest chain of references to it."""
MAX_TEXT = 1 << 16
"""Longest string, in bytes."""
MAX_WORK = 200_000
"""How much is read of one file: a value counts one, and one more for each ``STEP`` bytes of it."""
STEP = 64

_SPACE = re.compile(rb"(?:[\0\t\n\f\r ]|%[^\r\n]{0,4096}+){0,4096}+")
_NAME = re.compile(rb"/([^\0\t\n\f\r ()<>\[\]{}/%]{0,200})")
_REFERENCE = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]{1,9}(\d{1,5})[\0\t\n\f\r ]{1,9}R(?![A-Za-z0-9])")
_NUMBER = re.compile(rb"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})")
_HEX = re.compile(rb"<([0-9A-Fa-f\0\t\n\f\r ]{0,%d})>" % MAX_TEXT)
_OCTAL = re.compile(rb"[0-7]{1,3}")
_WORDS = {b"true": True, b"false": False, b"null": None}
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Name(str):
    """A name, without its solidus."""

    __slots__ = ()


class Ref(NamedTuple):
    """A reference to an object."""

    number: int
    generation: int


class Stream(NamedTuple):
    """A stream: its dictionary, and its bytes as they lie there."""

    about: dict[str, Any]
    raw: bytes | memoryview


class Work:
    """What is left to be read of one file: of values, and of bytes that are expanded."""

    def __init__(self, expanded: int) -> None:
        self.values, self.bytes = MAX_WORK, expanded

    def read(self, size: int) -> None:
        """A value of ``size`` bytes is read.

        Raises:
            ValueError: that is too much.
        """
        self.values -= 1 + size // STEP
        if self.values < 0:
            raise ValueError("the file holds too much")

    def expand(self, size: int) -> None:
        """So many bytes more are in memory.

        Raises:
            ValueError: that is too much.
        """
        self.bytes -= size
        if self.bytes < 0:
            raise ValueError("the streams are too long")


def skip(data: bytes, at: int, work: Work) -> int:
    """Where what follows blanks and comments begins."""
    found = _SPACE.match(data, at)
    end = at if found is None else found.end()
    work.read(end - at)
    return end


def value_at(data: bytes, at: int, work: Work, depth: int = 0) -> tuple[Any, int]:
    """The value that begins at ``at``, and where it ends. Strings are bytes, dictionaries have names without solidus.

    Raises:
        ValueError: there is none, or it is too deep or too long.
    """
    if depth > MAX_DEPTH:
        raise ValueError("values nest too deep")
    at = skip(data, at, work)
    if data.startswith((b"<<", b"["), at):
        return _several(data, at, work, depth)
    value, end = _single(data, at)
    work.read(end - at)
    return value, end


def _single(data: bytes, at: int) -> tuple[Any, int]:
    if found := _REFERENCE.match(data, at):
        return Ref(int(found[1]), int(found[2])), found.end()
    if found := _NUMBER.match(data, at):
        return (float(found[0]) if b"." in found[0] else int(found[0])), found.end()
    if found := _NAME.match(data, at):
        name = re.sub(rb"#([0-9A-Fa-f]{2})", lambda one: bytes.fromhex(one[1].decode()), found[1])
        return Name(name.decode("latin-1")), found.end()
    if found := _HEX.match(data, at):
        digits = b"".join(found[1].replace(b"\0", b"").split()).decode()
        return bytes.fromhex(digits + "0" * (len(digits) % 2)), found.end()
    if data.startswith(b"(", at):
        return _string(data, at + 1)
    for word, meaning in _WORDS.items():
        if data.startswith(word, at):
            return meaning, at + len(word)
    raise ValueError("there is no value")


def _several(data: bytes, at: int, work: Work, depth: int) -> tuple[Any, int]:
    named = data.startswith(b"<<", at)
    end = b">>" if named else b"]"
    at, values = at + len(end), []
    while not data.startswith(end, at := skip(data, at, work)):
        value, at = value_at(data, at, work, depth + 1)
        values.append(value)
    at += len(end)
    if not named:
        return values, at
    if len(values) % 2 or not all(isinstance(name, Name) for name in values[::2]):
        raise ValueError("a dictionary is damaged")
    return {str(name): value for name, value in zip(values[::2], values[1::2], strict=True)}, at


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """A string in parentheses, which may hold others (7.3.4.2)."""
    out, level, end = bytearray(), 1, min(len(data), at + MAX_TEXT)
    while at < end:
        letter = data[at : at + 1]
        at += 1
        if letter != b"\\":
            level += (letter == b"(") - (letter == b")")
            if not level:
                return bytes(out), at
            out += letter
        elif digits := _OCTAL.match(data, at):
            out.append(int(digits[0], 8) & 255)
            at = digits.end()
        else:
            after = b"\r\n" if data.startswith(b"\r\n", at) else data[at : at + 1]
            out += b"" if after in (b"\r\n", b"\n", b"\r") else _ESCAPES.get(after, after)
            at += len(after)
    raise ValueError("a string is too long")


def text_of(value: Any) -> str | None:
    """A text string (7.9.2.2); None: it is none. What isn't marked as Unicode is taken for Latin-1."""
    if not isinstance(value, bytes):
        return None
    for start, name in ((b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if value.startswith(start):
            return value[len(start) :].decode(name, "replace")
    return value.decode("latin-1")


def written(value: Any) -> bytes:
    """A value as it stands in a file."""
    if isinstance(value, dict):
        return b"<< %b >>" % b" ".join(written(Name(name)) + b" " + written(one) for name, one in value.items())
    if isinstance(value, Ref):
        return b"%d %d R" % value
    if isinstance(value, list):
        return b"[%b]" % b" ".join(written(one) for one in value)
    if isinstance(value, Name):
        return b"/" + re.sub(rb"[^!-~]|[#()<>\[\]{}/%]", lambda one: b"#%02X" % one[0][0], value.encode("latin-1"))
    if isinstance(value, bytes):
        plain = re.fullmatch(rb"[ -~]*", value)
        return b"(%b)" % re.sub(rb"[\\()]", rb"\\\g<0>", value) if plain else b"<%b>" % value.hex().encode()
    if value is None or isinstance(value, bool):
        return next(word for word, meaning in _WORDS.items() if meaning is value)
    return f"{value:.6f}".encode() if isinstance(value, float) else b"%d" % value
