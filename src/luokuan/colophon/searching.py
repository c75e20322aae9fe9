"""The search for the home's watermark in what was seen of a file, in the process that holds the secret and parses no
file."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from luokuan.colophon.facts import Facts
from luokuan.colophon.formats import SCORES, TEXTS, format_of
from luokuan.colophon.watermark.marking import marker_of
from luokuan.media import Picture

_WITHOUT_SAMPLES = {ending for rows in (TEXTS, SCORES) for row in rows for ending in row.suffixes}


def searched(facts: Facts, secret: bytes) -> Facts:
    """The facts with what a search for the home's watermark found in the trace, which is left out then.

    Args:
        facts: From the process that looked at the file; what it says may be forged.
        secret: That of the home's watermarks.
    """
    if facts.trace is None or facts.media_type is None:
        return facts
    marker = marker_of(format_of(facts.media_type).kind)
    try:
        if marker is None:
            raise ValueError("nothing of this kind carries a mark")
        trace = base64.b64decode(facts.trace, validate=True)
        return replace(facts, trace=None, watermark=marker.search(trace, secret).to_dict())
    except ValueError:
        return replace(facts, trace=None, unseen=True)


def prepare(path: Path) -> None:
    """Load what a search in such a file will need, while another process looks at it: together that takes no longer."""
    if path.suffix.lower() not in _WITHOUT_SAMPLES:
        import scipy.fft  # noqa: F401 - for the search

        marker_of(Picture)
