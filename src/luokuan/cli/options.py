"""Options that mean the same in every command, defined once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from luokuan import logs
from luokuan.i18n import _


def _set_home(value: Path | None) -> Path | None:
    if value is not None:
        os.environ["LUOKUAN_HOME"] = str(value)
    return value


def _set_quiet(value: bool) -> bool:
    if value:
        logs.configure(quiet=True)
    return value


Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help=_("Where models, works and keys are kept (default: LUOKUAN_HOME or the user data folder)."),
        callback=_set_home,
        is_eager=True,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help=_("One JSON object on stdout, nothing else."))]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help=_("No progress and no hints; errors only."), callback=_set_quiet),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help=_("Seed: the same seed, the same result."))]
Model = Annotated[str, typer.Option("--model", "-m", help=_("A model: name in the store, folder, or Hub id."))]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help=_("File to write, or a folder when --count is above 1."), show_default=False),
]
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help=_("How many to make."))]
