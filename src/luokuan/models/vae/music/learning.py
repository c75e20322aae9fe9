"""How a music VAE learns, as the training loop plays it: one phase, the negative ELBO of whole pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation.compute import mix_seed
from luokuan.foundation.objective import Phase
from luokuan.foundation.optim import Together, hold_then_fall, muon
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.vae import elbo
from luokuan.models.vae.diagnosis import Looked, verdicts
from luokuan.models.vae.music.bounds import Group, cut, grouped, look, measured, terms
from luokuan.models.vae.music.config import MusicConfig
from luokuan.models.vae.music.encodings import decode, ranges, shifts, transposed
from luokuan.models.vae.music.networks import Decoder, Encoder
from luokuan.models.vae.music.pianoroll import strip
from luokuan.models.vae.music.sampling import given, stream_of, write

DRAWS = 8
"""Of the importance-weighted bound at validation."""
VALIDATED = 8192
"""Most frames that a validation looks at, in whole pieces."""
SHOWN, STEPS = 2, 4
"""Pieces of a preview, and steps of the way between the first two."""


@dataclass(frozen=True, slots=True)
class MusicSettings:
    """How a music VAE learns.

    Args:
        rate: AdamW's rate of vectors and heads.
        muon: Muon's rate of the hidden matrices, as a multiple of it.
        warm_up: First steps over which the rates rise.
        decay_from: Progress (0..1) from which they fall linearly to zero.
        beta: Weight of the KL term.
        rising: Share of the run in which it rises from 0.
        free: Nats a segment that the latent may carry for nothing while learning.
        dropout: Share of what is added to the streams that is dropped.
        hide: Largest share of earlier frames that the trunk can't see; of each piece it is drawn from 0 to this.
        transpose: Whether pieces are transposed, as far as all voices stay in the material's ranges.
    """

    rate: float = 3e-3
    muon: float = 20 / 3
    warm_up: int = 100
    decay_from: float = 0.4
    beta: float = 1.0
    rising: float = 0.25
    free: float = 12.0
    dropout: float = 0.2
    hide: float = 0.3
    transpose: bool = True


class MusicLearning:
    """A music VAE as an objective of the training loop. An item is a whole piece.

    Args:
        config: Shape of the networks.
        settings: How they learn.
        pieces: Frames of each training piece, int64 (T, voices).
        held_out: The same for validation; may be empty.
        device: Where the networks live.
        seed: Of the initial weights.
    """

    def __init__(
        self,
        config: MusicConfig,
        settings: MusicSettings,
        pieces: Sequence[NDArray[np.int64]],
        *,
        held_out: Sequence[NDArray[np.int64]] = (),
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self.config, self.settings, self._device = config, settings, device
        segment = config.way.segment
        self._pieces, self._held_out = cut(pieces, segment), _some(cut(held_out, segment))
        limits = ranges(self._pieces, config.way.voices)
        self._shifts = [shifts(piece, limits) if settings.transpose else [0] for piece in self._pieces]
        torch.manual_seed(mix_seed(seed, "weights"))
        self.decoder = Decoder(config, settings.dropout).to(device)
        self.encoder = Encoder(config, settings.dropout).to(device) if config.latent else None
        named = [item for module in self.modules().values() for item in module.named_parameters()]
        matrices = [
            p for name, p in named if p.ndim == 2 and ("blocks." in name or "trunk." in name or "segment." in name)
        ]
        known = {id(p) for p in matrices}
        others = [p for _name, p in named if id(p) not in known]
        pair = muon(matrices, others, rate=settings.rate, factor=settings.muon)
        self._optimisers = dict(zip(("muon", "adam"), pair, strict=True))
        self._parameters = [p for _name, p in named]

    # --- what the loop asks ---------------------------------------------------------------------------

    def modules(self) -> Mapping[str, nn.Module]:
        """Both networks, or the decoder alone."""
        return {"decoder": self.decoder} | ({} if self.encoder is None else {"encoder": self.encoder})

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Muon for the hidden matrices, AdamW for the rest."""
        return self._optimisers

    def averaged(self) -> Sequence[str]:
        """All: their averages are what is kept."""
        return tuple(self.modules())

    def items(self) -> int:
        """Training pieces."""
        return len(self._pieces)

    def batch(self, indices: NDArray[np.int64]) -> list[Group]:
        """The pieces at ``indices``, transposed at random, in groups of about one length."""
        chosen, told = [], []
        for index in indices.tolist():
            options = self._shifts[index]
            shift = options[int(torch.randint(len(options), ()))]
            chosen.append(transposed(self._pieces[index], shift))
            told.append(shift)
        return grouped(chosen, told, self.config.way.segment, self._device)

    def phases(self, step: int, steps: int) -> Iterator[Phase]:
        """One: the negative ELBO."""
        settings = self.settings
        beta = elbo.linear(settings.beta, rising=settings.rising)(step, steps)

        def loss(groups: list[Group], _part: int) -> tuple[Tensor, Mapping[str, Tensor | float]]:
            return self._loss(groups, beta)

        warm_up = min(settings.warm_up, steps // 10)
        rate = hold_then_fall(settings.rate, warm_up=warm_up, decay_from=settings.decay_from)
        yield Phase("vae", self._parameters, Together(*self._optimisers.values()), rate, loss, clip=1.0)

    def _loss(self, groups: list[Group], beta: float) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        frames = sum(int(group.seen.sum()) for group in groups)
        given_nats, paid, rate = (torch.zeros((), device=self._device) for _sum in range(3))
        for group in groups:
            hide = self.settings.hide * torch.rand(len(group.frames), device=self._device)
            found = terms(self.encoder, self.decoder, group, hide)
            given_nats = given_nats - found.log_p.sum()
            if found.kl is not None:
                floor = self.settings.free / self.config.latent
                paid = paid + elbo.free_bits(found.kl, floor, over="batch") * len(found.kl)
                rate = rate + found.kl.detach().sum()
        # Nats a frame and not a piece: the clipping threshold then holds at any length.
        return (given_nats + beta * paid) / frames, {
            "reconstruction_nats_per_frame": given_nats.detach() / frames,
            "kl_nats_per_frame": rate / frames,
            "beta": beta,
        }

    # --- looking at it --------------------------------------------------------------------------------

    def validate(self, average: Mapping[str, nn.Module]) -> Mapping[str, float]:
        """Nats a frame of held-out pieces in their own key: the ELBO's two terms, the importance-weighted bound with
        ``DRAWS`` draws (``nats_per_frame``; without latents exact), and active units."""
        if not self._held_out:
            return {}
        return measured(average.get("encoder"), average["decoder"], self._held_out, draws=DRAWS, device=self._device)

    def preview(self, average: Mapping[str, nn.Module]) -> Picture:
        """Piano-rolls: two pieces, each beside its reconstruction by the latents alone; the way between them, below two
        samples. Held-out pieces, where there are any."""
        decoder, way = average["decoder"], self.config.way
        assert isinstance(decoder, Decoder)
        length = 2 * way.segment if way.voices > 1 else way.segment
        source = [piece for piece in (self._held_out or self._pieces) if len(piece) >= length][:SHOWN]
        streams = [stream_of(mix_seed("preview", index)) for index in range(SHOWN)]
        rows = list(write(decoder, self.config, length, streams))
        if self.encoder is not None and len(source) == SHOWN:
            encoder = average["encoder"]
            (group,) = grouped([piece[:length] for piece in source], [0] * SHOWN, way.segment, self._device)
            mean = look(encoder, decoder, group).mean.unflatten(0, (SHOWN, -1))  # (2, segments, D)
            shares = torch.linspace(0, 1, STEPS, device=mean.device)[:, None, None]
            path = torch.cat([mean, mean[:1] + shares * (mean[1:] - mean[:1])])
            rows_of = [stream_of(mix_seed("preview", "path")) for _row in path]
            made = write(decoder, self.config, length, rows_of, choose=given(path), temperature=0.6)
            pairs = [frame for pair in zip(source, made[:SHOWN], strict=True) for frame in (pair[0][:length], pair[1])]
            rows = [*pairs, *made[SHOWN:], *rows]
        scores = [decode(frames, way) for frames in rows]
        return Picture(strip(scores, quarters=length / way.grid, bar=self.config.bar))

    def verdict(self, history: Sequence[Mapping[str, Any]]) -> list[str]:
        """Posterior collapse, overfitting, or a run that was too short, in words."""
        seen = [row for row in history if "validation/nats_per_frame" in row]
        advice = _("raise --free-bits or --hide")
        looked = [
            Looked(
                row["validation/nats_per_frame"],
                row.get("validation/kl_nats_per_segment", 1.0),
                round(row.get("validation/active_units", 1)),
            )
            for row in seen
        ]
        return verdicts(looked, max(self.config.latent, 1), advice=advice)


def _some(pieces: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Pieces spread evenly, of at most ``VALIDATED`` frames."""
    total = sum(map(len, pieces))
    if total <= VALIDATED:
        return pieces
    count = max(len(pieces) * VALIDATED // total, 1)
    return [pieces[i] for i in np.linspace(0, len(pieces) - 1, count).round().astype(int)]
