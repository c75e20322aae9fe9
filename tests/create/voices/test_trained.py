"""A trained voice speaks as the others do: words with their times, its card, what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from speechmodels import CONSENT, save_speech_model, voices_as_before

from luokuan.create.speeches import Manner, draft_speech
from luokuan.create.voices.registry import voice_of
from luokuan.create.voices.trained import TrainedVoice, use_model, use_voices
from luokuan.errors import UserError
from luokuan.models.registry import load_voice_model
from luokuan.store.home import Home


@pytest.fixture
def voice(tmp_path: Path) -> TrainedVoice:
    save_speech_model(tmp_path / "mine")
    return TrainedVoice(load_voice_model(str(tmp_path / "mine")))


@pytest.fixture
def tidy() -> Iterator[None]:
    with voices_as_before():
        yield


def test_words_are_as_they_are_written(voice: TrainedVoice) -> None:
    text = "Dr. Smith paid $9.99。 Wasn't it nice？"
    found = list(voice.say(text))
    assert "".join(piece.text for piece in found) == text and len(found) == 2
    words = [word for piece in found for word in piece.sound.words]
    assert "".join(word.text for word in words) == text
    for piece in found:
        times = [(word.start, word.end) for word in piece.sound.words]
        assert all(a < b for a, b in times) and all(b <= c for (_a, b), (c, _d) in itertools.pairwise(times))
        assert times[-1][1] <= piece.sound.seconds and piece.sound.rate == 24_000
        assert np.abs(piece.sound.samples).max() <= 1
        sounds = [phone for phone in piece.phones if phone.end > phone.start]
        assert sounds and all(one.end <= other.start + 1e-9 for one, other in itertools.pairwise(sounds))
    assert voice.can_say("3") and not voice.can_say("…")
    assert list(voice.say("---")) == []


def test_its_card_is_its_corpus(voice: TrainedVoice, tmp_path: Path) -> None:
    card = voice.card
    assert (card.name, card.licence, card.credit, card.consent) == ("mine", "CC0-1.0", "nobody", CONSENT)
    assert card.works_licence == "CC0-1.0" and len(voice.digest) == 64
    save_speech_model(tmp_path / "silent", consent="")
    assert TrainedVoice(load_voice_model(str(tmp_path / "silent"))).card.works_licence == "unknown"


@pytest.mark.usefixtures("tidy")
def test_it_is_asked_for_by_its_name(tmp_path: Path) -> None:
    save_speech_model(tmp_path / "mine", consent="")
    name = use_model(str(tmp_path / "mine"))
    assert name == use_model(str(tmp_path / "mine")) == "mine"
    draft = draft_speech("We saw the moon.", manner=Manner((name,), rate=1.5, pitch=2))
    assert draft.recipe.model == "mine" and draft.recipe.licence == "unknown" and draft.recipe.credit == "nobody"
    assert [word.text for word in draft.media.words] == ["We ", "saw ", "the ", "moon."]
    save_speech_model(tmp_path / "heart")
    with pytest.raises(UserError, match="called 'heart' already"):
        use_model(str(tmp_path / "heart"))
    with pytest.raises(UserError, match="There is no model"):
        use_model("nobody")


@pytest.mark.usefixtures("tidy")
def test_each_home_has_its_own(tmp_path: Path) -> None:
    first, second = (Home(tmp_path / name) for name in ("a", "b"))
    one = save_speech_model(first.models / "mine")
    other = save_speech_model(second.models / "mine", consent="another speaker")
    for home, model in ((first, one), (second, other), (first, one)):
        use_voices(("mine", "heart", "nobody"), home)
        assert voice_of("mine").digest == model.digest
