from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from fingerprints import SOUND, wav
from luokuan.colophon.fingerprint import QUALITY, fingerprints_of, glance
from luokuan.colophon.fingerprint import sound as module
from luokuan.colophon.fingerprint.lookup import BIT_ERROR, bit_error, subfingerprints

PROGRAM = module.program()
needs_program = pytest.mark.skipif(PROGRAM is None, reason="no ffmpeg with chromaprint (extra 'media')")
TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg", "m4a": "audio/mp4", "wav": "audio/wav", "flac": "audio/flac"}


def converted(tmp_path: Path, ending: str, *options: str) -> bytes:
    assert PROGRAM is not None
    out = tmp_path / f"a.{ending}"
    subprocess.run([PROGRAM, "-v", "error", "-i", str(SOUND), *options, str(out)], check=True)
    return out.read_bytes()


def bits_of(data: bytes, media_type: str) -> bytes:
    found = glance(data, media_type)
    assert found is not None
    assert found["quality"] >= QUALITY["sound"]
    return bytes.fromhex(found["bits"])


@needs_program
@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("mp3", ("-b:a", "64k")),
        ("opus", ("-b:a", "32k")),
        ("m4a", ("-b:a", "64k")),
        ("wav", ("-ar", "22050")),
        ("flac", ("-af", "volume=0.4", "-ac", "2")),
        ("wav", ("-ss", "0.7", "-to", "6.5")),
    ],
)
def test_a_sound_is_known_again(tmp_path: Path, ending: str, options: tuple[str, ...]) -> None:
    (kept,) = fingerprints_of(SOUND.read_bytes(), "audio/flac") or ()
    again = bits_of(converted(tmp_path, ending, *options), TYPES[ending])
    fit = bit_error(subfingerprints(again), subfingerprints(kept.bits))
    assert fit is not None
    assert fit[0] <= BIT_ERROR * fit[1]


@needs_program
def test_opus_goes_by_the_name_that_works_have(tmp_path: Path) -> None:
    data = converted(tmp_path, "opus", "-b:a", "64k")
    assert bits_of(data, "audio/ogg; codecs=opus") == bits_of(data, "audio/ogg")


@needs_program
def test_silence_and_a_steady_tone_tell_nothing() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000 * 8) / 16_000) * 0.5
    for samples in (tone * 0, tone):
        (kept,) = fingerprints_of(wav(samples), "audio/wav") or ()
        assert kept.quality < QUALITY["sound"]


@needs_program
def test_short_damaged_and_false_files_have_none() -> None:
    whole = SOUND.read_bytes()
    playlist = f"#EXTM3U\n#EXTINF:7,\n{SOUND.as_uri()}\n".encode()
    concat = f"ffconcat version 1.0\nfile '{SOUND}'\n".encode()
    for data in (b"", whole[:50], wav(np.zeros(100)), playlist, concat, b"\0" * 5000):
        for media_type in ("audio/flac", "audio/wav", "audio/mpeg", "audio/ogg", "audio/mp4"):
            if data != wav(np.zeros(100)) or media_type != "audio/mpeg":
                assert fingerprints_of(data, media_type) == (), media_type
                assert glance(data, media_type) is None
    assert fingerprints_of(whole, "audio/unheard-of") == ()


def test_without_a_program_there_is_none_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "program", lambda: None)
    assert fingerprints_of(SOUND.read_bytes(), "audio/flac") is None
    assert glance(SOUND.read_bytes(), "audio/flac") == {"kind": "sound", "problem": "tool"}


def test_a_program_that_knows_no_chromaprint_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    false = tmp_path / "ffmpeg"
    false.write_text("#!/bin/sh\nexit 1\n")
    false.chmod(0o755)
    module.program.cache_clear()
    monkeypatch.setattr(module, "_imageio", lambda: None)
    for path in (str(false), str(tmp_path / "absent"), None):
        module.program.cache_clear()
        monkeypatch.setattr(module.shutil, "which", lambda _name, path=path: path)
        assert module.program() is None
    module.program.cache_clear()


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "ffmpeg"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(module, "program", lambda: str(slow))
    monkeypatch.setattr(module, "MAX_TIME", 0.3)
    assert fingerprints_of(SOUND.read_bytes(), "audio/flac") == ()
