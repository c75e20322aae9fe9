"""What whole pieces cost a music VAE, in nats: the ELBO's terms, and importance-weighted bounds segment by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.models.vae import elbo
from luokuan.models.vae.music.encodings import REST
from luokuan.models.vae.music.networks import Decoder, by_segment, hidden, shifted

TOGETHER = 1024
"""Frames, filling included, that go through the networks at a time."""
LONGEST = 1024
"""Frames above which a piece is cut: attention grows with the square."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces of about one length, filled up with rests to whole segments.

    Args:
        frames: int64 (B, T, voices).
        seen: Real frames, bool (B, T).
        shift: By how much each was transposed, int64 (B,).
    """

    frames: Tensor
    seen: Tensor
    shift: Tensor


def grouped(
    pieces: Sequence[NDArray[np.int64]], told: Sequence[int], segment: int, device: str = "cpu", most: int = TOGETHER
) -> list[Group]:
    """Pieces (T, voices) with the transpositions told to the networks, the longest first, at most ``most`` frames a
    group, or one piece."""
    order = sorted(range(len(pieces)), key=lambda i: -len(pieces[i]))
    found: list[Group] = []
    while order:
        length = -(-len(pieces[order[0]]) // segment) * segment
        taken, order = order[: max(most // length, 1)], order[max(most // length, 1) :]
        frames = np.full((len(taken), length, pieces[0].shape[1]), REST, dtype=np.int64)
        seen = np.zeros((len(taken), length), dtype=np.bool_)
        for row, index in enumerate(taken):
            frames[row, : len(pieces[index])] = pieces[index]
            seen[row, : len(pieces[index])] = True
        shift = torch.tensor([told[index] for index in taken], device=device)
        found.append(Group(torch.from_numpy(frames).to(device), torch.from_numpy(seen).to(device), shift))
    return found


def cut(pieces: Sequence[NDArray[np.int64]], segment: int) -> list[NDArray[np.int64]]:
    """Pieces of at most ``LONGEST`` frames, cut at ends of segments."""
    most = LONGEST - LONGEST % segment
    return [piece[start : start + most] for piece in pieces for start in range(0, len(piece), most)]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a group costs. N: its segments, L: their frames.

    Args:
        log_p: log p of each frame, nats, (N, L); 0 where there is none.
        kl: KL(q(z_s|x_s) ‖ p(z_s|x_<s)) of each latent value, (N, D), real segments alone; None without latents.
        mean: μ of q, (N, D), likewise.
    """

    log_p: Tensor
    kl: Tensor | None
    mean: Tensor | None


@dataclass(frozen=True, slots=True)
class Posterior:
    """q(z_s|x_s) of segments (N, D) beside the prior of each, and what p(x_s|x_<s, z_s) needs.

    Args:
        mean, spread: μ and log σ² of q.
        expected, wide: Those of p(z_s|x_<s).
        states: Of the trunk, (N, L, W).
        frames, before: int64 (N, L, voices).
        seen: bool (N, L).
        real: Which segments have frames, bool (N,).
    """

    mean: Tensor
    spread: Tensor
    expected: Tensor
    wide: Tensor
    states: Tensor
    frames: Tensor
    before: Tensor
    seen: Tensor
    real: Tensor

    @property
    def relative(self) -> tuple[Tensor, Tensor]:
        """μ and log σ² of q in the prior's own measure, u = (z - m)/s: there the prior is N(0, I), and KL and
        importance weights are the same (a change of variables)."""
        return (self.mean - self.expected) * (-0.5 * self.wide).exp(), self.spread - self.wide

    def absolute(self, u: Tensor) -> Tensor:
        """z of u, (…, N, D)."""
        return self.expected + u * (0.5 * self.wide).exp()


def look(encoder: nn.Module, decoder: Decoder, group: Group, hide: Tensor | None = None) -> Posterior:
    """Read a group: the trunk once over all pieces, the encoder over each segment."""
    segment = decoder.way.segment
    before = shifted(group.frames)
    states = decoder.read(before if hide is None else hidden(before, hide), group.shift)
    expected, wide = decoder.expected(states[:, ::segment].flatten(0, 1))
    parts = [by_segment(values, segment) for values in (group.frames, group.seen, states, before)]
    frames, seen, cut_states, cut_before = parts
    shift = group.shift.repeat_interleave(group.frames.shape[1] // segment)
    mean, spread = encoder(frames, seen, shift)
    return Posterior(mean, spread, expected, wide, cut_states, frames, cut_before, seen, seen.any(dim=1))


def plain(decoder: Decoder, group: Group, hide: Tensor | None = None) -> Tensor:
    """log p of each frame by a model without latents, nats, (B·T/L, L); 0 beyond the pieces."""
    segment = decoder.way.segment
    before = shifted(group.frames)
    states = decoder.read(before if hide is None else hidden(before, hide), group.shift)
    parts = [by_segment(values, segment) for values in (states, group.frames, before, group.seen)]
    found = decoder.likelihood(parts[0], None, parts[1], parts[2]).sum(dim=2)
    return torch.where(parts[3], found, 0.0)


def terms(encoder: nn.Module | None, decoder: Decoder, group: Group, hide: Tensor | None = None) -> Terms:
    """The ELBO's terms with one draw of each latent."""
    if encoder is None:
        return Terms(plain(decoder, group, hide), None, None)
    found = look(encoder, decoder, group, hide)
    relative = found.relative
    z = found.absolute(elbo.draw(*relative))
    log_p = decoder.likelihood(found.states, z, found.frames, found.before).sum(dim=2)
    kl = elbo.kl_to_standard(*relative)
    return Terms(torch.where(found.seen, log_p, 0.0), kl[found.real], found.mean[found.real])


@torch.no_grad()
def weigh(encoder: nn.Module, decoder: Decoder, group: Group, draws: int) -> tuple[float, float]:
    """Importance-weighted bound and ELBO of all segments of a group together, nats. Segments are weighed one by one:
    log p(x) = Σ_s log p(x_s|x_<s), and each of these has a latent of its own."""
    found = look(encoder, decoder, group)

    def log_given(u: Tensor) -> Tensor:
        z = found.absolute(u)  # (k, N, D)
        count = len(z)

        def again(values: Tensor) -> Tensor:
            return values.expand(count, *values.shape).flatten(0, 1)

        log_p = decoder.likelihood(again(found.states), z.flatten(0, 1), again(found.frames), again(found.before))
        return (log_p.sum(dim=2) * again(found.seen)).sum(dim=1).unflatten(0, (count, -1))

    weighed = elbo.weigh(log_given, *found.relative, draws=draws, chunk=4)
    return float(weighed.bound[found.real].sum()), float(weighed.elbo[found.real].sum())


@torch.no_grad()
def measured(
    encoder: nn.Module | None,
    decoder: nn.Module,
    pieces: Sequence[NDArray[np.int64]],
    *,
    draws: int,
    device: str = "cpu",
) -> dict[str, float]:
    """The bounds of pieces (T, voices): ``nats_per_frame`` and ``nats_per_note`` (importance-weighted; without latents
    exact), ``elbo_nats_per_frame``, ``reconstruction_nats_per_frame``, ``kl_nats_per_frame``, ``kl_nats_per_segment``,
    ``active_units``, and of how many ``frames``, ``notes`` and ``pieces``. Draws come from the current generator."""
    assert isinstance(decoder, Decoder)
    sums = dict.fromkeys(("bound", "given", "kl"), 0.0)
    segments, means = 0, []
    for group in grouped(pieces, [0] * len(pieces), decoder.way.segment, device):
        found = terms(encoder, decoder, group)
        sums["given"] -= float(found.log_p.double().sum())
        if encoder is None or found.kl is None or found.mean is None:
            continue
        sums["kl"] += float(found.kl.double().sum())
        sums["bound"] -= weigh(encoder, decoder, group, draws)[0]
        segments += len(found.kl)
        means.append(found.mean)
    frames = sum(map(len, pieces))
    notes = sum(int((piece < REST).sum()) for piece in pieces)
    bound = sums["bound"] if means else sums["given"]
    result = {"nats_per_frame": bound / frames, "nats_per_note": bound / max(notes, 1)}
    if means:
        result |= {
            "elbo_nats_per_frame": (sums["given"] + sums["kl"]) / frames,
            "reconstruction_nats_per_frame": sums["given"] / frames,
            "kl_nats_per_frame": sums["kl"] / frames,
            "kl_nats_per_segment": sums["kl"] / segments,
            "active_units": float(elbo.active_units(torch.cat(means))),
            "importance_draws": float(draws),
        }
    return result | {"frames": float(frames), "notes": float(notes), "pieces": float(len(pieces))}
