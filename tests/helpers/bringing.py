"""Archives of corpora, honest and hostile."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from people import Browser
from PIL import Image


def picture(number: int, side: int = 40) -> bytes:
    """A PNG of noise: each number its own."""
    pixels = np.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes | str], **changes: Any) -> bytes:
    """A zip archive with these files; ``changes``: attributes of every entry."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it is, whatever it holds
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in changes.items():
                setattr(info, attribute, value)
            archive.writestr(info, data)
    return buffer.getvalue()


def pictures(count: int = 24, side: int = 40, folder: str = "photos/") -> dict[str, bytes | str]:
    """Files of a corpus of two classes, with a card, in one folder as programs pack it."""
    found: dict[str, bytes | str] = {
        f"{folder}{'ab'[number % 2]}/{number:03}.png": picture(number, side) for number in range(count)
    }
    return {**found, f"{folder}card.yaml": "title: Noise\nlicence: CC0-1.0\n"}


def bring(browser: Browser, name: str, archive: bytes, piece: int = 1 << 20, kind: str = "corpus") -> Any:
    """Upload as the page's script does, and wait until it is unpacked. Returns the last answer."""
    headers = {"x-csrf-token": browser.token, "hx-request": "true"}
    answer = browser.client.post(
        "/train/uploads", data={"kind": kind, "name": name, "size": len(archive)}, headers=headers
    )
    if answer.status_code != 200:
        return answer
    found = answer.json()
    at = found["at"]
    while at < len(archive):
        path = f"/train/uploads/{found['id']}/pieces?at={at}"
        answer = browser.client.post(path, content=archive[at : at + piece], headers=headers)
        if answer.status_code != 200:
            return answer
        at = answer.json()["at"]
    return unpacked(browser, browser.client.post(f"/train/uploads/{found['id']}/finish", headers=headers))


def unpacked(browser: Browser, answer: Any) -> Any:
    """The answer to the end of an upload, once it is known what became of it: it leads to the corpus, or to what is
    wrong."""
    place, until = answer.headers.get("location", ""), time.monotonic() + 120
    while place.startswith("/train/uploads/") and time.monotonic() < until:
        page = browser.get(place)
        if page.status_code == 303:
            return page
        if 'hx-trigger="every 1s"' not in page.text:
            return answer
        time.sleep(0.1)
    return answer
