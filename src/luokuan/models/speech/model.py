"""A trained voice: strict loading, and saying a text."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import machine
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.speech.config import SpeechConfig
from luokuan.models.speech.networks import Voice
from luokuan.models.speech.phonemes import Reading, read
from luokuan.models.speech.speaking import TEMPERATURE, Made, speak

STORED = "float16"


def weights_of(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Tensors as they are stored: ``voice.*`` in float16; the adversary stays behind."""
    return {f"voice.{name}": value.detach().cpu().half().contiguous()
            for name, value in modules["voice"].state_dict().items()}  # fmt: skip


def expected_tensors(config: SpeechConfig) -> dict[str, tuple[tuple[int, ...], str]]:
    """Name to (shape, dtype) of every tensor that a folder of this config must hold."""
    with torch.device("meta"):
        found = Voice(config).state_dict()
    return {f"voice.{name}": (tuple(value.shape), STORED) for name, value in found.items()}


class SpeechModel:
    """A voice, ready to speak. Runs in float32, one sentence at a time, so that equal seeds give equal sounds."""

    def __init__(self, folder: ModelFolder, config: SpeechConfig, voice: Voice) -> None:
        self.folder, self.config = folder, config
        self.voice = voice.eval().requires_grad_(False).to(machine().device)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> SpeechModel:
        """Load strictly: every tensor present, with the shape and type that the config says.

        Raises:
            UserError: the config is wrong, or tensors are missing, extra, misshapen or not finite.
        """
        config = strict_config(SpeechConfig, folder.config)
        tensors = folder.tensors(expected_tensors(config))
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise UserError(
                _("The weights of {path} hold values that are not finite.", path=folder.path),
                _("Train the model again, or take another copy of it."),
                code="model.not_finite",
            )
        voice = Voice(config)
        voice.load_state_dict({name.removeprefix("voice."): value.float() for name, value in tensors.items()})
        return cls(folder, config, voice)

    @property
    def classes(self) -> tuple[str, ...]:
        """It knows none."""
        return ()

    def say(
        self,
        text: str | Reading,
        *,
        rate: float = 1.0,
        pitch: float = 0.0,
        seed: int = 0,
        temperature: float = TEMPERATURE,
    ) -> Made:
        """Say a sentence; see ``speaking.speak``."""
        reading = read(text) if isinstance(text, str) else text
        return speak(self.voice, reading, rate=rate, pitch=pitch, temperature=temperature, seed=seed)
