"""What the CPU path of GAN training is worth: ours against plain float32 NCHW, and against the machine's ceiling.

    python benchmarks/gan.py [--preset cpu-small cpu] [--size 32] [--batch 32] [--seconds 5] [--json]

Both paths train the same networks with the same losses in the same run and process. The floor of a step is its
FLOP (counted, not estimated) at the measured rate of one dense 3×3 convolution; the share says how near we are.
"""

from __future__ import annotations

import argparse
import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from luokuan.foundation import compute
from luokuan.foundation.flops import count_flop
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.foundation.training import Settings, Training
from luokuan.models.gan.config import preset
from luokuan.models.gan.game import GameSettings
from luokuan.models.gan.model import GanModel
from luokuan.models.gan.objective import automatic_gamma, objective
from luokuan.models.gan.picturegame import PictureGame
from luokuan.models.gan.space import PixelSpace

CLASSES = 10
SAMPLES = 32


class ContiguousSpace(PixelSpace):
    """Pixels in the layout that PyTorch uses when nothing is said (NCHW)."""

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        return super().encode(pictures).contiguous(memory_format=torch.contiguous_format)


def game(name: str, size: int, *, plain: bool) -> PictureGame:
    """A game on random pictures (speed doesn't depend on what they show)."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (512, size, size, 3), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, 512)
    config = preset(name, size, classes=[str(i) for i in range(CLASSES)], class_counts=[1] * CLASSES)
    settings = GameSettings(objective("relativistic"), automatic_gamma(size))
    found = PictureGame(config, settings, ContiguousSpace() if plain else PixelSpace(), pictures, labels)
    if plain:
        for module in found.modules().values():
            module.to(memory_format=torch.contiguous_format)
            # The networks ask for channels_last at their entry; the plain path must not.
            module.layout = torch.contiguous_format  # type: ignore[assignment]
    return found


def training(found: PictureGame, batch: int, precision: str) -> Training:
    """One period of lazy penalties is 4 steps; the schedule's length doesn't matter here."""
    return Training(found, Settings(1000, batch, precision=precision), Path("unused"), quiet=True)


def measure(name: str, size: int, batch: int, seconds: float) -> dict[str, Any]:
    """All figures of one preset."""
    best = compute.machine().precision
    ours, plain = (
        training(game(name, size, plain=False), batch, best),
        training(game(name, size, plain=True), batch, "float32"),
    )
    every = 4
    flop = count_flop(lambda: [plain.step(i) for i in range(every)]) / every

    def rate(run: Training) -> float:
        return every * compute.measure_rate(lambda: [run.step(i) for i in range(every)], seconds=seconds, warm=1)

    # Alternate the two, so that a slower minute of the machine falls on both.
    pairs = [(rate(ours), rate(plain)) for _round in range(3)]
    ours_rate, plain_rate = (float(np.median(values)) for values in zip(*pairs, strict=True))
    ceiling = max(compute.convolution_rate(best, channels=128, side=16, batch=32) for _round in range(3))
    # Sampled as `luokuan create` and `luokuan evaluate` do: float32, in their chunks, to uint8 pictures.
    played = ours.objective
    assert isinstance(played, PictureGame)
    folder = ModelFolder(Path("unused"), name, {}, {}, "")
    networks = (copy.deepcopy(played.generator), copy.deepcopy(played.discriminator))
    model = GanModel(folder, played.config, *networks, PixelSpace())
    labels = [i % CLASSES for i in range(SAMPLES)]

    return {
        "preset": name,
        "size": size,
        "batch": batch,
        "precision": best,
        "gflop_per_picture": flop / batch / 1e9,
        "train_pictures_per_second": ours_rate * batch,
        "plain_pictures_per_second": plain_rate * batch,
        "speed_up": ours_rate / plain_rate,
        "ceiling_gflops": ceiling,
        "share_of_ceiling": ours_rate * flop / 1e9 / ceiling,
        "sample_pictures_per_second": SAMPLES
        * compute.measure_rate(lambda: model.sample(SAMPLES, seed=0, labels=labels), seconds=seconds),
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """Print a table, or JSON lines with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", nargs="+", default=["cpu-small", "cpu"])
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    compute.prepare()
    for name in options.preset:
        found = measure(name, options.size, options.batch, options.seconds)
        if options.json:
            print(json.dumps(found))
            continue
        print(f"{name} at {options.size}², batch {options.batch}, {found['threads']} threads, {found['precision']}")
        print(f"  work                {found['gflop_per_picture']:8.2f} GFLOP a training picture")
        print(f"  training            {found['train_pictures_per_second']:8.1f} pictures/s")
        print(f"  plain float32 NCHW  {found['plain_pictures_per_second']:8.1f} pictures/s")
        print(f"  speed-up            {found['speed_up']:8.2f} ×   (target ≥ 1.5)")
        print(f"  ceiling             {found['ceiling_gflops']:8.0f} GFLOP/s (dense 3×3, 128 channels)")
        print(f"  share of ceiling    {found['share_of_ceiling']:8.0%}     (target ≥ 50 % for cpu)")
        print(f"  sampling, float32   {found['sample_pictures_per_second']:8.1f} pictures/s")


if __name__ == "__main__":
    main()
