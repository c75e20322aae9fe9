"""The families of picture models on one corpus, with equal time each, in one run.

    python benchmarks/pictures.py CORPUS --home FOLDER [--minutes 20] [--contender NAME ...] [--seed 0] [--json]

Each contender is trained by its ``luokuan train`` command for that many minutes of all cores, one after the other, and
measured by ``luokuan evaluate`` at temperature or truncation 1 without ranking: kernel distance, Fréchet distance and
coverage against the held-out pictures. Beside them stand the floor, which real pictures get, and the codec's
reconstructions of the held-out pictures against training pictures: no model in its space can do better. The codec's
own training isn't counted; ``luokuan models show picture-codec`` tells it. Models stay in FOLDER; one that is there
already is measured without training it again, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CODEC = "picture-codec"
SIZE = 64
LATENT = ["gan", "--space", "latent"]
CONTENDERS: dict[str, list[str]] = {
    "gan-pixels": ["gan"],
    "gan-latent": LATENT,
    "prior": ["prior"],
    # What else was tried in latents, one change each.
    "gan-latent-batch-32": [*LATENT, "--batch", "32"],
    "gan-latent-batch-128": [*LATENT, "--batch", "128"],
    "gan-latent-crops-4": [*LATENT, "--crops", "4"],
    "gan-latent-wide": [*LATENT, "--preset", "cpu"],
    "gan-latent-gamma-tenth": [*LATENT, "--gamma", "0.1"],
    "gan-latent-hinge": [*LATENT, "--objective", "hinge"],
    "prior-masked": ["prior", "--order", "masked"],
    "prior-crops-4": ["prior", "--crops", "4"],
}
"""Name to arguments of ``luokuan train``."""
MAIN = ("gan-pixels", "gan-latent", "prior")


def luokuan(home: Path, *arguments: object) -> dict[str, Any]:
    """What a command prints with --json."""
    command = [sys.executable, "-m", "luokuan", *(str(a) for a in arguments), "--json"]
    environment = {**os.environ, "LUOKUAN_HOME": str(home), "LUOKUAN_LANG": "en"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def contend(name: str, corpus: Path, home: Path, minutes: float, seed: int) -> dict[str, Any]:
    """Train one contender, unless its model is there, and measure it."""
    family, *choices = CONTENDERS[name]
    folder = home / "models" / name
    if not folder.exists():
        going_on = ["--resume"] if (home / "runs" / name / "run.json").exists() else []
        duration = [] if going_on else ["--minutes", minutes, "--seed", seed]
        luokuan(home, "train", family, corpus, "--name", name, "--size", SIZE, *choices, *duration, *going_on)
    training = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    figures = luokuan(home, "evaluate", name, corpus, "--seed", seed)
    return {
        "name": name,
        "arguments": " ".join(CONTENDERS[name]),
        "minutes": training["run"]["minutes"],  # those of an earlier call, if the model was there
        "steps": training["steps"],
        "items": training["items"],
        "arithmetic": training["precision"],  # the figures have a precision of their own
        "threads": training["threads"],
        "samples": figures["samples"],
        "held_out": figures["held_out"],
        **figures["result"],
        "floor": figures["floor"],
    }


def row(name: str, seen: str, found: dict[str, Any]) -> str:
    """A line of the table in Markdown."""
    kernel = found["kernel_distance"]
    interval = f"{kernel['mean']:.3f} [{kernel['low']:.3f}, {kernel['high']:.3f}]"
    coverage = "-" if found.get("coverage") is None else f"{found['coverage']:.3f}"
    return f"| {name} | {seen} | {interval} | {found['frechet_distance']:.0f} | {coverage} |"


def main() -> None:
    """Print a table, or one JSON object with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--contender", action="append", choices=list(CONTENDERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    codec = luokuan(options.home, "evaluate", CODEC, options.corpus, "--size", SIZE, "--seed", options.seed)
    rows = [
        contend(name, options.corpus, options.home, options.minutes, options.seed) for name in options.contender or MAIN
    ]
    if options.json:
        print(json.dumps({"seed": options.seed, "codec": codec, "contenders": rows}))
        return
    minutes = " or ".join(f"{m:g}" for m in sorted({found["minutes"] for found in rows}))
    print(f"{SIZE}², {minutes} minutes each, {rows[0]['threads']} threads, {rows[0]['arithmetic']}, ", end="")
    print(f"{rows[0]['samples']} samples against {rows[0]['held_out']} held-out pictures, seed {options.seed}\n")
    print("| contender | pictures seen | kernel distance [95 %] | Fréchet distance | coverage |")
    print("| --- | --- | --- | --- | --- |")
    print(row("real pictures (floor)", "-", rows[0]["floor"]))
    rebuilt = {"kernel_distance": codec["kernel"], "frechet_distance": codec["frechet"]}
    print(row("the codec's reconstructions", "-", rebuilt))
    for found in rows:
        print(row(f"`{found['arguments']}`", f"{found['items']:,}", found))


if __name__ == "__main__":
    main()
