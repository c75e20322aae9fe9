"""Signed notes and checkpoints: c2sp.org/signed-note and c2sp.org/tlog-checkpoint, with Ed25519 (RFC 8032)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from luokuan.colophon.tlog.tree import HASH_BYTES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = 1
"""Signature type of plain Ed25519 in c2sp.org/signed-note."""

MAX_NOTE = 16 << 10
"""Longest checkpoint that is read, in bytes; ours have about 200."""
MAX_SIZE = 2**63 - 1
"""Most leaves, as many as the databases can count."""

_DASH = "\N{EM DASH} "
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class LogKey:
    """What verifies the notes of a log. ``name``: the log's origin. ``public``: Ed25519, 32 bytes."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart: SHA-256(name ‖ 0x0A ‖ type ‖ key)[:4]."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([ED25519]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """As other programs want it: NAME+ID+KEY, the ``vkey`` of Go's sumdb/note."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([ED25519]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> LogKey:
        """From what ``text`` gives.

        Raises:
            ValueError: it is no Ed25519 key in that form.
        """
        name, _plus, rest = text.partition("+")
        key_id, _plus, key = rest.partition("+")
        raw = decoded(key)
        if not _NAME.fullmatch(name) or len(raw) != 1 + HASH_BYTES or raw[0] != ED25519:
            raise ValueError("this is no Ed25519 key of a log")
        found = cls(name, raw[1:])
        if found.id.hex() != key_id:
            raise ValueError("the key's number doesn't fit it")
        return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself. ``origin``: its name. ``size``: leaves. ``root``: of the tree, 32 bytes. ``text``: the
    whole signed note. Whether anybody signed it, ``signed_by`` says."""

    origin: str
    size: int
    root: bytes
    text: str

    def signed_by(self, key: LogKey) -> bool:
        """Whether the note carries a good signature by ``key``, and none by it that is bad."""
        # Imported here: most files have no proof beside them, and the process that looks at them starts quickly.
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        body, _blank, lines = self.text.rpartition("\n\n")
        found = False
        for line in lines.splitlines():
            name, _space, value = line.removeprefix(_DASH).partition(" ")
            raw = decoded(value)
            if name != key.name or raw[:4] != key.id:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], f"{body}\n".encode())
            except (InvalidSignature, ValueError):
                return False
            found = True
        return found


def signed(origin: str, size: int, root: bytes, private: Ed25519PrivateKey) -> Checkpoint:
    """A checkpoint, signed. The same values give the same bytes: Ed25519 uses no chance."""
    body = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    key = LogKey(origin, private.public_key().public_bytes_raw())
    signature = base64.b64encode(key.id + private.sign(body.encode())).decode()
    return Checkpoint(origin, size, root, f"{body}\n{_DASH}{origin} {signature}\n")


def parse_checkpoint(data: bytes | str) -> Checkpoint:
    """A checkpoint from its note, without a word on who signed it.

    Raises:
        ValueError: it isn't one.
    """
    if len(data) > MAX_NOTE:
        raise ValueError("a checkpoint isn't that long")
    text = data if isinstance(data, str) else data.decode("utf-8")  # UnicodeDecodeError is a ValueError
    body, blank, lines = text.rpartition("\n\n")
    if _CONTROL.search(text) or not blank or not lines.endswith("\n"):
        raise ValueError("this is no signed note")
    for line in lines[:-1].split("\n"):
        name, space, value = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name) or len(decoded(value)) < 5:
            raise ValueError("this is no line of a signature")
    fields = body.split("\n")
    if len(fields) < 3 or not all(fields) or not _NUMBER.fullmatch(fields[1]) or int(fields[1]) > MAX_SIZE:
        raise ValueError("this is no checkpoint")
    root = decoded(fields[2])
    if len(root) != HASH_BYTES:
        raise ValueError("a root has 32 bytes")
    return Checkpoint(fields[0], int(fields[1]), root, text)


def decoded(text: str) -> bytes:
    """Standard base 64 (RFC 4648, section 4), one text for one value.

    Raises:
        ValueError: it isn't that.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("this is no base 64") from error
    if base64.b64encode(raw).decode() != text:
        raise ValueError("this is no base 64")
    return raw
