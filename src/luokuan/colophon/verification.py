"""Verification: who made a file, with what, when, and whether it is still what was signed."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.colophon.facts import Facts
from luokuan.colophon.formats import FORMATS, HEADER_BYTES, SIDECARS, TEXTS, format_of_header, known_endings
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.formats.html import HEAD_BYTES, HTML, is_labelled
from luokuan.colophon.formats.text import words_of
from luokuan.colophon.sandbox import Limits, Sandbox
from luokuan.colophon.trust import Trust, revocations, trust_of
from luokuan.colophon.verdict import Heard, Verdict, judge, worst
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Text
from luokuan.store.home import Home, find_home
from luokuan.store.secrets import find_watermark_key

if TYPE_CHECKING:
    from luokuan.colophon.fingerprint import Alike
    from luokuan.colophon.fingerprint.register import Register
    from luokuan.store.revocation import Revocation
    from luokuan.store.works import WorkRow

__all__ = ["Limits", "Verdict", "verify_file", "verify_files", "verify_folder", "worst"]

Anchors = Sequence[Path | bytes]
Listen = Callable[[str], Heard | None]
"""From the words of a text to what is heard of a watermark. It comes from a room that knows models."""

_BESIDE = (*SIDECARS, ".proof")
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
    text), or has a manifest beside it. Linked folders are not entered; a folder that can't be entered counts as one
    unreadable file, so that nobody takes the rest for the whole.

    Raises:
        UserError: the folder holds no such file, or an anchor is no PEM certificate.
    """
    files = list(_works(Path(path)))
    if not files:
        raise UserError(
            _("{path} holds no work that can be checked ({formats}).", path=path, formats=known_endings()),
            _("Give a file, or a folder with works."),
            code="verify.empty",
        )
    return list(
        verify_files(files, home, trust_anchors, limits=limits, listen=listen, stamp_anchors=stamp_anchors, lists=lists)
    )


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
    looks, roots, clocks = _Looks(home), known.roots, known.stamp_roots + clocks
    secret, limits = b"" if home is None else find_watermark_key(home) or b"", limits or Limits()
    with Sandbox(roots, anchors, limits, known.groups, clocks, glances=looks.possible, secret=secret) as sandbox:
        for path in paths:
            facts = sandbox.inspect(path)
            revoked = revocations(facts, known, found)
            record, logged = _known(home, facts)
            alike = looks.alike(facts, record)
            yield judge(path, facts, record, _heard(path, facts, listen), revoked, logged=logged, alike=alike)


def _revocations(lists: Anchors, anchors: bytes) -> list[Revocation]:
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
    return [entry for one in data for entry in read_lists(one, anchors)]


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
            elif path.suffix.lower() in endings or entry.name + MANIFEST in names or _begins_like_a_work(path):
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


def _header(path: Path, size: int) -> bytes:
    try:
        # Only regular files are opened: a named pipe would wait for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with path.open("rb") as stream:
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


def _known(home: Home | None, facts: Facts) -> tuple[WorkRow | UserError | None, list[str]]:
    """The home's row about the work that the file names, signed or not, or why it can't be read; and what is known of
    its entry in a log."""
    named = (facts.claim or {}).get("work") or (facts.aigc or {}).get("ProduceID") or facts.mark
    named = named or (facts.watermark or {}).get("id")
    beside = facts.proof is not None or facts.proof_problem is not None
    if not named and not beside:
        return None, []
    # Imported here: most files that are checked are nobody's, and these take time to load.
    from luokuan.colophon.tlog.evidence import public_key, sentences
    from luokuan.store.secrets import find_log_key

    own: bytes | None = None
    if home is not None:
        with contextlib.suppress(UserError):
            own = public_key(find_log_key(home))
    if home is None or not home.database.is_file():
        return None, sentences(facts, None, own)
    from luokuan.store.database import open_database
    from luokuan.store.works import find_work

    try:
        with open_database(home) as database, database.read() as connection:
            record = find_work(connection, named) if named else None
            return record, sentences(facts, connection, own)
    except UserError as error:
        return error if named else None, sentences(facts, None, own)


class _Looks:
    """Which work of the home a file is like; its fingerprints are read once for many files."""

    def __init__(self, home: Home | None) -> None:
        self._home = home
        self._register: Register | None = None
        self.possible = home is not None and home.database.is_file()

    def alike(self, facts: Facts, record: WorkRow | UserError | None) -> Alike | None:
        """The work that it is like; None where none is, it is one byte for byte, or the records can't be read."""
        same = record is not None and not isinstance(record, UserError) and record.blob_sha256 == facts.sha256
        if self._home is None or facts.fingerprint is None or same or isinstance(record, UserError):
            return None
        from luokuan.colophon.fingerprint.register import Register, tells
        from luokuan.store.database import open_database

        if not tells(facts.fingerprint):
            return None
        self._register = self._register or Register(self._home)
        try:
            with open_database(self._home) as database, database.read() as connection:
                return self._register.find(connection, facts.fingerprint)
        except UserError:
            return None
