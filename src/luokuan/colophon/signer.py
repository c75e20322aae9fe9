"""The certificates with which a manifest was signed, read from its signature box.

The reader tells a serial number, and names that anybody may choose; two authorities can give both away twice. Which
certificate it was is told by its bytes alone. A store is a JUMBF superbox (ISO/IEC 19566-5; C2PA 2.4, section 11.1),
the signature a COSE_Sign1 (RFC 9052) in CBOR (RFC 8949) whose header ``x5chain`` (RFC 9360) holds the certificates,
the signer's first. What has two meanings here has none: readers must not differ in whom they find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_CERTIFICATE = 8 << 10
"""Largest certificate, in bytes, DER."""
MAX_CHAIN = 6
"""Most certificates in a signature."""

LABEL = re.compile(r"[A-Za-z0-9:._-]{1,200}", re.ASCII)
"""A manifest's label as it may stand in an address: no slash, behind which another one could be meant."""

_STORE, _SIGNATURE = "c2pa", "c2pa.signature"
_SIGN1 = 18
_X5CHAIN = (33, "x5chain")
_DEEPEST = 16


def chain_in(store: bytes, label: str) -> tuple[bytes, ...]:
    """The certificates in the signature of one manifest, DER, the signer's first. Says nothing of whether that holds.

    Args:
        store: A whole manifest store, its outermost box first.
        label: The manifest's.

    Raises:
        ValueError: there is no such manifest, there are two, or it is written in a way that could mean two things.
    """
    (outer,) = _superboxes(store)
    if outer.label != _STORE:
        raise ValueError("this is no manifest store")
    manifest = _only(outer, label)
    signature = _only(manifest, _SIGNATURE)
    (data,) = [body for kind, body in _boxes(signature.content) if kind == b"cbor"]
    return _x5chain(data)


@dataclass(frozen=True, slots=True)
class _Superbox:
    label: str
    content: bytes


def _only(box: _Superbox, label: str) -> _Superbox:
    found = [one for one in _superboxes(box.content) if one.label == label]
    if len(found) != 1:
        raise ValueError(f"there are {len(found)} boxes of one label")
    return found[0]


def _superboxes(data: bytes) -> Iterator[_Superbox]:
    for kind, body in _boxes(data):
        if kind != b"jumb":
            continue
        parts = _boxes(body)
        first, about = next(parts, (b"", b""))
        # 16 bytes of type, then toggles: the second bit says that a label follows.
        if first != b"jumd" or len(about) < 18 or not about[16] & 2:
            raise ValueError("a superbox says nothing of itself")
        label, end, _rest = about[17:].partition(b"\0")
        if not end:
            raise ValueError("a label has no end")
        yield _Superbox(label.decode("utf-8"), body[8 + len(about) :])


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        # Nor 0, to the end, nor 1, for more than 4 GiB: no store needs them.
        if not 8 <= size <= len(data) - at:
            raise ValueError("a box is damaged")
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _x5chain(data: bytes) -> tuple[bytes, ...]:
    reader = _Cbor(data)
    found = reader.item()
    reader.finish()
    if isinstance(found, _Tagged) and found.number == _SIGN1:
        found = found.item
    if not isinstance(found, list) or len(found) != 4 or not isinstance(found[0], bytes):
        raise ValueError("this is no COSE_Sign1")
    protected = _Cbor(found[0])
    headers = [protected.item(), found[1]]
    protected.finish()
    if not all(isinstance(header, dict) for header in headers):
        raise ValueError("a header is no map")
    chains = [header[name] for header in headers for name in _X5CHAIN if name in header]
    if len(chains) != 1:
        raise ValueError(f"there are {len(chains)} chains of certificates")
    chain = [chains[0]] if isinstance(chains[0], bytes) else chains[0]
    if not isinstance(chain, list) or not 1 <= len(chain) <= MAX_CHAIN:
        raise ValueError("this is no chain of certificates")
    if not all(isinstance(one, bytes) and 0 < len(one) <= MAX_CERTIFICATE for one in chain):
        raise ValueError("a certificate is none")
    return tuple(chain)


@dataclass(frozen=True, slots=True)
class _Tagged:
    number: int
    item: Any


class _Cbor:
    """Reads CBOR of known lengths: integers, byte and text strings, arrays, maps with keys that differ, tags, and
    simple values, of which nothing is kept."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def finish(self) -> None:
        """Refuse what follows."""
        if self._at != len(self._data):
            raise ValueError("something follows")

    def item(self, depth: int = 0) -> Any:
        """The next item."""
        if depth > _DEEPEST:
            raise ValueError("it is too deep")
        first = self._take(1)[0]
        kind, value = first >> 5, self._value(first & 31)
        match kind:
            case 0:
                return value
            case 1:
                return -1 - value
            case 2:
                return self._take(value)
            case 3:
                return self._take(value).decode("utf-8")
            case 4:
                return [self.item(depth + 1) for _ in range(self._count(value))]
            case 5:
                return self._map(value, depth)
            case 6:
                return _Tagged(value, self.item(depth + 1))
        return None

    def _map(self, count: int, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for _ in range(self._count(count)):
            key = self.item(depth + 1)
            if not isinstance(key, int | str) or key in found:
                raise ValueError("a key is there twice, or is none")
            found[key] = self.item(depth + 1)
        return found

    def _value(self, short: int) -> int:
        if short < 24:
            return short
        if short > 27:  # of unknown length
            raise ValueError("a length is missing")
        return int.from_bytes(self._take(1 << (short - 24)))

    def _count(self, value: int) -> int:
        if value > len(self._data) - self._at:  # an item has a byte at least
            raise ValueError("it is cut short")
        return value

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("it is cut short")
        found = self._data[self._at : end]
        self._at = end
        return found
