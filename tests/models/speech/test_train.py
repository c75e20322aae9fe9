"""A tiny run: trained, stopped and resumed bit for bit, loaded strictly, said, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from sounds import DATA
from speechmodels import CONSENT, SMALL, TEXTS, save_speech_model, write_corpus

from luokuan.errors import UserError
from luokuan.foundation.corpus.audio import resampled
from luokuan.foundation.corpus.utterances import open_speech
from luokuan.foundation.modelfolder import ModelFolder, read_folder
from luokuan.models.registry import load_model, load_picture_model, load_voice_model
from luokuan.models.speech.card import evaluated_section
from luokuan.models.speech.listening import Listener, errors, words_of
from luokuan.models.speech.measure import Heard, Measured, measure
from luokuan.models.speech.model import SpeechModel
from luokuan.models.speech.sheet import sheet_of
from luokuan.models.speech.train import SpeechRun, SpeechTraining, train_speech
from luokuan.store.home import Home, open_home

SENTENCE = "Mercedes screamed, cried, laughed, and manifested the chaotic abandonment of hysteria."
CHOICES = {**SMALL, "steps": 16, "batch": 4, "adversary_from": 0.8, "rate": 1e-2, "precision": "float32"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    write_corpus(folder / "corpus")
    return folder


@pytest.fixture(scope="module")
def home(place: Path) -> Home:
    return open_home(place / "home")


@pytest.fixture(scope="module")
def trained(place: Path, home: Home) -> ModelFolder:
    found = train_speech(place / "corpus", name="whole", home=home, **CHOICES)
    assert found is not None
    return found


class Deaf:
    """Knows every sentence without figures, and hears nothing."""

    def knows(self, text: str) -> bool:
        return not any(letter.isdigit() for letter in text)

    def expect(self, texts: list[str]) -> None:
        assert texts

    def among(self, samples: NDArray[np.float32]) -> list[str]:
        assert len(samples) and np.isfinite(samples).all()
        return []

    free = among


def test_a_run_learns_and_leaves_a_voice_with_its_card(trained: ModelFolder, home: Home) -> None:
    assert trained.family == "speech" and trained.licence == "CC0-1.0"
    assert trained.training["corpus"]["consent"] == CONSENT and 100 < trained.config["hertz"] < 190
    card = (trained.path / "README.md").read_text(encoding="utf-8")
    assert CONSENT in card and "--adversary-from 0.8" in card and "10 training utterances" in card
    rows = [json.loads(line) for line in (home.runs / "whole/metrics.jsonl").read_text().splitlines()]
    first, last = rows[0], rows[-1]
    assert {"adversary/loss", "voice/features", "validation/said"} <= set(last)
    assert last["voice/mel"] < 0.95 * first["voice/mel"]
    assert list((home.runs / "whole/previews").glob("*.png"))


def test_a_stopped_run_goes_on_bit_for_bit(trained: ModelFolder, place: Path, home: Home) -> None:
    training = SpeechTraining((open_speech(place / "corpus"),), SpeechRun("parts", **CHOICES), home=home, quiet=True)
    loop = training._training

    def stops(steps: int) -> object:  # where the adversary plays
        made = loop(steps)
        step = made.step
        made.step = lambda number: (made.stop() if number == 13 else None, step(number))[1]  # type: ignore[method-assign]
        return made

    training._training = stops  # type: ignore[method-assign, assignment]
    assert training.train()[1] is None
    found = train_speech(place / "corpus", name="parts", home=home, resume=True)
    assert found is not None
    assert (found.path / "model.safetensors").read_bytes() == (trained.path / "model.safetensors").read_bytes()


def test_loading_is_strict_and_speech_repeats(trained: ModelFolder, tmp_path: Path) -> None:
    model = load_voice_model(str(trained.path))
    assert isinstance(model, SpeechModel)
    one = model.say("See the moon.", seed=3)
    assert np.array_equal(one.samples, model.say("See the moon.", seed=3).samples)
    assert not np.array_equal(one.samples, model.say("See the moon.", seed=4).samples)
    assert len(model.say("See the moon.", rate=2.0).samples) < 0.7 * len(one.samples)
    with pytest.raises(UserError, match="makes speech and no pictures"):
        load_picture_model(str(trained.path))
    save_speech_model(tmp_path / "wrong")
    config = json.loads((tmp_path / "wrong/config.json").read_text())
    (tmp_path / "wrong/config.json").write_text(json.dumps(config | {"flows": 3}))
    with pytest.raises(UserError):
        load_model(tmp_path / "wrong")
    assert SpeechModel.from_folder(read_folder(trained.path)).classes == ()


def test_a_plan_tells_of_consent(place: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luokuan.foundation.family.PROBE_STEPS", 2)
    run = SpeechRun("dry", **CHOICES)
    plan = SpeechTraining((open_speech(place / "corpus"),), run, home=home, quiet=True).plan()
    assert plan.unit == "utterances" and plan.training_items == 10 and plan.held_out_items == 1
    assert plan.details["consent"] == CONSENT and plan.gflop_per_item > 0
    assert not (home.runs / "dry").exists()


def test_words_are_heard_beside_recordings(trained: ModelFolder, tmp_path: Path) -> None:
    corpus = open_speech(write_corpus(tmp_path / "c", texts=(*TEXTS, "It is 3.")))
    model, deaf = load_voice_model(str(trained.path)), cast(Listener, Deaf())
    for one in corpus.utterances:
        corpus._splits[one.name] = "test" if int(Path(one.name).stem) >= 8 else "train"
    found = measure(model, corpus, count=2, other=lambda _text: np.zeros(8000, np.float32), listener=deaf)
    assert found.sentences == 2 and found.words in (6, 7) and found.heart == Heard(1.0, 1.0)
    assert found.said == found.recorded == Heard(1.0, 1.0) and found.seconds_ratio > 0 and len(found.examples) == 2
    assert "can't be understood" in found.verdicts()[0]
    assert "recordings" in evaluated_section(found.to_json())
    assert sheet_of(model, corpus).pixels.shape[0] > 2 * 16
    with pytest.raises(UserError, match="4 held-out sentences"):
        measure(model, corpus, count=30, listener=deaf)


def test_what_was_found_is_told() -> None:
    good = Measured(50, 400, 0, Heard(0.02, 0.5), Heard(0.0, 0.1), None, 1.0, "x", ())
    assert len(good.verdicts()) == 2 and "2.0%" in good.verdicts()[0]


def test_a_recording_is_heard_among_sentences() -> None:
    assert errors(["a", "b", "c"], ["a", "x", "c", "d"]) == 2
    listener = Listener()
    assert listener.knows("We saw the moon.") and not listener.knows("Zzyx saw it.") and not listener.knows("Yes.")
    assert not listener.knows("We saw 3 moons.")
    listener.expect(["We saw the moon.", SENTENCE, "Nine men sang a song."])
    samples, rate = soundfile.read(DATA / "arctic_a0407.ogg", dtype="float32")
    assert listener.among(resampled(samples, rate, 16_000)) == words_of(SENTENCE)


@pytest.mark.parametrize(
    ("choice", "option"),
    [({"width": 4}, "--width"), ({"latent": 3}, "--latent"), ({"adversary_from": 1.5}, "--adversary-from"),
     ({"flows": 0}, "--flows"), ({"keep": "first"}, "--keep"), ({"kl": 0}, "--kl"), ({"rate": 1}, "--rate"),
     ({"decoder_width": 4}, "--decoder-width"), ({"decoder_layers": 0}, "--decoder-layers")],
)  # fmt: skip
def test_choices_are_checked(choice: dict[str, object], option: str) -> None:
    with pytest.raises(UserError, match=option):
        SpeechRun("x", **CHOICES | choice).check()
