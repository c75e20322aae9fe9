"""A tiny upscaler for tests: untrained, but whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from luokuan.foundation.modelfolder import ModelFolder, save_folder
from luokuan.models.upscaler.config import UpscalerConfig
from luokuan.models.upscaler.model import weights_of
from luokuan.models.upscaler.networks import UpscalerNetwork

NARROW = UpscalerConfig(width=8, blocks=1, fine=8)


def network(config: UpscalerConfig = NARROW, *, residual: bool = True) -> UpscalerNetwork:
    """Random weights everywhere; without ``residual`` the last convolution stays at zero, as before a training."""
    torch.manual_seed(0)
    made = UpscalerNetwork(config)
    if residual:
        with torch.no_grad():
            made.output.weight.normal_(0, 0.05)
            for block in made.blocks:
                block.branch.convolutions[1].weight.normal_(0, 0.1)  # type: ignore[union-attr, index, operator]
    return made


def record(psnr: float, kernel: float) -> dict[str, Any]:
    """A training record in which bicubic has 30 dB and a kernel distance of 0.1."""

    def figures(own_psnr: float, own_kernel: float) -> dict[str, Any]:
        return {"psnr": own_psnr, "kernel": {"mean": own_kernel}}

    methods = {"upscaler": figures(psnr, kernel), "bicubic": figures(30.0, 0.1)}
    return {"comparison": {"methods": methods}, "corpus": {"licence": "CC0-1.0 AND OFL-1.1", "digest": "d" * 64}}


BETTER, WORSE = record(31.0, 0.05), record(31.0, 0.2)


def save_upscaler(
    path: Path, config: UpscalerConfig = NARROW, *, training: dict[str, Any] | None = None, residual: bool = True
) -> ModelFolder:
    """Write an untrained upscaler."""
    weights = weights_of(network(config, residual=residual))
    return save_folder(path, config=config.to_json(), tensors=weights, training=training or {}, card="# Test\n")
