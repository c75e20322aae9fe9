"""Training of the picture VAE against pythae's: the same networks, pictures, likelihood, batch and rate, in one run.

    pip install --no-deps pythae cloudpickle tqdm        # Apache-2.0; imageio and scikit-learn too, if they are missing
    python benchmarks/vae.py CORPUS [--size 32] [--seconds 60] [--batch 32] [--threads 2] [--seed 0]
        [--clock wall] [--json]

``--no-deps``, because pythae 0.1.2 asks for ``dataclasses``, which Python has had since 3.7.

pythae's ``VAE`` and ``BaseTrainer`` get our encoder and decoder, each in its class for a network of one's own, and our
discretised logistic likelihood in place of the mean square: two bounds only compare if they are of one likelihood. The
layout in which convolutions are quickest (channels last) comes with our networks; its trainer gains from that too. What
differs is the rest: ours trains in bfloat16 where the CPU has it, with a fused Adam, batches by one index into an array
of bytes, β rising at first, clipping, and an average of the weights that is kept. pythae trains in float32 (its mixed
precision is for CUDA), gathers a batch picture by picture, and keeps the weights of its best epoch. Nothing is
mirrored, and neither validates or writes checkpoints meanwhile.

First both run in turns, and the medians give items a second. Then each trains for ``--seconds``, its rate falling by a
cosine from ``--rate``; the figure is the negative ELBO, nats a picture, of the same held-out pictures with the same
draws, both in float32. The aim: 1.5 times the items a second, at an equal or better bound. On a machine that does
something else as well, ``--clock cpu --threads 1`` counts seconds of the CPU, which others don't take away.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from luokuan.foundation import compute
from luokuan.foundation.compute import mix_seed
from luokuan.foundation.corpus import open_corpus
from luokuan.foundation.corpus.arrays import load_pixels
from luokuan.foundation.flops import count_flop
from luokuan.foundation.training import Settings, Training
from luokuan.models.vae import discretised, elbo
from luokuan.models.vae.config import VaeConfig, vae_config
from luokuan.models.vae.learning import LearningSettings, VaeLearning, to_inputs, to_values
from luokuan.models.vae.networks import Decoder, Encoder
from luokuan.store.home import open_home

RATIO = 1.5
RATE, RATE_END = 2e-3, 1e-4
TURNS, STEPS = 3, 16
"""Turns, and steps of each side in one, from which the rates come."""
HELD_OUT = 256
"""Most held-out pictures that are looked at."""
DRAWS = 8
"""Draws a picture for the ELBO."""


Parts = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Training and held-out pictures, uint8 (N, S, S, 3)."""


def peer(config: VaeConfig, seed: int) -> Any:
    """pythae's VAE with our networks and our likelihood; weights as ours at the start."""
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class PeerEncoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = compute.channels_last(Encoder(config))

        def forward(self, x: Tensor) -> Any:
            mean, log_variance = self.network(to_inputs(x))
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class PeerDecoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.network = compute.channels_last(Decoder(config))

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.network(z))

    class Peer(VAE):
        def loss_function(self, recon_x: Tensor, x: Tensor, mu: Tensor, log_var: Tensor, _z: Tensor) -> Any:
            scale: Any = self.decoder.network.log_scale
            fitted = discretised.log_likelihood(x, recon_x, scale, config.likelihood)
            kl = elbo.kl_to_standard(mu, log_var).sum(dim=1)
            return (kl - fitted).mean(), -fitted.mean(), kl.mean()

    torch.manual_seed(mix_seed(seed, "weights"))
    shape = (3, config.size, config.size)
    return Peer(VAEConfig(input_dim=shape, latent_dim=config.latent), PeerEncoder(), PeerDecoder())


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """pythae writes progress to both streams."""
    logging.getLogger("pythae").setLevel(logging.ERROR)
    for name in ("pythae.trainers.base_trainer.base_trainer", "pythae.trainers.training_callbacks"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with Path(os.devnull).open("w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield


def seconds_of(work: Callable[[], object], options: argparse.Namespace) -> float:
    """How long it takes, by the clock that was chosen."""
    clock = time.process_time if options.clock == "cpu" else time.perf_counter
    start = clock()
    work()
    return clock() - start


def trainer(model: Any, pictures: NDArray[np.uint8], options: argparse.Namespace, place: Path, *, epochs: int) -> Any:
    """pythae's trainer on the pictures, values 0 to 255 as our networks' inputs are made from."""
    from pythae.data.datasets import BaseDataset
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    values = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2)
    config = BaseTrainerConfig(
        output_dir=str(place),
        per_device_train_batch_size=options.batch,
        num_epochs=epochs,
        learning_rate=options.rate,
        optimizer_params={"betas": (0.9, 0.99)},
        scheduler_cls="CosineAnnealingLR",
        scheduler_params={"T_max": epochs, "eta_min": RATE_END},
        seed=options.seed,
        no_cuda=True,
    )
    made = BaseTrainer(model, BaseDataset(values, torch.zeros(len(values))), None, config)
    made.prepare_training()
    return made


def settings(options: argparse.Namespace, steps: int) -> Settings:
    """Of our loop: nothing but training."""
    return Settings(
        steps, options.batch, seed=options.seed, precision=compute.machine().precision,
        validations=0, checkpoint_seconds=1e9, preview_seconds=1e9,
    )  # fmt: skip


def learning(config: VaeConfig, pictures: NDArray[np.uint8], options: argparse.Namespace) -> VaeLearning:
    """Our side."""
    return VaeLearning(
        config, LearningSettings(rate=options.rate, rate_end=RATE_END, flip=False), pictures, seed=options.seed
    )


@torch.no_grad()
def bound(encoder: nn.Module, decoder: nn.Module, held_out: NDArray[np.uint8], config: VaeConfig, seed: int) -> float:
    """Negative ELBO, nats a picture, with ``DRAWS`` draws."""
    found, scale = [], cast(Any, decoder).log_scale
    for start in range(0, len(held_out), 64):
        values = to_values(held_out[start : start + 64])
        mean, log_variance = encoder(to_inputs(values))
        kl = elbo.kl_to_standard(mean, log_variance).sum(dim=1)
        with compute.seeded(seed, "elbo", start):
            for _draw in range(DRAWS):
                locations = decoder(elbo.draw(mean, log_variance))
                found.append(kl - discretised.log_likelihood(values, locations, scale, config.likelihood))
    return float(torch.cat(found).double().mean())


def rates(config: VaeConfig, pictures: NDArray[np.uint8], options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Items a second of both, in turns, and what the work is."""
    ours = Training(learning(config, pictures, options), settings(options, 10_000), place / "rate", quiet=True)
    part = pictures[: STEPS * options.batch]
    with silence():
        theirs = trainer(peer(config, options.seed), part, options, place, epochs=1)
        flop = count_flop(lambda: ours.step(0)) / options.batch

        def our_turn() -> float:
            return STEPS * options.batch / seconds_of(lambda: [ours.step(i) for i in range(STEPS)], options)

        def their_turn() -> float:
            return len(part) / seconds_of(lambda: theirs.train_step(1), options)

        our_turn(), their_turn()
        turns = [(our_turn(), their_turn()) for _turn in range(TURNS)]
    first, second = (float(np.median(values)) for values in zip(*turns, strict=True))
    return {
        "gflop_per_picture": flop / 1e9,
        "ours_per_second": first,
        "pythae_per_second": second,
        "ratio": float(np.median([a / b for a, b in turns])),
    }


def our_run(config: VaeConfig, parts: Parts, rate: float, options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Train for the time, at the rate that was measured; the average is what is kept."""
    pictures, held_out = parts
    steps = max(round(options.seconds * rate / options.batch), 20)
    run = Training(learning(config, pictures, options), settings(options, steps), place, quiet=True)
    seconds = seconds_of(run.run, options)
    kept: dict[str, Any] = run.average
    nats = bound(kept["encoder"], kept["decoder"], held_out, config, options.seed)
    return {"pictures_seen": steps * options.batch, "seconds": seconds, "bound_nats": nats}


def their_run(config: VaeConfig, parts: Parts, rate: float, options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Likewise; the weights of the best epoch are what is kept."""
    pictures, held_out = parts
    epochs = max(round(options.seconds * rate / len(pictures)), 1)
    with silence():
        run = trainer(peer(config, options.seed), pictures, options, place, epochs=epochs)
        seconds = seconds_of(run.train, options)
    kept = run._best_model
    nats = bound(kept.encoder.network, kept.decoder.network, held_out, config, options.seed)
    return {"pictures_seen": epochs * len(pictures), "seconds": seconds, "bound_nats": nats}


def measured(options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """All figures."""
    corpus = open_corpus(options.corpus)
    train = corpus.split("train")
    held = (*corpus.split("validation"), *corpus.split("test"))
    held = held[:: -(-len(held) // HELD_OUT)]
    cache = open_home().cache
    pictures, held_out = (load_pixels(part, options.size, cache=cache) for part in (train, held))
    config = vae_config(options.size, likelihood="logistic", scale="channel", pictures=len(train))
    speed = rates(config, pictures, options, place)
    return {
        "corpus": Path(options.corpus).name, "pictures": len(pictures), "held_out": len(held_out), "size": options.size,
        "batch": options.batch, "seed": options.seed, "clock": options.clock, "threads": torch.get_num_threads(),
        "precision": compute.machine().precision, "cpu": compute.machine().cpu_name, **speed,
        "ours": our_run(config, (pictures, held_out), speed["ours_per_second"], options, place / "ours"),
        "pythae": their_run(config, (pictures, held_out), speed["pythae_per_second"], options, place / "pythae"),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    compute.prepare(options.threads)
    try:
        import pythae.models  # noqa: F401
    except ModuleNotFoundError as error:
        parser.exit(2, f"pythae can't be imported ({error}); see --help for how to install it.\n")
    with tempfile.TemporaryDirectory() as folder:
        found = measured(options, Path(folder))
    if options.json:
        print(json.dumps(found))
        return
    ours, theirs, work = found["ours"], found["pythae"], found["gflop_per_picture"]
    better = ours["bound_nats"] <= theirs["bound_nats"]
    print(
        f"{found['pictures']} pictures at {found['size']}², {found['held_out']} held out, batch {found['batch']}, "
        f"{found['threads']} threads, {found['precision']}, {found['clock']} clock, seed {found['seed']}, "
        f"{found['cpu']}\n"
        f"work             {work:8.3f} GFLOP a picture\n"
        f"ours             {found['ours_per_second']:8.1f} pictures/s, {found['ours_per_second'] * work:.0f} GFLOP/s\n"
        f"pythae           {found['pythae_per_second']:8.1f} pictures/s, "
        f"{found['pythae_per_second'] * work:.0f} GFLOP/s\n"
        f"ratio            {found['ratio']:8.2f} (aim ≥ {RATIO}: {'reached' if found['ratio'] >= RATIO else 'missed'})"
    )
    for name, row in (("ours", ours), ("pythae", theirs)):
        print(
            f"{name:16} {row['bound_nats']:8.0f} nats a held-out picture after {row['seconds']:.0f} s "
            f"({found['clock']}) and {row['pictures_seen']} pictures"
        )
    print(f"bound            {'equal or better' if better else 'worse'}")


if __name__ == "__main__":
    main()
