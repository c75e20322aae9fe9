"""What the CPU path of a token prior is worth, in training and in drawing.

    python benchmarks/prior.py [--cells 8] [--width 256] [--layers 4] [--batch 64] [--seconds 5] [--json]

Training: steps a second of ours against PyTorch's ``nn.TransformerEncoder`` of the same shape with the same heads and
AdamW, both in the machine's best precision, alternating in the same run; and the share of the machine's rate of matrix
products (one of 4096 × width × 4·width) that the step's FLOP, counted, come to. Drawing: pictures a second with the
cache of keys and values against computing all cells anew for each cell.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from luokuan.foundation import compute
from luokuan.foundation.flops import count_flop
from luokuan.foundation.training import Settings, Training
from luokuan.models.codec.config import LEVELS
from luokuan.models.prior.config import PriorConfig
from luokuan.models.prior.learning import Material, PriorLearning, PriorSettings
from luokuan.models.prior.networks import Prior
from luokuan.models.prior.sampling import Manner, draw, numbers_needed

DRAWN = 8


def learning(cells: int, width: int, layers: int) -> PriorLearning:
    """A prior on random tokens (speed doesn't depend on what they show)."""
    config = PriorConfig(
        codec="none", codec_digest="", size=8 * cells, cells=cells, levels=LEVELS, width=width, layers=layers,
        heads=width // 64, condition="class", classes=("a", "b"), class_counts=(1, 1), conditions=1,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, min(LEVELS), (512, 1, len(LEVELS), cells, cells), dtype=np.uint8)
    material = Material(tokens, rng.integers(1, 3, (512, 1, 1)))
    return PriorLearning(config, PriorSettings(), material, held_out=material, decode=lambda t: t.numpy())


class Plain(nn.Module):
    """The same job by PyTorch's own transformer."""

    def __init__(self, prior: Prior) -> None:
        super().__init__()
        config = prior.config
        layer = nn.TransformerEncoderLayer(
            config.width, config.heads, 4 * config.width, dropout=0.0, activation="gelu", batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.trunk = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.prior = prior

    def loss(self, prefix: Tensor, tokens: Tensor) -> Tensor:
        """Cross-entropy of the tokens, as ours."""
        prior = self.prior
        x = torch.cat([prior.condition(prefix), prior.beside(prefix, prior.embed(tokens[:, :-1]))], dim=1)
        x = x + prior.places[: x.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        h = prior.norm(self.trunk(x, mask=mask, is_causal=True))
        return PriorLearning._nats(prior, h.flatten(0, 1), tokens.flatten(0, 1)).mean()


def matrix_rate(precision: str, width: int) -> float:
    """GFLOP/s of a product of 4096 × width with width × 4·width."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = torch.randn(4096, width).to(kind), torch.randn(width, 4 * width).to(kind)
    flop = 2 * 4096 * width * 4 * width
    return max(flop * compute.measure_rate(lambda: a @ b, seconds=0.5) / 1e9 for _round in range(3))


def measure(cells: int, width: int, layers: int, batch: int, seconds: float) -> dict[str, Any]:
    """All figures."""
    best = compute.machine().precision
    ours = Training(learning(cells, width, layers), Settings(10_000, batch, precision=best), Path("unused"), quiet=True)
    flop = count_flop(lambda: ours.step(0))
    other = learning(cells, width, layers)
    plain = Plain(other.prior)
    optimiser = torch.optim.AdamW(plain.parameters(), lr=1e-3, fused=True)

    def plain_step() -> None:
        tokens, prefix = other.batch(np.arange(batch))
        with compute.autocast("cpu", best):
            loss = plain.loss(prefix, tokens)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    pairs = [
        (
            compute.measure_rate(lambda: ours.step(1), seconds=seconds, warm=1),
            compute.measure_rate(plain_step, seconds=seconds, warm=1),
        )
        for _round in range(3)
    ]
    ours_rate, plain_rate = (float(np.median(values)) for values in zip(*pairs, strict=True))
    ceiling = matrix_rate(best, width)
    prior = ours.objective.modules()["prior"].eval()
    assert isinstance(prior, Prior)
    prefix = torch.ones(DRAWN, 1, dtype=torch.int64)
    uniforms = torch.rand(DRAWN, *numbers_needed(prior, Manner()), dtype=torch.float64)
    tokens = draw(prior, prefix, uniforms, Manner())

    @torch.no_grad()
    def anew() -> None:
        for _cell in range(cells**2):
            prior(prefix, tokens)

    cached = compute.measure_rate(lambda: draw(prior, prefix, uniforms, Manner()), seconds=seconds)
    return {
        "cells": cells,
        "width": width,
        "layers": layers,
        "batch": batch,
        "precision": best,
        "threads": torch.get_num_threads(),
        "gflop_per_picture": flop / batch / 1e9,
        "train_pictures_per_second": ours_rate * batch,
        "plain_pictures_per_second": plain_rate * batch,
        "speed_up": ours_rate / plain_rate,
        "ceiling_gflops": ceiling,
        "share_of_ceiling": ours_rate * flop / 1e9 / ceiling,
        "draw_pictures_per_second": cached * DRAWN,
        "draw_anew_pictures_per_second": compute.measure_rate(anew, seconds=seconds) * DRAWN,
    }


def main() -> None:
    """Print the figures, or one JSON object with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("cells", 8), ("width", 256), ("layers", 4), ("batch", 64)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    compute.prepare()
    found = measure(options.cells, options.width, options.layers, options.batch, options.seconds)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['cells']}² cells, width {found['width']}, {found['layers']} layers, batch {found['batch']}")
    print(f"{found['threads']} threads, {found['precision']}")
    print(f"  work                  {found['gflop_per_picture']:8.3f} GFLOP a training picture")
    print(f"  training              {found['train_pictures_per_second']:8.1f} pictures/s")
    print(f"  nn.TransformerEncoder {found['plain_pictures_per_second']:8.1f} pictures/s")
    print(f"  speed-up              {found['speed_up']:8.2f} ×")
    print(f"  ceiling               {found['ceiling_gflops']:8.0f} GFLOP/s (matrix product)")
    print(f"  share of ceiling      {found['share_of_ceiling']:8.0%}     (target ≥ 50 %)")
    print(f"  drawing, float32      {found['draw_pictures_per_second']:8.1f} pictures/s")
    print(f"  all cells anew        {found['draw_anew_pictures_per_second']:8.1f} pictures/s")


if __name__ == "__main__":
    main()
