"""Places in a long list, as addresses of pages and programs carry them."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from luokuan.store.library import Mark


def text_of(mark: Mark) -> str:
    """A mark in an address."""
    return base64.urlsafe_b64encode(f"{mark.at.isoformat()}|{mark.id}".encode()).decode().rstrip("=")


def mark_of(text: str) -> Mark | None:
    """The mark in an address; None: the beginning, also where it can't be read."""
    try:
        at, _bar, work_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition("|")
        moment = datetime.fromisoformat(at)
    except (ValueError, binascii.Error):
        return None
    fine = moment.tzinfo is not None and 1900 <= moment.year < 3000 and len(work_id) == 16 and work_id.isalnum()
    return Mark(moment, work_id) if fine else None
