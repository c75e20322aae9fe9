"""The English voice: the package hibari-tts (Apache-2.0), a small network that onnxruntime runs.

Its text front end, network and signal processing are used as they are; ours is what it doesn't offer: the times of the
words, from the durations that the network predicts, and another pitch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from luokuan.create.voices.onnx_outputs import with_output_of
from luokuan.create.voices.pieces import LEAD, pieces, silence_after
from luokuan.create.voices.pieces import heard as sounding
from luokuan.create.voices.voice import Card, Phone, Said
from luokuan.create.voices.wording import DIPHTHONGS, MARKS, speakable, timed_words
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Sound

PACKAGE = "hibari-tts"
NAME = "heart"
_GAIN = 1.45  # as loud as the other voice
_EARLY = 0.05
"""Seconds by which sounds are heard before the network's own count of them: there the envelope of seven sentences fits
the loudness of their sounds best."""

CARD = Card(
    name=NAME,
    title="American English, a woman's voice",
    languages=("en-US",),
    licence="Apache-2.0",
    source=f"{PACKAGE}, https://github.com/MMWilliams/hibari: distilled from the voice af_heart of Kokoro-82M",
    credit="",
    consent="A synthetic voice: its maker trained it on what another synthetic voice says. Kokoro-82M in turn was "
    "trained on permissively licensed and mostly synthetic speech, as its maker says; no person is named whose voice "
    "it is.",
    quality="Natural and clear: by pocketsphinx 1 of 413 words wrong among 50 known sentences, 17.7 % by its free "
    "model. Names that its lexicon lacks are guessed, dates are read in the American way.",
)


@dataclass(frozen=True, slots=True)
class _Token:
    """What is read: its ``text`` after numbers were written out, and from where to where its phonemes lie."""

    text: str
    start: int
    stop: int


class English:
    """See ``voice.Voice``."""

    def __init__(self) -> None:
        self._speaker, self._dsp, self._ends = _network()

    @property
    def card(self) -> Card:
        """Whose it is."""
        return CARD

    @property
    def digest(self) -> str:
        """SHA-256 of the network's file and the package's version, which the lexicon goes with."""
        return _digest()

    def can_say(self, text: str) -> bool:
        """Whether there is a Latin letter, a digit or a sign with a name in it."""
        return speakable(text)

    def say(self, text: str, *, rate: float = 1.0, pitch: float = 0.0, seed: int = 0) -> Iterator[Said]:
        """Speak English, sentence by sentence; see ``voice.Voice.say``. ``seed``: of the noise in its consonants."""
        random = np.random.default_rng(seed)
        for written in pieces(text, self.can_say):
            said = self._sentence(written, rate, pitch, random)
            if said is not None:
                yield said

    def _sentence(self, written: str, rate: float, pitch: float, random: np.random.Generator) -> Said | None:
        text = written.translate(MARKS)
        phonemes, tokens = self._read(text.strip())
        ids, places = self._ids(phonemes)
        if len(ids) < 3:
            return None
        feed = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([rate], np.float32)}
        *parts, frames = self._speaker.sess.run(None, feed)
        lh, th, ln, lr, phi, f0 = (part[0] for part in parts)
        samples = self._dsp.synth(lh, th, ln, lr, phi, f0 * np.float32(2 ** (pitch / 12)), random)
        # When each phoneme ends, in seconds: the network counts in frames of its own. The first id is a pad.
        counts = np.asarray(frames, np.float64).reshape(-1)
        ends = counts / counts[-1] * len(samples) / self._dsp.SR
        first, last = sounding(samples)
        lead = max(0.0, first / self._dsp.SR - LEAD)
        ends = np.clip(ends - lead, 0.0, last / self._dsp.SR - lead)
        heard = [(t.text, *_span(t, places, ends)) for t in tokens if any(p in places for p in range(t.start, t.stop))]
        silence = silence_after(written, rate, self._dsp.SR)
        whole = _GAIN * np.concatenate([samples[round(lead * self._dsp.SR) : last], silence])[None]
        sound = Sound(np.clip(whole, -1, 1).astype(np.float32), self._dsp.SR, timed_words(written, heard))
        return Said(sound, written, _phones(phonemes, places, np.maximum(ends - _EARLY, 0.0)))

    def _read(self, text: str) -> tuple[str, list[_Token]]:
        """The phonemes of a sentence, and its tokens."""
        from hibari.g2p.normalize import normalize

        g2p = self._speaker.g2p
        phonemes, tokens = "", []
        for one in g2p.phonemize_tokens(g2p.tokenize(normalize(text))):
            own = g2p.unk if one.phonemes is None else one.phonemes
            tokens.append(_Token(one.text, len(phonemes), len(phonemes) + len(own)))
            phonemes += own + (" " if one.whitespace else "")
        return phonemes, tokens

    def _ids(self, phonemes: str) -> tuple[list[int], dict[int, int]]:
        """The ids of phonemes between pads, and at which of them each phoneme stands; unknown ones are left out."""
        vocabulary = self._speaker.vocab
        ids, places = [0], {}
        for place, letter in enumerate(phonemes):
            if letter in vocabulary:
                places[place] = len(ids)
                ids.append(vocabulary[letter])
        return [*ids, 0], places


def _span(token: _Token, places: dict[int, int], ends: np.ndarray[Any, Any]) -> tuple[float, float]:
    own = [places[place] for place in range(token.start, token.stop) if place in places]
    return float(ends[own[0] - 1]), float(ends[own[-1]])


_STRESS = "ˈˌ"


def _phones(phonemes: str, places: dict[int, int], ends: np.ndarray[Any, Any]) -> tuple[Phone, ...]:
    """The sounds with their times. What the network gives to a mark of stress belongs to the sound after it."""
    found: list[Phone] = []
    begun: float | None = None
    for place, letter in enumerate(phonemes):
        if place not in places:
            continue
        start, end = (round(float(ends[places[place] + step]), 4) for step in (-1, 0))
        start = start if begun is None else begun
        begun = None
        if letter in _STRESS:
            found.append(Phone(letter, start, start))
            begun = start
        elif letter.isalpha() and end > start:
            parts = DIPHTHONGS.get(letter, letter)
            step = (end - start) / len(parts)
            found += [Phone(one, start + k * step, start + (k + 1) * step) for k, one in enumerate(parts)]
    return tuple(found)


@lru_cache(maxsize=1)
def _network() -> tuple[Any, Any, str]:
    """hibari with the ends of its phonemes as one more output, its signal processing, and that output's name."""
    try:
        import onnxruntime
        from hibari import Hibari, dsp
    except ImportError as error:
        raise UserError(
            _("The voice {voice} needs the package {package}, which is not installed.", voice=NAME, package=PACKAGE),
            _("Install {package}, or choose another voice.", package=PACKAGE),
            code="voice.package",
        ) from error
    speaker = Hibari(voice=NAME)
    model, name = with_output_of(Path(speaker.model_path).read_bytes(), "CumSum")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    speaker.sess = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return speaker, dsp, name


@lru_cache(maxsize=1)
def _digest() -> str:
    model = Path(_network()[0].model_path).read_bytes()
    version = metadata.version(PACKAGE)
    return hashlib.sha256(hashlib.sha256(model).hexdigest().encode() + f"\n{PACKAGE} {version}".encode()).hexdigest()
