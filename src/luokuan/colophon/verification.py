"""Verification: who made a file, with what, when, and whether it is still what was signed."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from luokuan.colophon.captions import ENDINGS as CAPTIONS
from luokuan.colophon.facts import Facts
from luokuan.colophon.findings import Finder, Heard
from luokuan.colophon.formats import FORMATS, HEADER_BYTES, SIDECARS, TEXTS, format_of_header, known_endings
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.formats.html import HEAD_BYTES, HTML, is_labelled
from luokuan.colophon.formats.text import MARKDOWN, PLAIN, mark_in, words_of
from luokuan.colophon.sandbox import Limits, Sandbox
from luokuan.colophon.trust import Trust, about_lists, revocations, trust_of
from luokuan.colophon.verdict import Verdict, judge, worst
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Text
from luokuan.store.home import Home, find_home
from luokuan.store.secrets import find_watermark_key

if TYPE_CHECKING:
    from luokuan.store.revocation import RevocationList

__all__ = ["Limits", "Verdict", "verify_file", "verify_files", "verify_folder", "verify_stream", "works_in", "worst"]

Anchors = Sequence[Path | bytes]
Listen = Callable[[str], Heard | None]
"""From the words of a text to what is heard of a watermark. It comes from a room that knows models."""

_BESIDE = (*SIDECARS, *CAPTIONS, ".proof")
_PIECE = 1 << 20
_WORDS = (*PLAIN.suffixes, *MARKDOWN.suffixes)
_TAIL_BYTES = 256
_TEXTS = {row.media_type: row for row in TEXTS}

MAX_ANCHOR = 1 << 20
"""Largest file of root certificates that is read, in bytes; a whole system's trust store has about 220,000."""


def verify_file(
    path: Path | str,
    home: Home | None = None,
    trust_anchors: Anchors = (),
    *,
    limits: Limits | None = None,
    listen: Listen | None = None,
    stamp_anchors: Anchors = (),
    lists: Anchors = (),
) -> Verdict:
    """Check one file, in a child process with limits on time and memory. Nothing is fetched, nothing is written.

    Args:
        path: The file; its name and ending don't matter.
        home: Whose works are ``ours``; default: the home at LUOKUAN_HOME or the user data folder, if there is one.
        trust_anchors: Root certificates to trust as well, as PEM files or PEM bytes.
        limits: What the file may cost.
        listen: Hears a watermark in a text; None: nobody listens.
        stamp_anchors: Root certificates of time-stamp authorities, as PEM files or PEM bytes.
        lists: Revocation lists of signers under ``trust_anchors``, with their issuers' certificates, PEM.

    Returns:
        The verdict; ``unreadable`` for a file of a kind that can't be checked, or that kills or stalls its reader.

    Raises:
        UserError: there is no such file, it is a folder, an anchor is no PEM certificate, a list is signed by nobody
            under one, or the home's root or watermark secret is damaged. (Of a damaged database the evidence speaks;
            the signature doesn't depend on it.)
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UserError(
            _("{path} can't be opened: {reason}.", path=path, reason=error.strerror),
            _("Give the path of a file or folder that is there."),
            code="verify.missing",
            status=404,
        ) from error
    if stat.S_ISDIR(mode):
        raise UserError(
            _("{path} is a folder, not a file.", path=path),
            _("Give a file."),
            code="verify.folder",
        )
    return next(
        verify_files(
            [path], home, trust_anchors, limits=limits, listen=listen, stamp_anchors=stamp_anchors, lists=lists
        )
    )


def verify_folder(
    path: Path | str,
    home: Home | None = None,
    trust_anchors: Anchors = (),
    *,
    limits: Limits | None = None,
    listen: Listen | None = None,
    stamp_anchors: Anchors = (),
    lists: Anchors = (),
) -> list[Verdict]:
    """Check every work in a folder and its subfolders, in the order of their names.

    A file counts when it begins like a picture, a sound, a score or a labelled text, has an ending of theirs (but for
    text), has a manifest beside it, or is a text that ends with a label of ours. Linked folders are not entered; a
    folder that can't be entered counts as one unreadable file, so that nobody takes the rest for the whole.

    Raises:
        UserError: the folder holds no such file, or an anchor is no PEM certificate.
    """
    files = works_in(Path(path))
    return list(
        verify_files(files, home, trust_anchors, limits=limits, listen=listen, stamp_anchors=stamp_anchors, lists=lists)
    )


def works_in(folder: Path) -> list[Path]:
    """The files of a folder that ``verify_folder`` checks.

    Raises:
        UserError: it holds none.
    """
    files = list(_works(folder))
    if not files:
        raise UserError(
            _("{path} holds no work that can be checked ({formats}).", path=folder, formats=known_endings()),
            _("Give a file, or a folder with works."),
            code="verify.empty",
        )
    return files


def verify_stream(
    stream: BinaryIO,
    home: Home | None = None,
    trust_anchors: Anchors = (),
    *,
    limits: Limits | None = None,
    listen: Listen | None = None,
    stamp_anchors: Anchors = (),
    lists: Anchors = (),
) -> Verdict:
    """Check one file that comes through a pipe, nothing beside it; see ``verify_file``.

    No more of it is read than ``limits`` allow. Meanwhile it lies in a file that only its owner can read, because the
    child process reads files. The verdict's path is ``-``.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="luokuan-") as place:
        path = Path(place) / "stdin"
        left = limits.file_bytes + 1  # one too many is enough to be refused
        with path.open("xb") as out:
            while left > 0 and (piece := stream.read(min(left, _PIECE))):
                out.write(piece)
                left -= len(piece)
        verdicts = verify_files(
            [path], home, trust_anchors, limits=limits, listen=listen, stamp_anchors=stamp_anchors, lists=lists
        )
        return replace(next(verdicts), path=Path("-"))


def verify_files(
    paths: Iterable[Path],
    home: Home | None = None,
    trust_anchors: Anchors = (),
    *,
    limits: Limits | None = None,
    listen: Listen | None = None,
    stamp_anchors: Anchors = (),
    lists: Anchors = (),
) -> Iterator[Verdict]:
    """Check several files with one child process; verdicts come as they are found. See ``verify_file``."""
    anchors = b"".join(certificates_in(anchor) for anchor in trust_anchors)
    clocks = b"".join(certificates_in(anchor) for anchor in stamp_anchors)
    found = _revocations(lists, anchors)
    home = home or find_home()
    known = Trust() if home is None else trust_of(home)
    finder, roots, clocks = Finder(home), known.roots, known.stamp_roots + clocks
    secret, limits = b"" if home is None else find_watermark_key(home) or b"", limits or Limits()
    with Sandbox(roots, anchors, limits, known.groups, clocks, glances=finder.possible, secret=secret) as sandbox:
        for path in paths:
            facts = sandbox.inspect(path)
            findings = finder.find(path, facts)
            revoked = revocations(facts, known, found, expired=findings.entered is not None)
            told = about_lists(facts, found)
            yield judge(path, facts, replace(findings, heard=_heard(path, facts, listen), revoked=revoked, lists=told))


def _revocations(lists: Anchors, anchors: bytes) -> list[RevocationList]:
    if not lists:
        return []
    from luokuan.store.revocation import read_lists

    try:
        data = [found if isinstance(found, bytes) else _anchor_bytes(found) for found in lists]
    except OSError as error:
        raise UserError(
            _("{path} can't be opened: {reason}.", path=error.filename, reason=error.strerror),
            _("Give the path of a file that is there."),
            code="verify.crl",
        ) from error
    return [found for one in data for found in read_lists(one, anchors)]


def _heard(path: Path, facts: Facts, listen: Listen | None) -> Heard | None:
    """What is heard in a text; nothing in other files, and in those that can't be read any more."""
    if listen is None or facts.problem is not None or facts.damaged or facts.media_type not in _TEXTS:
        return None
    try:
        data = path.read_bytes()
        return listen(words_of(_TEXTS[facts.media_type].to_text(data)))
    except (OSError, ValueError, LookupError):  # changed since it was looked at
        return None


def _works(folder: Path) -> Iterator[Path]:
    endings = {ending for row in FORMATS if row.kind is not Text for ending in row.suffixes}
    waiting = [folder]  # not os.walk, which calls itself for each level: folders may be a thousand deep
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            yield place  # to be reported as what can't be opened
            continue
        folders, names = [], {entry.name for entry in entries}
        for entry in entries:
            path = place / entry.name
            if _is_folder(entry):
                if not entry.is_symlink():  # linked folders aren't entered: no loops
                    folders.append(path)
            elif any(entry.name.endswith(end) and entry.name.removesuffix(end) in names for end in _BESIDE):
                continue  # looked at with the file beside which it lies
            elif (
                path.suffix.lower() in endings
                or entry.name + MANIFEST in names
                or _begins_like_a_work(path)
                or _ends_like_a_text(path)
            ):
                yield path
        waiting += reversed(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _begins_like_a_work(path: Path) -> bool:
    row = format_of_header(_header(path, HEADER_BYTES))
    # A folder may hold many pages that are nobody's work.
    return row is not None and (row is not HTML or is_labelled(_header(path, HEAD_BYTES)))


def _ends_like_a_text(path: Path) -> bool:
    """Whether it is a text whose end names a work, whatever became of what lay beside it."""
    return path.suffix.lower() in _WORDS and mark_in(_header(path, _TAIL_BYTES, end=True)) is not None


def _header(path: Path, size: int, *, end: bool = False) -> bytes:
    """The first bytes of a file, or the last."""
    try:
        # Only regular files are opened: a named pipe would wait for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with path.open("rb") as stream:
            if end:
                stream.seek(max(0, path.stat().st_size - size))
            return stream.read(size)
    except OSError:
        return b""


_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----")


def certificates_in(anchor: Path | bytes) -> bytes:
    """The certificates of a PEM file, and nothing else that stands in it (a key, for instance).

    Raises:
        UserError: it can't be read, or holds none.
    """
    try:
        data = anchor if isinstance(anchor, bytes) else _anchor_bytes(anchor)
    except OSError as error:
        raise _no_anchor(anchor) from error
    from cryptography import x509

    found = _PEM.findall(data)
    try:
        for certificate in found:
            x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise _no_anchor(anchor) from error
    if not found:
        raise _no_anchor(anchor)
    return b"\n".join(found) + b"\n"


def _anchor_bytes(path: Path) -> bytes:
    # A device has no end, a pipe waits for its other one, and a large file by mistake would fill the memory.
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_ANCHOR:
        return b""
    with path.open("rb") as stream:
        return stream.read(MAX_ANCHOR)


def _no_anchor(anchor: Path | bytes) -> UserError:
    return UserError(
        _("The given root is no certificate in PEM form.")
        if isinstance(anchor, bytes)
        else _("{path} holds no certificate in PEM form.", path=anchor),
        _("Give the signer's root certificate, a text that begins with -----BEGIN CERTIFICATE-----."),
        code="verify.anchor",
    )
