"""How a voice learns, as the training loop plays it: all its networks at once; towards the end against an adversary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.errors import UserError
from luokuan.foundation.compute import mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import adam, cosine
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.codec.objective import hinge_decoder, hinge_discriminator, over_stages
from luokuan.models.sound.objective import SpectralDistance, energy_distance
from luokuan.models.speech import objective
from luokuan.models.speech.adversary import Adversary
from luokuan.models.speech.alignment import diagonal, durations
from luokuan.models.speech.config import SpeechConfig
from luokuan.models.speech.listening import Listener, errors, words_of
from luokuan.models.speech.material import Batch, Line, batch_of, statistics
from luokuan.models.speech.networks import Voice, log_likelihood, mask_of, part_of, spread
from luokuan.models.speech.picture import page
from luokuan.models.speech.speaking import speak

WINDOW = 64
"""Frames of the part of each utterance that prior, flow and posterior learn of in a step. VITS takes whole utterances;
of a part a step costs a fifth, and short and long ones the same."""
DECODED = 32
"""Those in its middle that are decoded (VITS, sec. 3.2: windowed training)."""
BEYOND = 8
"""Frames by which parts are drawn beyond both ends and then moved inside, so that ends are heard as often."""
VALIDATED = 16
"""Most held-out utterances that a validation looks at."""
HEARD = 20
"""Most of which words are counted."""
FEWEST_HEARD = 5
"""Fewest of which they are: a grammar of fewer sentences is guessed."""


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """How a voice learns.

    Args:
        rate: Adam's rate at the start.
        rate_end: At the end (cosine).
        adversary_from: Progress from which the discriminator plays; 1: never. Spectra are learnt quicker without it.
        adversary_rate: Its rate.
        adversary: Weight of what it says.
        features: Weight of the distance in its inner maps (VITS: 2).
        mel: Weight of the log-mel distance (VITS: 45).
        energy: Weight of the spectral energy distance, which keeps noise noisy where the other would smooth it away.
        kl: Weight of the KL (VITS: 1).
        dropout: Share dropped in text encoder and prior (VITS: 0.1).
        length_dropout: In the predictor of durations (VITS: 0.5).
        diagonal_until: Progress up to which a prior along the diagonal helps the alignment, ever less.
    """

    rate: float = 1e-3
    rate_end: float = 5e-5
    adversary_from: float = 0.7
    adversary_rate: float = 3e-4
    adversary: float = 1.0
    features: float = 2.0
    mel: float = 45.0
    energy: float = 10.0
    kl: float = 1.0
    dropout: float = 0.1
    length_dropout: float = 0.5
    diagonal_until: float = 0.05


@dataclass(slots=True)
class Aligned:
    """A batch whose frames know their tokens."""

    h: Tensor
    counts: Tensor
    mel: Tensor
    frames: Tensor
    text_loss: Tensor
    length_loss: Tensor


class SpeechLearning:
    """A voice and its adversary as one objective of the training loop.

    Args:
        config: Its shape.
        settings: How it learns.
        lines: What to learn from.
        held_out: For validation; may be empty.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: SpeechConfig,
        settings: SpeechSettings,
        lines: Sequence[Line],
        *,
        held_out: Sequence[Line],
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings = config, settings
        self._lines, self._held_out, self._device = lines, held_out, device
        torch.manual_seed(mix_seed(seed, "weights"))
        self.voice = Voice(config, settings.dropout, settings.length_dropout).to(device)
        self.adversary = Adversary().to(device)
        for buffer, value in zip((self.voice.posterior.level, self.voice.posterior.spread), statistics(lines),
                                 strict=True):  # fmt: skip
            buffer.copy_(value)
        self.distance = SpectralDistance().to(device)
        self._optimisers = {
            "voice": adam(self.voice.parameters(), rate=settings.rate, betas=(0.8, 0.99), decay=0.01),
            "adversary": adam(self.adversary.parameters(), rate=settings.adversary_rate, betas=(0.8, 0.99), decay=0.01),
        }
        self._shown: dict[int, tuple[Tensor, Tensor]] = {}
        self._progress = 0.0
        self._listener: Listener | None = None

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """Voice and adversary."""
        return {"voice": self.voice, "adversary": self.adversary}

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Adam for each."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """The voice's average is what is kept."""
        return ("voice",)

    def items(self) -> int:
        """Utterances."""
        return len(self._lines)

    def batch(self, indices: NDArray[np.int64]) -> Batch:
        """The utterances at ``indices``."""
        return batch_of([self._lines[index] for index in indices.tolist()], self.config, self._device)

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """The voice's; from ``adversary_from`` on the adversary's too, on the sounds that the voice has just made."""
        settings = self.settings
        self._progress = step / max(steps - 1, 1)
        plays = settings.adversary_from < 1 and self._progress >= settings.adversary_from
        yield Phase(
            "voice",
            list(self.voice.parameters()),
            self._optimisers["voice"],
            cosine(settings.rate, settings.rate_end, warm_up=min(100, steps // 10)),
            self._judged_loss if plays else self._voice_loss,
            frozen=[self.adversary],
            clip=5.0,
        )
        if plays:
            yield Phase(
                "adversary",
                list(self.adversary.parameters()),
                self._optimisers["adversary"],
                cosine(settings.adversary_rate, settings.adversary_rate / 5),
                self._adversary_loss,
                clip=5.0,
            )

    def _judged_loss(self, batch: Batch, part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        return self._voice_loss(batch, part, judged=True)

    def _voice_loss(
        self, batch: Batch, part: int, *, judged: bool = False
    ) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        settings, voice = self.settings, self.voice
        found = self._aligned(voice, batch)
        longest = batch.mel.shape[1]
        room = (batch.frames - WINDOW).clamp_min(0)
        starts = torch.rand(len(batch), device=room.device) * (room + 1 + 2 * BEYOND) - BEYOND
        starts = torch.minimum(starts.floor().long().clamp_min(0), room)
        index, place = (part_of(x, starts, WINDOW) for x in spread(found.counts, longest))
        mel, hertz, mask = (part_of(x, starts, WINDOW) for x in (found.mel, batch.hertz, found.frames.transpose(1, 2)))
        frames = mask.transpose(1, 2)
        told, prior_mean, prior_deviation = voice.prior.of_frames(index, place, found.h, frames)
        z, deviation = self._drawn(voice, mel, hertz, frames)
        kl = objective.kl_sampled(voice.flow(z, told, frames), deviation, prior_mean, prior_deviation, mask)
        pitch = objective.pitch_loss(*voice.decoder.heard_pitch(z), hertz, self.config.hertz, frames[:, 0])
        inner = slice((WINDOW - DECODED) // 2, (WINDOW + DECODED) // 2)
        samples = part_of(batch.samples.unflatten(1, (-1, self.config.hop)), starts, WINDOW)
        real = samples[:, inner].flatten(1)
        made, other = self._decoded(z[:, inner], hertz[:, inner], real)
        x, y, w = (self.distance.spectra(sound) for sound in (real, made, other))
        energy = energy_distance(self.distance(x, y), self.distance(x, w), self.distance(y, w))
        mel = objective.mel_distance(voice.mel(real), voice.mel(made)).mean()
        loss = settings.mel * mel + settings.energy * energy + settings.kl * kl + pitch
        loss = loss + 10 * found.text_loss + found.length_loss
        figures = {"mel": mel, "energy": energy, "kl": kl, "pitch": pitch, "text": found.text_loss,
                   "length": found.length_loss}  # fmt: skip
        if judged:
            with torch.no_grad():
                _real, known = self.adversary(real)
            logits, maps = self.adversary(made)
            fooling = over_stages(hinge_decoder, logits)
            features = objective.feature_distance(known, maps)
            loss = loss + settings.adversary * fooling + settings.features * features
            figures |= {"fooling": fooling, "features": features}
            self._shown[part] = (real, made.detach())
        return loss, {name: value.detach() for name, value in figures.items()}

    def _aligned(self, voice: Voice, batch: Batch) -> Aligned:
        """Read the batch, find the frames of each token, and what text encoder and durations lose by them."""
        tokens = mask_of(batch.tokens, batch.symbols.shape[1])
        frames = mask_of(batch.frames, batch.mel.shape[1])
        h, means, longs = voice.text(batch.symbols, batch.stresses, tokens)
        mel = voice.posterior.standard(batch.mel) * frames.transpose(1, 2)
        with torch.autocast(mel.device.type, enabled=False):
            means = means.float()
            counts = self._counts(log_likelihood(mel, means.detach()), batch)
            index, _place = spread(counts, mel.shape[1])
            held = means.gather(1, index[..., None].expand(-1, -1, means.shape[2]))
            text = objective.prior_loss(mel, held, frames.transpose(1, 2))
            length = objective.duration_loss(longs, counts, tokens[:, 0])
        return Aligned(h, counts, mel, frames, text, length)

    def _counts(self, scores: Tensor, batch: Batch) -> Tensor:
        tokens, frames = batch.tokens.cpu().numpy(), batch.frames.cpu().numpy()
        told = scores.cpu().numpy()
        until = self.settings.diagonal_until
        if self._progress < until:
            weight = 0.1 * self.config.mels * (1 - self._progress / until)
            told = told + np.float32(weight) * diagonal(tokens, frames)
        return torch.from_numpy(durations(told, tokens, frames)).to(scores.device)

    def _drawn(self, voice: Voice, mel: Tensor, hertz: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Latents from the posterior, and its log deviations, (B, T, D)."""
        octaves = torch.where(hertz > 0, (hertz.clamp_min(1) / self.config.hertz).log2(), 0.0)
        mean, deviation = voice.posterior(mel, octaves, (hertz > 0).float(), frames)
        return (mean + deviation.exp() * torch.randn_like(mean)) * frames.transpose(1, 2), deviation

    def _decoded(self, z: Tensor, hertz: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """What the decoder makes of latents, twice with other noise."""
        decoder = self.voice.decoder
        filters = decoder(z)
        with torch.autocast(z.device.type, enabled=False):
            source = decoder.source(hertz, torch.rand(len(z), device=z.device))
            made, other = (decoder.sound(filters, source, torch.randn_like(real)) for _draw in range(2))
        return made, other

    def _adversary_loss(self, _batch: Batch, part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        real, made = self._shown.pop(part)
        known, seen = self.adversary(real)[0], self.adversary(made)[0]
        return over_stages(hinge_discriminator, known, seen), {
            "real_logit": over_stages(torch.mean, known).detach(),
            "fake_logit": over_stages(torch.mean, seen).detach(),
        }

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Of held-out utterances: KL in nats a frame; distance in log-mel nats between an utterance and the same text
        said with its own durations; error of log durations; words that pocketsphinx hears wrong, where it is
        installed, when the texts are said."""
        voice = average["voice"]
        assert isinstance(voice, Voice)
        lines = self._held_out[:VALIDATED]
        if not lines:
            return {}
        progress, self._progress = self._progress, 1.0
        batch = batch_of(lines, self.config, self._device)
        found = self._aligned(voice, batch)
        self._progress = progress
        told, mean, deviation = voice.prior(found.h, found.counts, found.frames)
        z, sharp = self._drawn(voice, found.mel, batch.hertz, found.frames)
        u = voice.flow(z, told, found.frames)
        kl = objective.kl_sampled(u, sharp, mean, deviation, found.frames.transpose(1, 2))
        far = []
        for line, counts in zip(lines, found.counts.cpu().numpy(), strict=True):
            made = speak(voice, line.reading, counts=counts[: len(line.reading.symbols)])
            pair = (torch.from_numpy(part).to(self._device)[None] for part in (line.samples, made.samples))
            far.append(float(objective.mel_distance(*(voice.mel(part) for part in pair))))
        figures = {"utterances": float(len(lines)), "kl": float(kl), "said": float(np.mean(far)),
                   "text": float(found.text_loss), "length": float(found.length_loss)}  # fmt: skip
        return figures | self._words(voice)

    def _words(self, voice: Voice) -> dict[str, float]:
        if len(self._held_out) < FEWEST_HEARD:
            return {}
        try:
            self._listener = self._listener or Listener()
        except UserError:
            return {}
        listener = self._listener
        lines = [line for line in self._held_out if listener.knows(line.text)][:HEARD]
        if len(lines) < FEWEST_HEARD:
            return {}
        listener.expect([line.text for line in lines])
        wrong = sum(errors(words_of(line.text), listener.among(speak(voice, line.reading).samples)) for line in lines)
        return {"word_errors": wrong / sum(len(words_of(line.text)) for line in lines)}

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """A held-out sentence: its recording, the same text said, and which token each frame of the recording is."""
        voice = average["voice"]
        assert isinstance(voice, Voice)
        line = (self._held_out or self._lines)[0]
        batch = batch_of([line], self.config, self._device)
        with torch.no_grad():
            found = self._aligned(voice, batch)
        made = speak(voice, line.reading)
        return page(line.samples, made.samples, found.counts[0].cpu().numpy(), self.config)

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """How well it is understood, and whether it still improved, in words."""
        seen = [row for row in history if "validation/said" in row]
        if len(seen) < 2:
            return []
        found = []
        if "validation/word_errors" in seen[-1]:
            share = float(seen[-1]["validation/word_errors"])
            found.append(
                _("It can't be understood yet: {share} of the words of held-out sentences are heard wrong.",
                  share=f"{share:.0%}")
                if share > 0.3
                else _("Of the words of held-out sentences {share} are heard wrong.", share=f"{share:.1%}")
            )  # fmt: skip
        costs = [float(row["validation/said"]) for row in seen]
        best = seen[costs.index(min(costs))]
        if costs[-1] > min(costs) + 0.05:
            found.append(
                _(
                    "After step {best} of {steps} held-out sentences were said less like their recordings: from there "
                    "on it learns its sentences by heart, or the adversary costs more than it gives.",
                    best=best["step"],
                    steps=seen[-1]["step"],
                )
            )
        elif costs[-1] == min(costs) and costs[-2] > costs[-1] + 0.01:
            found.append(_("It was still improving at the end: a longer run would give a better voice."))
        return found
