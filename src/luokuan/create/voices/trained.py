"""Models that speak: voices of one's own, of the family speech, and how those of others (``hub``) are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from luokuan.create.voices import hub
from luokuan.create.voices.pieces import LEAD, RATE, pieces, silence_after
from luokuan.create.voices.voice import Card, Phone, Said, Voice
from luokuan.create.voices.wording import DIPHTHONGS, MARKS, speakable, timed_words
from luokuan.media import Sound

if TYPE_CHECKING:
    from luokuan.foundation.modelfolder import ModelFolder
    from luokuan.models.speech.model import SpeechModel
    from luokuan.models.speech.phonemes import Reading
    from luokuan.models.vits.model import VitsVoice
    from luokuan.store.home import Home

LANGUAGE = "en"
SPEECH, VITS = "speech", "vits"
"""Families that speak: our own, and that of others."""
_STRESS = {1: "ˌ", 2: "ˈ"}
_PEAK = 0.7
_used: dict[str, str] = {}
"""Digests of the models that are registered, by name."""


class TrainedVoice:
    """See ``voice.Voice``.

    Args:
        model: What was trained.
    """

    def __init__(self, model: SpeechModel) -> None:
        self._model = model
        self._card = card_of(model.folder)

    @property
    def card(self) -> Card:
        """Whose it is: what its training recorded of the corpus."""
        return self._card

    @property
    def digest(self) -> str:
        """The model's."""
        return self._model.folder.digest

    def can_say(self, text: str) -> bool:
        """Whether there is a Latin letter, a digit or a sign with a name in it."""
        return speakable(text)

    def say(self, text: str, *, rate: float = 1.0, pitch: float = 0.0, seed: int = 0) -> Iterator[Said]:
        """Speak English, sentence by sentence; see ``voice.Voice.say``. ``seed``: of its melody and its noise."""
        for number, written in enumerate(pieces(text, self.can_say)):
            said = self._sentence(written, rate, pitch, seed + number)
            if said is not None:
                yield said

    def _sentence(self, written: str, rate: float, pitch: float, seed: int) -> Said | None:
        from luokuan.foundation.corpus.audio import resampled
        from luokuan.models.speech.phonemes import read

        text = written.translate(MARKS)
        reading = read(text.strip())
        if not reading.sounds:
            return None
        made = self._model.say(reading, rate=rate, pitch=pitch, seed=seed % 2**63)
        config = self._model.config
        # Silence before the first sound and behind the last is ours to give.
        ends = np.cumsum(made.counts) * config.seconds
        first, last = max(float(ends[0]) - LEAD, 0.0), float(ends[-2]) + LEAD
        part = made.samples[round(first * config.rate) : round(last * config.rate)]
        samples = resampled(part / max(1.0, float(np.abs(part).max()) / _PEAK), config.rate, RATE)
        times = np.clip(ends - first, 0.0, len(samples) / RATE)
        heard = [(word.text, float(times[word.start - 1]), float(times[word.stop - 1])) for word in reading.words]
        whole = np.concatenate([samples, silence_after(written, rate)])[None]
        return Said(Sound(whole, RATE, timed_words(written, heard)), written, _phones(reading, times.tolist()))


def card_of(folder: ModelFolder) -> Card:
    """Whose the voice in a folder is: what its training recorded of the corpus."""
    learnt, verdicts = folder.training.get("corpus"), folder.training.get("verdicts")
    said = learnt if isinstance(learnt, dict) else {}
    return Card(
        name=folder.name,
        title="English, trained on " + (str(said.get("title") or "") or "an unnamed corpus"),
        languages=("en-US",),
        licence=folder.licence,
        source=str(said.get("source") or ""),
        credit=str(said.get("credit") or ""),
        consent=str(said.get("consent") or ""),
        quality=str(verdicts[0]) if isinstance(verdicts, list) and verdicts else "",
    )


def _phones(reading: Reading, ends: list[float]) -> tuple[Phone, ...]:
    """The sounds with their times, in the International Phonetic Alphabet."""
    found: list[Phone] = []
    begun = 0.0
    for symbol, stress, end in zip(reading.symbols, reading.stresses, ends, strict=True):
        if symbol.isalpha() and end > begun:
            if stress:
                found.append(Phone(_STRESS[stress], begun, begun))
            parts = "ɾ" if symbol == "T" else DIPHTHONGS.get(symbol, symbol)
            step = (end - begun) / len(parts)
            found += [Phone(one, begun + k * step, begun + (k + 1) * step) for k, one in enumerate(parts)]
        begun = end
    return tuple(found)


def use_model(reference: str) -> str:
    """Make a voice that is a model known to the registry: a trained one, or one of somebody else.

    Args:
        reference: A model by name, folder or Hub id.

    Returns:
        The name by which it is asked for.

    Raises:
        UserError: there is no such model, it is no voice, or its name is that of a voice that comes along.
    """
    from luokuan.create.voices.registry import register_model
    from luokuan.foundation.modelfolder import STARTERS
    from luokuan.models.registry import load_voice_model

    model = load_voice_model(reference)
    if model.folder.path.parent == STARTERS:  # the registry has it
        return model.folder.name
    register_model(model.folder.name, _language_of(model.folder), lambda: made_of(model))
    _used[model.folder.name] = model.folder.digest
    return model.folder.name


def use_voices(wanted: Iterable[str], home: Home) -> None:
    """Make those of ``wanted`` known to the registry that are models of the store, and no voices that come along.

    Raises:
        UserError: one of them is no voice, or damaged.
    """
    from luokuan.create.voices.registry import names
    from luokuan.foundation.modelfolder import is_name, read_folder

    for name in dict.fromkeys(wanted):
        path = home.models / name
        if not is_name(name) or not path.is_dir() or (name in names() and name not in _used):
            continue
        # Another home may have a voice of this name, or it may have been trained anew.
        if name not in names() or _used.get(name) != read_folder(path).digest:
            use_model(str(path))


def stored_voices(wanted: Iterable[str], home: Home) -> dict[str, str]:
    """The language of each of ``wanted`` that is a trained voice of the store; none is loaded.

    Raises:
        UserError: one is neither that, nor a voice that comes along.
    """
    from luokuan.create.voices.registry import come_along, unknown
    from luokuan.foundation.modelfolder import is_name, read_folder
    from luokuan.models.registry import VOICES, loader_name

    found = {}
    for name in dict.fromkeys(wanted):
        if name in come_along():
            continue
        path = home.models / name
        if not is_name(name) or not path.is_dir() or loader_name(read_folder(path)) not in VOICES:
            raise unknown(name)
        found[name] = _language_of(read_folder(path))
    return found


def stored_cards(home: Home) -> list[Card]:
    """The cards of the voices among the models in the store, without loading them; starters come along."""
    from luokuan.foundation.modelfolder import STARTERS, list_models
    from luokuan.models.registry import VOICES, loader_name

    cards = {SPEECH: card_of, VITS: hub.card_of}
    own = (folder for folder in list_models(home) if folder.path.parent != STARTERS)
    return [cards[loader_name(folder)](folder) for folder in own if loader_name(folder) in VOICES]


def made_of(model: SpeechModel | VitsVoice) -> Voice:
    """The voice that speaks with a loaded model."""
    from luokuan.models.vits.model import VitsVoice

    return hub.HubVoice(model) if isinstance(model, VitsVoice) else TrainedVoice(model)


def _language_of(folder: ModelFolder) -> str:
    """The language whose runs a voice speaks, as the registry has it."""
    return hub.slot_of(folder) if folder.family == VITS else LANGUAGE
