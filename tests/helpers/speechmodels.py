"""Made-up speech and tiny voices for tests: untrained, but whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from luokuan.create.voices import registry
from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.speech.config import SpeechConfig
from luokuan.models.speech.model import weights_of
from luokuan.models.speech.networks import Voice

RATE = 16_000
NARROW = SpeechConfig(
    hertz=150.0, fft=256, hop=128, mels=16, latent=4, width=16, text_layers=1, prior_layers=1, posterior_layers=1,
    flows=2, flow_width=8, decoder_width=16, decoder_layers=1,
)  # fmt: skip
SMALL = {"width": 16, "decoder_width": 16, "decoder_layers": 1, "latent": 4, "flows": 2}
"""Much the same as choices of a run."""
TEXTS = (
    "Good morning.", "How are you?", "See the moon.", "We saw a seal.", "No more rain.", "My name is Sam.",
    "Is it so?", "A lion ran.", "Some are new.", "You own a horse.", "Nine men sang.", "He is home.",
)  # fmt: skip
CONSENT = "The speaker is a formula."


def spoken(text: str, rate: int = RATE) -> NDArray[np.float32]:
    """Pulses at a falling pitch for vowels, hiss for s, quiet humming for the rest: 0.09 s a letter."""
    size = round(0.09 * rate)
    letters = [letter for letter in text.lower() if letter.isalpha()]
    noise = np.random.default_rng(len(text))
    hertz = np.repeat(np.linspace(180, 120, len(letters)), size)
    phase = np.cumsum(hertz) / rate
    pulses = sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 12))
    loud = np.repeat([0.2 if one in "aeiouy" else 0.0 if one == "s" else 0.06 for one in letters], size)
    hiss = np.repeat([0.05 if one == "s" else 0.001 for one in letters], size)
    return np.asarray(loud * pulses + hiss * noise.standard_normal(len(hertz)), np.float32)


def write_corpus(folder: Path, *, texts: tuple[str, ...] = TEXTS, consent: str = CONSENT) -> Path:
    """A recording of each text, told by metadata.csv."""
    (folder / "audio").mkdir(parents=True)
    rows = ["id|text"]
    for index, text in enumerate(texts):
        soundfile.write(folder / f"audio/{index:02}.wav", spoken(text), RATE)
        rows.append(f"{index:02}|{text}")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = f"title: Formulas\nlicence: CC0-1.0\nsource: made up\ncredit: nobody\nconsent: {consent}\n"
    (folder / "card.yaml").write_text(said, encoding="utf-8")
    return folder


@contextmanager
def voices_as_before() -> Iterator[None]:
    """Whatever voices become known meanwhile are forgotten afterwards."""
    before = dict(registry._ROWS)
    try:
        yield
    finally:
        registry._ROWS.clear()
        registry._ROWS.update(before)
        registry._MODELS.clear()
        registry.voice_of.cache_clear()


def save_speech_model(path: Path, *, consent: str = CONSENT, training: dict[str, Any] | None = None) -> ModelFolder:
    """Write an untrained voice."""
    torch.manual_seed(0)
    corpus = {"licence": "CC0-1.0", "digest": "d" * 64, "title": "Formulas", "credit": "nobody", "consent": consent}
    return save_folder(
        path,
        config=NARROW.to_json(),
        tensors=weights_of({"voice": Voice(NARROW)}),
        training=training or {"corpus": corpus},
        card="# Test\n",
    )
