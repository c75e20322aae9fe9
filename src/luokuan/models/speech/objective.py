"""What a voice minimises, term by term (VITS, arXiv 2106.06103, sec. 2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def kl_sampled(
    u: Tensor, log_deviation: Tensor, prior_mean: Tensor, prior_log_deviation: Tensor, mask: Tensor
) -> Tensor:
    """KL(q(z|x) ‖ p(z|text)) with one draw z of q, u = f(z), nats a frame (VITS, eq. 3-4):

    log q(z) - log p(z) = log σ_p - log σ_q - ½ + ½ (u - μ_p)² / σ_p² - log |det df/dz|, whose last term is 0 for
    mean-only couplings; of log q(z) the expectation is taken, -½ - log σ_q - ½ log 2π.

    Args:
        u: f(z), (B, T, D).
        log_deviation: log σ_q, (B, T, D).
        prior_mean: μ_p, (B, T, D).
        prior_log_deviation: log σ_p, (B, T, D).
        mask: (B, T, 1).

    Returns:
        A scalar: summed over D, mean over the frames that count.
    """
    apart = 0.5 * (u - prior_mean).square() * (-2 * prior_log_deviation).exp()
    nats = prior_log_deviation - log_deviation - 0.5 + apart
    return (nats * mask).sum() / mask.sum()


def prior_loss(mel: Tensor, means: Tensor, mask: Tensor) -> Tensor:
    """-log N(frame; mean of its token, 1) up to a constant, a band (Grad-TTS, arXiv 2105.06337, eq. 14).

    (B, T, mels) each, ``means`` already spread over the frames, mask (B, T, 1); a scalar.
    """
    return (0.5 * (mel - means).square() * mask).sum() / (mask.sum() * mel.shape[2])


def duration_loss(predicted: Tensor, counts: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error of log durations (Glow-TTS, arXiv 2005.11129, eq. 8); (B, L) each, a scalar."""
    return ((predicted - counts.clamp_min(1).float().log()).square() * mask).sum() / mask.sum()


def pitch_loss(octaves: Tensor, odds: Tensor, hertz: Tensor, median: float, mask: Tensor) -> Tensor:
    """How far the pitch that is read off latents is from the real one: mean |octaves| where there is one, and the
    cross-entropy of whether there is; (B, T) each, a scalar."""
    voiced = (hertz > 0).float()
    aims = (hertz.clamp_min(1) / median).log2()
    far = ((octaves - aims).abs() * voiced * mask).sum() / (voiced * mask).sum().clamp_min(1)
    doubt = F.binary_cross_entropy_with_logits(odds, voiced, reduction="none")
    return 10 * far + (doubt * mask).sum() / mask.sum()


def mel_distance(real: Tensor, made: Tensor) -> Tensor:
    """Mean |difference| of log-mel frames, nats (VITS, eq. 2); (B, T, mels) each, (B,)."""
    return (real - made).abs().mean(dim=(1, 2))


def feature_distance(real: list[Tensor], made: list[Tensor]) -> Tensor:
    """Mean |difference| of the discriminator's inner maps (VITS, eq. 8), each relative to its own size so that none
    outweighs the others; a scalar."""
    terms = [(a.detach() - b).abs().mean() / a.detach().abs().mean().clamp_min(1e-4)
             for a, b in zip(real, made, strict=True)]  # fmt: skip
    return torch.stack(terms).mean()
