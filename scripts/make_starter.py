"""Make a starter of a trained model: measure it, write its card and sample sheet, put it into the package.

    luokuan train gan CORPUS --name garments-32 ...          # the command that the card names
    python scripts/make_starter.py garments-32 CORPUS VERDICTS.txt

VERDICTS.txt holds one honest sentence a line, written by somebody who has looked at the samples.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from luokuan.create.pictures import AMONG, TRUNCATION
from luokuan.files import write_atomic
from luokuan.foundation.modelcard import gan_card
from luokuan.foundation.modelfolder import CARD, CONFIG, SHEET, STARTERS, TRAINING, WEIGHTS, read_folder, resolve

LIMIT = 4_000_000
"""Bytes of weights that a starter may have."""


def evaluate(model: Path, corpus: Path, *arguments: str) -> dict[str, Any]:
    """What ``luokuan evaluate --json`` prints."""
    command = [sys.executable, "-m", "luokuan", "evaluate", str(model), str(corpus), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Copy, measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("verdicts", type=Path)
    options = parser.parse_args()
    source = resolve(options.name)
    if source.path.parent == STARTERS:
        raise SystemExit(f"{options.name} is not in the store")
    if (source.path / WEIGHTS).stat().st_size > LIMIT:
        raise SystemExit(f"the weights have more than {LIMIT} bytes")
    target = STARTERS / options.name
    target.mkdir(parents=True, exist_ok=True)
    for name in (CONFIG, WEIGHTS, TRAINING):
        shutil.copyfile(source.path / name, target / name)
    raw = evaluate(source.path, options.corpus, "--sheet", str(target / "raw.png"))
    ranked = evaluate(
        source.path, options.corpus,
        "--truncation", str(TRUNCATION), "--among", str(AMONG), "--sheet", str(target / SHEET),
    )  # fmt: skip
    for surplus in target.glob("*-neighbours.png"):
        surplus.unlink()
    (target / "raw.png").unlink()
    verdicts = [line for line in options.verdicts.read_text(encoding="utf-8").splitlines() if line.strip()]
    card = gan_card(
        options.name,
        source.config,
        source.training,
        evaluation=raw,
        ranked=ranked,
        verdicts=[*raw["verdicts"], *verdicts],
    )
    card += f"\n![Samples, one column a class; best of {AMONG}, truncation {TRUNCATION}]({SHEET})\n"
    write_atomic(target / CARD, card.encode())
    print(read_folder(target).digest)


if __name__ == "__main__":
    main()
