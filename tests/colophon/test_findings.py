"""What proves that a file is a work of this home, and what doesn't: on real files."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from drafts import draft, score_draft
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fingerprints import PICTURES, picture_of, saved
from luokuan.colophon.findings import SHARED, shared_part
from luokuan.colophon.finish import finish
from luokuan.colophon.formats import format_of, png
from luokuan.colophon.reference import locate
from luokuan.colophon.schema import Draft, Work
from luokuan.colophon.verdict import Verdict
from luokuan.colophon.verification import Limits, verify_file, verify_stream
from luokuan.colophon.watermark.marking import marker_of
from luokuan.media import Picture
from luokuan.store.home import Home, open_home
from luokuan.store.secrets import watermark_key


def large(name: str) -> Image.Image:
    return picture_of(name).resize((768, 768))


def photo(home: Home, name: str = PICTURES[0]) -> Work:
    return finish(Draft(Picture(np.asarray(large(name))), draft().recipe), home=home)


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def opened(work: Work) -> Image.Image:
    return Image.open(io.BytesIO(work.data))


def said(verdict: Verdict, words: str) -> bool:
    return any(words in sentence for sentence in verdict.evidence)


def test_a_copy_without_metadata_is_ours_by_mark_and_look(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    path = put(tmp_path / "a.jpg", saved(opened(work), "JPEG", quality=60))
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.work, verdict.unchanged, verdict.exit_code) == ("ours_stripped", work.id, None, 1)
    assert {"records", "watermark", "fingerprint"} <= {about for about, _sentence in verdict.table}
    found = locate(path, home)
    assert found.row is not None and found.row.id == work.id, "lineage knows it too"
    assert locate(path, open_home(tmp_path / "stranger")).row is None


def test_our_mark_on_another_picture_is_not_our_work(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    marker = marker_of(Picture)
    assert marker is not None
    # As somebody would do who has guessed the pattern.
    other = marker.embed(Picture(np.asarray(large(PICTURES[1]))), work.id, watermark_key(home))
    assert isinstance(other, Picture)
    path = put(tmp_path / "a.png", saved(Image.fromarray(other.pixels), "PNG"))
    verdict = verify_file(path, home)
    assert verdict.watermark is not None and verdict.watermark["id"] == work.id
    assert (verdict.verdict, verdict.work, verdict.exit_code) == ("marked_unlike", work.id, 1)
    assert said(verdict, f"It is unlike the work {work.id}, whose mark it carries.")
    assert locate(path, home).row is None


def test_a_small_part_of_a_work_says_both_ways_how_it_may_have_come_about(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    path = put(tmp_path / "a.png", saved(opened(work).crop((0, 0, 560, 560)), "PNG"))
    verdict = verify_file(path, home)
    assert verdict.verdict == "marked_unlike" and "cropped" in verdict.summary


def test_our_manifest_in_a_picture_of_somebody_else_proves_nothing(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    chunks = {name: work.data[start:end] for name, start, end in _png_chunks(work.data)}
    bare = saved(large(PICTURES[2]), "PNG")
    packet = format_of("image/png").read_xmp(work.data)
    assert packet is not None
    labelled = png.embed_xmp(bare, packet)
    at = labelled.index(b"IDAT") - 4
    verdict = verify_file(put(tmp_path / "a.png", labelled[:at] + chunks[b"caBX"] + labelled[at:]), home)
    assert (verdict.verdict, verdict.unchanged, verdict.exit_code) == ("altered", False, 1)
    assert said(verdict, "Its manifest was signed with this home's own key")
    assert said(verdict, "A manifest can be copied into any file")


def _png_chunks(data: bytes) -> list[tuple[bytes, int, int]]:
    found, at = [], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4])
        found.append((data[at + 4 : at + 8], at, end))
        at = end
    return found


@pytest.mark.parametrize("change", ["bit", "more"])
def test_a_damaged_work_is_ours_by_its_bytes(home: Home, tmp_path: Path, change: str) -> None:
    work = photo(home)
    damaged = bytearray(work.data)
    damaged[len(damaged) // 2] ^= 1
    data = {"bit": bytes(damaged), "more": work.data + b"more"}[change]
    verdict = verify_file(put(tmp_path / "a.png", data), home)
    assert (verdict.verdict, verdict.unchanged, verdict.work) == ("ours_changed", False, work.id)
    stranger = verify_file(tmp_path / "a.png", open_home(tmp_path / "stranger"), [home.root_certificate])
    assert (stranger.verdict, stranger.work is None) == ("altered", False)


def test_a_score_whose_notes_were_changed(home: Home, tmp_path: Path) -> None:
    work = finish(score_draft(), home=home, media_type="audio/midi")
    for ending, data in work.sidecars.items():
        put(tmp_path / f"a.mid{ending}", data)
    changed = bytearray(work.data)
    changed[-10] ^= 1
    assert verify_file(put(tmp_path / "a.mid", bytes(changed)), home).verdict == "ours_changed"
    # A score of somebody else beside our manifest.
    other = finish(score_draft(), home=open_home(tmp_path / "other"), media_type="audio/midi").data
    noise = bytes(byte ^ (place % 3 == 0) for place, byte in enumerate(other[60:]))
    assert verify_file(put(tmp_path / "a.mid", other[:60] + noise), home).verdict == "altered"


def test_a_manifest_of_a_stranger_beside_our_bytes_is_no_proof_in_time(home: Home, tmp_path: Path) -> None:
    from datetime import timedelta

    from drafts import home_with_leaf, text_draft

    other = home_with_leaf(tmp_path / "other", timedelta(seconds=1))
    stranger = finish(text_draft(), home=other, media_type="text/plain")
    work = finish(text_draft(), home=home, media_type="text/plain")
    put(tmp_path / "a.txt", work.data)
    put(tmp_path / "a.txt.c2pa", stranger.sidecars[".c2pa"])
    assert verify_file(tmp_path / "a.txt", home).verdict == "ours_changed"


def test_a_file_through_a_pipe(home: Home, tmp_path: Path) -> None:
    work = photo(home)
    verdict = verify_stream(io.BytesIO(work.data), home)
    assert (verdict.verdict, str(verdict.path)) == ("ours", "-")
    assert verify_stream(io.BytesIO(b""), home).verdict == "unreadable"
    # No more is read than the limit allows, however much comes.
    with Path(os.devnull.replace("null", "zero")).open("rb") as endless:
        verdict = verify_stream(endless, home, limits=Limits(file_bytes=3 << 20))
    assert verdict.verdict == "unreadable" and "larger than the limit" in verdict.evidence[0]


@given(st.binary(max_size=400), st.binary(max_size=40), st.integers(0, 400))
def test_shared_bytes_are_a_share(data: bytes, more: bytes, at: int) -> None:
    assert shared_part(data, data) == 1.0
    spliced = data[:at] + more + data[at:]
    share = shared_part(data, spliced)
    assert share == shared_part(spliced, data)
    assert 0 <= share <= 1 and share >= len(data) / max(1, len(spliced)) - 1e-9
    assert shared_part(data, bytes(byte ^ 255 for byte in data)) == (0.0 if data else 1.0)


def test_a_manifest_alone_is_too_small_a_part() -> None:
    manifest, mine, theirs = b"m" * 14_000, os.urandom(100_000), os.urandom(100_000)
    assert shared_part(manifest + mine, manifest + theirs) < SHARED
    assert shared_part(manifest + mine, manifest + mine[:-100]) > SHARED
