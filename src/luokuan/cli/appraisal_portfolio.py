"""`luokuan appraisal portfolio`: several projects under one budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.i18n import _

HELP = _("Share a budget among several projects, under limits of risk and of each direction of the value chain.")


def portfolio(
    files: Annotated[list[Path], typer.Argument(help=_("Project files, two or more."), show_default=False)],
    cvar: Annotated[
        float,
        typer.Option("--cvar", min=0, max=1000, help=_("Most conditional value at risk, in per cent of the budget.")),
    ] = 50.0,
    level: Annotated[
        float, typer.Option("--level", min=1, max=99.9, help=_("Level of the conditional value at risk, in per cent."))
    ] = 95.0,
    most: Annotated[
        float, typer.Option("--most", min=0.1, max=100, help=_("Most of the budget for one project, in per cent."))
    ] = 100.0,
    direction: Annotated[
        list[str] | None,
        typer.Option(
            "--direction",
            help=_("Most for a direction, in per cent, such as application=60 or technology/research=30."),
            show_default=False,
        ),
    ] = None,
    paths: Annotated[int, typer.Option("--paths", help=_("Paths to draw."))] = 20_000,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Weights."""
    from luokuan.appraisal.appraise import ADVICE, read_project
    from luokuan.appraisal.portfolio import directions, optimise, returns_of, shares_of
    from luokuan.appraisal.words import percent

    projects = [read_project(file) for file in files]
    names = [project.name for project in projects]
    groups = directions(projects, shares_of(direction or []))
    returns = returns_of(projects, paths=paths, seed=seed)
    found = optimise(names, returns, level=level / 100, limit=cvar / 100, most=most / 100, groups=groups)
    if json:
        emit_json({"advice": list(ADVICE), **found.to_json(), "paths": paths, "seed": seed})
        return
    table(
        [_("project"), _("of the budget"), _("mean return alone"), _("its conditional value at risk")],
        [
            (visible(name), percent(weight), percent(alone[0]), percent(alone[1]))
            for name, weight, alone in zip(names, found.weights, found.alone, strict=True)
        ],
    )
    say(
        _(
            "Mean return {expected}, conditional value at risk {cvar} (at most {limit}), kept back {unspent}; all in "
            "per cent of the budget.",
            expected=percent(found.expected),
            cvar=percent(found.cvar),
            limit=percent(found.limit),
            unspent=percent(found.unspent),
        )
    )
    say(_("Decision support, not advice."))
