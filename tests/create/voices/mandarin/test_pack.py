"""Packs are made of recordings, hold what was measured, and refuse damage."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from luokuan.create.voices.mandarin.pack import INDEX, MARKS, SOUNDS, open_pack, without_jumps, write_pack
from luokuan.create.voices.mandarin.speaking import FOLDER
from luokuan.errors import UserError

RATE = 16_000


def recording(hertz: float) -> bytes:
    phase = 2 * np.pi * hertz * np.arange(RATE // 2) / RATE
    voice = sum(np.cos(k * phase) / k for k in range(1, 9)) * 0.2
    samples = np.concatenate([np.zeros(1600), voice, np.zeros(1600)]).astype(np.float32)
    out = io.BytesIO()
    soundfile.write(out, samples, RATE, format="OGG", subtype="OPUS")
    return out.getvalue()


def silence() -> bytes:
    out = io.BytesIO()
    soundfile.write(out, np.zeros(8000, np.float32), RATE, format="OGG", subtype="OPUS")
    return out.getvalue()


def test_what_is_packed_is_measured(tmp_path: Path) -> None:
    made = [("ma1", recording(300.0)), ("ma2", recording(240.0)), ("ma3", recording(180.0)), ("ma4", recording(210.0))]
    assert write_pack(tmp_path, [*made, ("mu1", silence())], RATE) == {"no voice": ["mu1"]}
    pack = open_pack(tmp_path)
    assert "ma1" in pack and "mu1" not in pack
    unit = pack.unit("ma2")
    assert unit.hertz == pytest.approx(240, rel=0.01)
    assert unit.onset == pytest.approx(0.1, abs=0.03) and unit.end == pytest.approx(0.6, abs=0.04)
    assert np.median(np.diff(unit.marks)) == pytest.approx(unit.rate / 240, rel=0.02)
    assert (tmp_path / SOUNDS).read_bytes() == b"".join(data for _name, data in made)
    with pytest.raises(KeyError):
        pack.unit("xx1")


def test_periods_with_a_jump_are_left_out() -> None:
    phase = 2 * np.pi * 200 * np.arange(RATE) / RATE
    samples = np.cos(phase).astype(np.float32)
    samples[8000:] *= 0.3
    marks = np.arange(240, 3 * RATE - 240, 240)
    kept = without_jumps(samples, marks)
    gone = sorted(set(marks) - set(kept))
    assert 1 <= len(gone) <= 3 and all(abs(one - 24_000) < 500 for one in gone)
    assert len(without_jumps(np.cos(phase).astype(np.float32), marks)) == len(marks)


def test_a_damaged_pack_is_refused(tmp_path: Path) -> None:
    for number, spoil in enumerate((INDEX, MARKS)):
        folder = tmp_path / str(number)
        shutil.copytree(FOLDER, folder)
        (folder / spoil).write_bytes(b"{")
        with pytest.raises(UserError) as caught:
            open_pack(folder)
        assert caught.value.code == "voice.pack"


def test_the_voice_holds_what_its_card_says() -> None:
    pack = open_pack(FOLDER)
    assert len(pack.entries) == 1660
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 10_000_000
    size = (FOLDER / SOUNDS).stat().st_size
    assert all(entry["at"] + entry["bytes"] <= size for entry in pack.entries.values())
