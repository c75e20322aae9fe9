"""Shape of a voice: what ``config.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from luokuan.models.speech.phonemes import SYMBOLS

RATE = 16_000
"""Samples a second."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """Everything needed to build the networks.

    Args:
        symbols: What its tokens are, in their order: silence, marks, sounds.
        hertz: Median pitch of the speaker.
        rate: Samples a second.
        fft: Samples of a frame's window.
        hop: Samples from one frame to the next.
        mels: Bands that the posterior encoder sees and in which texts are aligned.
        latent: Length of a frame's latent vector.
        width: Channels of text encoder, prior and posterior.
        text_layers: Blocks of the text encoder.
        prior_layers: Blocks of the prior over frames.
        posterior_layers: Blocks of the posterior encoder.
        flows: Coupling layers between prior and posterior.
        flow_width: Their channels.
        decoder_width: Channels of the decoder.
        decoder_layers: Its blocks.
        family: Which loader reads this folder.
        schema: Version of this table.
    """

    symbols: tuple[str, ...] = SYMBOLS
    hertz: float = 200.0
    rate: int = RATE
    fft: int = 768
    hop: int = 192
    mels: int = 80
    latent: int = 32
    width: int = 160
    text_layers: int = 4
    prior_layers: int = 4
    posterior_layers: int = 3
    flows: int = 4
    flow_width: int = 96
    decoder_width: int = 192
    decoder_layers: int = 6
    family: str = "speech"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.family != "speech" or self.schema != SCHEMA:
            raise ValueError(f"family speech, schema {SCHEMA}")
        if not 2 <= len(self.symbols) <= 1_000 or len(set(self.symbols)) != len(self.symbols):
            raise ValueError("symbols are distinct, 2 to 1,000")
        if not (4_000 <= self.rate <= 48_000 and 8 <= self.mels <= 256 and 40 <= self.hertz <= 1_000):
            raise ValueError("rate, mels or hertz is out of range")
        if not 32 <= self.hop <= 1024 or self.fft not in (2 * self.hop, 4 * self.hop, 8 * self.hop):
            raise ValueError("hop lies in 32..1024, fft is 2, 4 or 8 times as large")
        if self.latent % 2 or not 2 <= self.latent <= 256:
            raise ValueError("latent is even, 2 to 256")
        if not all(8 <= value <= 1024 for value in (self.width, self.flow_width, self.decoder_width)):
            raise ValueError("a width is out of range")
        counts = (self.text_layers, self.prior_layers, self.posterior_layers, self.decoder_layers, self.flows)
        if not all(1 <= value <= 32 for value in counts):
            raise ValueError("a number of layers is out of range")

    @property
    def seconds(self) -> float:
        """Of a frame."""
        return self.hop / self.rate

    def to_json(self) -> dict[str, Any]:
        """As written to ``config.json``."""
        return asdict(self)
