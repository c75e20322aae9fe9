"""SoundFonts: a wrong one is refused in one sentence before anything native reads it; a whole one is played."""

from __future__ import annotations

import struct
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from luokuan.create import soundfont
from luokuan.errors import UserError
from luokuan.media import Note, Score

SCORE = Score((Note(0, 1, 69), Note(1, 1, 69)), tempo=120.0)


def part(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def listed(name: bytes, *parts: bytes) -> bytes:
    return part(b"LIST", name + b"".join(parts))


def sine_font() -> bytes:
    """The smallest SoundFont: one preset with one looped sine at 441 Hz."""
    rate, period, count = 44_100, 100, 44_100
    samples = (20_000 * np.sin(2 * np.pi * np.arange(count) / period)).astype("<i2")
    name = b"sine".ljust(20, b"\0")
    end = b"EOP".ljust(20, b"\0")
    info = [part(b"ifil", struct.pack("<HH", 2, 1)), part(b"isng", b"EMU8000\0"), part(b"INAM", b"sine\0\0")]
    hydra = [
        part(b"phdr", name + struct.pack("<HHHIII", 0, 0, 0, 0, 0, 0) + end + struct.pack("<HHHIII", 0, 0, 1, 0, 0, 0)),
        part(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0)),
        part(b"pmod", bytes(10)),
        part(b"pgen", struct.pack("<HHHH", 41, 0, 0, 0)),
        part(b"inst", name + struct.pack("<H", 0) + b"EOI".ljust(20, b"\0") + struct.pack("<H", 1)),
        part(b"ibag", struct.pack("<HHHH", 0, 0, 2, 0)),
        part(b"imod", bytes(10)),
        part(b"igen", struct.pack("<HHHHHH", 54, 1, 53, 0, 0, 0)),
        part(
            b"shdr",
            name + struct.pack("<IIIIIBbHH", 0, count, 100, count - 100, rate, 69, 0, 0, 1)
            + b"EOS".ljust(20, b"\0") + struct.pack("<IIIIIBbHH", 0, 0, 0, 0, 0, 0, 0, 0, 0),
        ),
    ]  # fmt: skip
    smpl = part(b"smpl", samples.tobytes() + bytes(92))
    body = b"sfbk" + listed(b"INFO", *info) + listed(b"sdta", smpl) + listed(b"pdta", *hydra)
    return part(b"RIFF", body)


@pytest.mark.parametrize("change", ["empty", "text", "cut", "size", "order", "wave"])
def test_a_wrong_soundfont_is_refused(tmp_path: Path, change: str) -> None:
    whole = sine_font()
    data = {
        "empty": b"",
        "text": b"no SoundFont at all" * 100,
        "cut": whole[: len(whole) // 2],
        "size": whole[:16] + struct.pack("<I", 2**31) + whole[20:],
        "order": whole.replace(b"sdta", b"xdta"),
        "wave": whole.replace(b"sfbk", b"WAVE"),
    }[change]
    path = tmp_path / "font.sf2"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        soundfont.check(path)
    assert "is no SoundFont" in caught.value.what and caught.value.code == "sound.soundfont"


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        soundfont.check(tmp_path / "absent.sf2")


def test_a_whole_one_is_played(tmp_path: Path) -> None:
    path = tmp_path / "font.sf2"
    path.write_bytes(sine_font())
    assert soundfont.check(path) == path
    if version("symusic") == "0.6.0":  # it can't hand its samples over: one sentence says so
        with pytest.raises(UserError, match="symusic"):
            soundfont.play(SCORE, path)
        return
    found = soundfont.play(SCORE, path)
    assert found.rate == 44_100 and found.samples.shape[0] == 2 and found.seconds >= 0.9
    spectrum = np.abs(np.fft.rfft(found.samples.sum(axis=0)[4000:20_000]))
    assert abs(spectrum.argmax() * 44_100 / 16_000 - 441) < 10


def test_the_system_may_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfont, "PLACES", (tmp_path / "sf3", tmp_path / "sf2"))
    assert soundfont.installed() is None
    (tmp_path / "sf2").mkdir()
    (tmp_path / "sf2/MuseScore_General_Lite.sf2").write_bytes(b"")
    (tmp_path / "sf2/Other.sf2").write_bytes(b"")
    assert soundfont.installed() == tmp_path / "sf2/MuseScore_General_Lite.sf2"


def test_programs_lie_in_their_range(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="program"):
        soundfont.play(SCORE, tmp_path / "x.sf2", program=128)
