"""The watermark of sound on the whole way: put in by finish(), claimed where it can be read, found again by verify."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import soundfile
from drafts import sound_draft
from sounds import at_rate, guitar, speech

from luokuan.colophon import c2pa_sign, manifest
from luokuan.colophon.finish import finish
from luokuan.colophon.formats import format_of
from luokuan.colophon.schema import Work
from luokuan.colophon.verification import verify_file
from luokuan.media import Sound
from luokuan.store.home import Home, open_home


def claim_of(work: Work) -> manifest.Claim:
    beside = work.sidecars.get(".c2pa")
    return manifest.read(c2pa_sign.read(work.data, work.media_type, c2pa_sign.context(), beside).store)


@pytest.mark.parametrize("media_type", ["audio/wav", "audio/ogg; codecs=opus", "audio/mp4"])
def test_a_sound_carries_its_work_s_id(home: Home, tmp_path: Path, media_type: str) -> None:
    work = finish(sound_draft(speech()), home=home, media_type=media_type)
    assert claim_of(work).watermark == "org.luokuan.watermark.sound.1"
    samples = format_of(media_type).samples(work.data)
    assert isinstance(samples, Sound)
    # What is left when somebody decodes it, cuts the label off and saves it anew.
    bare = io.BytesIO()
    kept = at_rate(samples, 16_000).samples[:, 16_000:]
    soundfile.write(bare, kept.T, 16_000, format="MP3", subtype="MPEG_LAYER_III")
    (tmp_path / "bare.mp3").write_bytes(bare.getvalue())
    verdict = verify_file(tmp_path / "bare.mp3", home)
    assert verdict.watermark is not None and verdict.watermark["id"] == work.id
    assert verdict.verdict in ("ours_stripped", "marked") and any(
        f"of the work {work.id}" in line for line in verdict.evidence
    )
    other = verify_file(tmp_path / "bare.mp3", open_home(tmp_path / "other"))
    assert other.verdict == "nothing_found"


def test_a_short_sound_and_silence_claim_nothing(home: Home, tmp_path: Path) -> None:
    short = finish(sound_draft(guitar()), home=home, media_type="audio/wav")
    assert claim_of(short).watermark is None
    (tmp_path / "short.wav").write_bytes(short.data)
    verdict = verify_file(tmp_path / "short.wav", home)
    assert verdict.verdict == "ours" and verdict.watermark is not None
    assert verdict.watermark["marked"] and verdict.watermark["id"] is None
