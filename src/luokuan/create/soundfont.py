"""A score as sound by a SoundFont (.sf2 or .sf3), which symusic plays."""

from __future__ import annotations

import struct
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from luokuan.create.synthesiser import LOUDEST, RATE, check_length
from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.i18n import _
from luokuan.media import Score, Sound

PLACES = (Path("/usr/share/sounds/sf3"), Path("/usr/share/sounds/sf2"))
"""Where Debian's musescore-general-soundfont-small (MIT) and its like lie."""
INSTALLED = ("MuseScore_General*.sf3", "MuseScore_General*.sf2")
LARGEST = 2 << 30
CHOIR, PIANO = 52, 0
"""General MIDI programs: choir for parts, grand piano for a melody."""
PROGRAMS = 127


def installed() -> Path | None:
    """The SoundFont that the system has, or None."""
    for place in PLACES:
        for pattern in INSTALLED:
            for path in sorted(place.glob(pattern)):
                return path
    return None


def _wrong(path: Path) -> UserError:
    return UserError(
        _("{path} is no SoundFont that can be played.", path=path),
        _("Give a whole .sf2 or .sf3 file to --soundfont, or leave it out."),
        code="sound.soundfont",
    )


def check(path: Path) -> Path:
    """The file, if it begins as a SoundFont and its parts lie within it (SoundFont 2.04, sec. 4): what a native parser
    will believe is looked at first.

    Raises:
        UserError: it can't be read or is none.
    """
    place = expand(path)
    try:
        size = place.stat().st_size
        if not place.is_file() or size > LARGEST:
            raise _wrong(place)
        with place.open("rb") as stream:
            head = stream.read(12)
            if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"sfbk":
                raise _wrong(place)
            end, at, found = 8 + struct.unpack("<I", head[4:8])[0], 12, []
            while at + 12 <= min(end, size):
                stream.seek(at)
                kind, length, name = struct.unpack("<4sI4s", stream.read(12))
                if kind != b"LIST" or at + 8 + length > size:
                    raise _wrong(place)
                found.append(name)
                at += 8 + length
                stream.seek(at)
                at += length % 2 * (stream.read(4) != b"LIST")  # some writers leave the byte out that evens it
            if end > size + 1 or found[:3] != [b"INFO", b"sdta", b"pdta"]:
                raise _wrong(place)
    except OSError as error:
        raise UserError(
            _("{path} can't be read: {why}.", path=place, why=error.strerror or error),
            _("Give a whole .sf2 or .sf3 file to --soundfont, or leave it out."),
            code="sound.soundfont",
        ) from error
    return place


def play(score: Score, path: Path, *, program: int | None = None, rate: int = RATE) -> Sound:
    """A score played by a SoundFont, in two channels.

    Args:
        path: A file that ``check`` has let pass.
        program: General MIDI program, 0 to 127; None: choir for several tracks, else piano.

    Raises:
        UserError: see ``check_length``; or the SoundFont can't be played.
        ValueError: no such program.
    """
    symusic: Any = import_module("symusic")  # its types say less than it does

    check_length(score)
    if program is None:
        program = CHOIR if len(score.tracks) > 1 else PIANO
    if not 0 <= program <= PROGRAMS:
        raise ValueError("a program lies in 0..127")
    whole = symusic.Score(480)
    whole.tempos.append(symusic.Tempo(0, qpm=score.tempo))
    for index, name in enumerate(score.tracks):
        track = symusic.Track(name, program, False)
        notes = [note for note in score.notes if note.track == index]
        rows = [(round(n.start * 480), max(round(n.length * 480), 1), int(n.pitch), int(n.velocity)) for n in notes]
        track.notes.extend([symusic.Note(*row) for row in rows])
        whole.tracks.append(track)
    try:
        found = np.asarray(symusic.Synthesizer(str(path), rate).render(whole, True), dtype=np.float32)
    except TypeError as error:
        # symusic 0.6.0 lacks the conversion of what it has rendered.
        raise UserError(
            _("This version of symusic can't hand over the sound that it renders."),
            _("Run: pip install symusic==0.5.9; or write --soundfont '' for the built-in synthesiser."),
            code="sound.symusic",
        ) from error
    except Exception as error:  # the library raises many kinds
        raise _wrong(path) from error
    found = found.reshape(2, -1) if found.ndim == 2 and found.shape[0] == 2 else np.atleast_2d(found)
    peak = float(np.abs(found).max()) if found.size else 0.0
    if not np.isfinite(found).all() or peak == 0:
        raise _wrong(path)
    return Sound(np.ascontiguousarray(found * (LOUDEST / peak), dtype=np.float32), rate)
