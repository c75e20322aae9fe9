"""What stands in one file, without a judgement: facts for ``verification``, gathered in a process of its own."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from luokuan.colophon import aigc, c2pa_sign, history, manifest, xmp
from luokuan.colophon.facts import UNTRUSTED, Facts
from luokuan.colophon.formats import SIDECARS, Format, format_of_file
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.formats.midi import MidiFormat
from luokuan.colophon.formats.pdf import PdfFormat
from luokuan.colophon.formats.sheet import SheetFormat
from luokuan.colophon.formats.text import TextFormat
from luokuan.colophon.tlog.proof import ENDING as PROOF
from luokuan.colophon.tlog.proof import MAX_PROOF, facts_beside
from luokuan.colophon.trust import HOME, Group
from luokuan.colophon.watermark.finding import Finding
from luokuan.colophon.watermark.marking import marker_of
from luokuan.errors import UserError
from luokuan.files import sha256_bytes

MAX_SIDECAR = 1 << 20
"""Largest file beside another one that is read, in bytes; ours have about 3,000."""


class Inspector:
    """Looks at files.

    Args:
        home_root: The home's roots, PEM, or empty.
        anchors: Other roots, PEM.
        groups: Further certificates of the home's, each with its own rule.
        stamp_anchors: Roots of time-stamp authorities, PEM.
        glances: Whether to look at samples too, for a fingerprint, where the file isn't signed by the home and
            unchanged.
        traces: Whether to look at samples for what a search for watermarks needs. The secret is for whoever searches:
            it isn't here, where strangers' files are parsed.
    """

    def __init__(
        self,
        home_root: bytes = b"",
        anchors: bytes = b"",
        groups: Sequence[Group] = (),
        stamp_anchors: bytes = b"",
        *,
        glances: bool = False,
        traces: bool = False,
    ) -> None:
        self._traces = traces
        self._glances = glances
        # Only what is asked for: the first context knows the home alone, the last one the others.
        asked = [Group(HOME, home_root.decode("ascii")), *groups]
        if anchors:
            asked.append(Group("", anchors.decode("ascii")))
        self._contexts = [(one, c2pa_sign.context(one.anchors.encode("ascii"), stamp_anchors)) for one in asked]

    def inspect(self, path: Path, max_bytes: int) -> Facts:
        """The facts about the file at ``path``. Samples are decoded last, for a fingerprint and to look for a
        watermark, and only as many as ``finish`` lets out, so that a small file can't grow in memory beyond that."""
        try:
            data = _read(path, max_bytes)
        except FileNotFoundError:
            return Facts("missing")
        except OSError:
            return Facts("denied")
        except _NotAFile:
            return Facts("special")
        except _TooLarge:
            return Facts("large")
        return replace(self.inspect_bytes(data, _sidecars(path)), **facts_beside(_beside(path, PROOF, MAX_PROOF)))

    def inspect_bytes(self, data: bytes, sidecars: Mapping[str, bytes] | None = None) -> Facts:
        """The facts about a file in memory, and what lies beside it, by what that adds to the file's name."""
        row = format_of_file(data)
        if row is None:
            return Facts("format")
        sidecars = {} if row.embeds_manifest or sidecars is None else sidecars
        group, reading = self._manifest(data, row, sidecars.get(MANIFEST))
        state = reading.state
        damaged, labels, problem = _labels(data, row, sidecars)
        label: Mapping[str, str] | None = None
        if labels.aigc is not None:
            try:
                label = aigc.parse(labels.aigc).to_dict()
            except UserError as error:
                problem = error.code
        if state == "Broken" and row.embeds_manifest and not _holds_manifest(data):
            # The reader could not parse the file, and there is nothing in it that looks like a manifest.
            state, damaged = "Absent", True
        trace, watermark, unseen = (None, None, False) if damaged else self._trace(data, row)
        return Facts(
            media_type=row.media_type,
            sha256=sha256_bytes(data),
            damaged=damaged,
            state=state,
            home=bool(group) and state == "Trusted",
            own=bool(group) and reading.holds,
            group=group,
            failures=reading.failures,
            serial=reading.serial,
            chain=tuple(one.hex() for one in reading.chain) if state == "Trusted" or reading.holds else (),
            stamped=reading.stamped,
            validity=reading.validity,
            claim=asdict(manifest.read(reading.store)) if reading.store else None,
            aigc=label,
            aigc_problem=problem,
            source=manifest.clean(labels.source),
            mark=row.mark(data) if isinstance(row, TextFormat | MidiFormat | SheetFormat | PdfFormat) else None,
            history=tuple(asdict(step) for step in history.read(reading.store)),
            beside=sha256_bytes(sidecars[MANIFEST]) if MANIFEST in sidecars else None,
            fingerprint=self._glance(data, row.media_type, ours=bool(group) and state == "Trusted"),
            trace=trace,
            watermark=watermark,
            unseen=unseen,
        )

    def _glance(self, data: bytes, media_type: str, *, ours: bool) -> Mapping[str, Any] | None:
        if ours or not self._glances:
            return None
        # Imported here: numpy and Pillow are for those only who ask.
        from luokuan.colophon.fingerprint import glance

        return glance(data, media_type)

    def _trace(self, data: bytes, row: Format) -> tuple[str | None, dict[str, Any] | None, bool]:
        """The trace, or the finding where there is none to search in; and whether samples could not be decoded."""
        marker = marker_of(row.kind) if self._traces else None
        if marker is None:
            return None, None, False
        try:
            samples = row.samples(data)
        except UserError:  # whether the file is damaged is for its container to say: readers differ in what they bear
            return None, None, True
        if samples is None:
            return None, Finding(marker.kind, None, 0.0, 0.0, 1.0, "large").to_dict(), False
        return base64.b64encode(marker.trace(samples)).decode("ascii"), None, False

    def _manifest(self, data: bytes, row: Format, beside: bytes | None) -> tuple[str | None, c2pa_sign.Reading]:
        if beside is None and not row.embeds_manifest:
            return None, c2pa_sign.Reading("Absent", (), {})
        for group, trust in self._contexts:
            reading = c2pa_sign.read(data, row.media_type, trust, beside)
            if UNTRUSTED not in reading.failures and (not group.leaves or reading.leaf in group.leaves):
                return group.name, reading
        return None, _untrusted(reading)


def _untrusted(reading: c2pa_sign.Reading) -> c2pa_sign.Reading:
    """The reading of a file whose signer is under an anchor, but isn't the one who was meant."""
    if reading.state != "Trusted":
        return reading
    return replace(reading, state="Valid", failures=tuple(sorted({*reading.failures, UNTRUSTED})))


def _labels(data: bytes, row: Format, sidecars: Mapping[str, bytes]) -> tuple[bool, xmp.Labels, str | None]:
    """(damaged container, labels, code of a problem)."""
    try:
        return False, row.read_labels(data, sidecars), None
    except UserError as error:
        return error.code == "format.damaged", xmp.Labels(), error.code


def _sidecars(path: Path) -> dict[str, bytes]:
    """What lies beside ``path``; what can't be read counts as absent."""
    found = {ending: _beside(path, ending, MAX_SIDECAR) for ending in SIDECARS}
    return {ending: data for ending, data in found.items() if data is not None}


def _beside(path: Path, ending: str, max_bytes: int) -> bytes | None:
    try:
        return _read(path.with_name(path.name + ending), max_bytes)
    except (OSError, ValueError, _NotAFile, _TooLarge):
        return None


def _holds_manifest(data: bytes) -> bool:
    # A JUMBF superbox whose description box is C2PA's (C2PA 2.4, section 11.1.4).
    return b"jumb" in data and b"jumdc2pa" in data


class _NotAFile(Exception):
    pass


class _TooLarge(Exception):
    pass


def _read(path: Path, max_bytes: int) -> bytes:
    # Without O_NONBLOCK, opening a named pipe would wait for a writer forever.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _NotAFile
        if found.st_size > max_bytes:
            raise _TooLarge
        data = stream.read(max_bytes + 1)  # the file may have grown since
    if len(data) > max_bytes:
        raise _TooLarge
    return data
