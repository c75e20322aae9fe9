"""What every `luokuan train` command shares: its options, the plan, the announcement, the outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli.output import emit_json, say
from luokuan.cli.units import UNITS
from luokuan.errors import ExitCode
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.family import FamilyTraining, Plan

Name = Annotated[str, typer.Option("--name", help=_("Name of the model in the store."), show_default=False)]
Steps = Annotated[int | None, typer.Option("--steps", help=_("Steps to train."), show_default=False)]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", help=_("Time to train (default 10); turned into steps once."), show_default=False),
]
Batch = Annotated[int, typer.Option("--batch", help=_("Pictures a step."))]
Accumulate = Annotated[
    int, typer.Option("--accumulate", min=1, help=_("Split each batch into this many, to save memory."))
]
Rate = Annotated[float, typer.Option("--rate", help=_("Adam's learning rate at the start."))]
RateEnd = Annotated[float, typer.Option("--rate-end", help=_("Adam's learning rate at the end."))]
Precision = Annotated[
    str | None,
    typer.Option("--precision", help=_("bf16 or float32 (default: by the machine)."), show_default=False),
]
Device = Annotated[
    str | None,
    typer.Option("--device", help=_("cpu or cuda (default: CUDA when present)."), show_default=False),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help=_("Continue the stopped run of this name with its first settings.")),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help=_("Print parameters, cost, speed here, memory and time; train nothing.")),
]


def carry_out(
    training: FamilyTraining[Any, Any],
    *,
    lines: Callable[[Plan], Sequence[tuple[str, str]]],
    announcement: Sequence[str],
    following: str,
    resume: bool,
    dry_run: bool,
    json: bool,
    quiet: bool,
) -> None:
    """Plan or run a prepared training, and say what came of it.

    Args:
        lines: What the family adds to the printed plan.
        announcement: What is said before the first step, beside the common sentences.
        following: What to do with the model.

    Raises:
        typer.Exit: 130 when it was stopped and saved.
    """
    if dry_run:
        _print_plan(plan := training.plan(), [] if json else lines(plan), json=json)
        return
    if not json and not quiet:
        _announce(training, announcement)
    outcome, model = training.train(resume=resume)
    if json:
        emit_json(
            {
                "finished": outcome.finished,
                "steps": outcome.step,
                "kept": outcome.kept,
                "model": None if model is None else {"path": str(model.path), "digest": model.digest},
                "run": str(training.folder),
                "verdicts": outcome.verdicts,
            }
        )
    else:
        for sentence in outcome.verdicts:
            say(sentence, quiet=quiet)
    if model is None:
        if not json:
            say(
                _(
                    "Stopped after {done} steps and saved. "
                    "Continue with: luokuan train {family} {corpus} --name {name} --resume",
                    done=outcome.step,
                    family=training.family,
                    corpus=" ".join(str(corpus.path) for corpus in training.corpora),
                    name=training.run.name,
                )
            )
        raise typer.Exit(ExitCode.INTERRUPTED)
    if not json:
        if outcome.kept != outcome.step:
            say(UNITS[training.unit].kept(outcome.kept))
        say(_("The model is in {path}.", path=model.path))
        say(following, quiet=quiet)


def _announce(training: FamilyTraining[Any, Any], announcement: Sequence[str]) -> None:
    say(UNITS[training.unit].announced(training))
    if broken := sum(corpus.skipped for corpus in training.corpora):
        say(_("Broken files, which will be skipped: {count}.", count=broken))
    for sentence in announcement:
        say(sentence)
    say(_("Figures and previews: {path}. Ctrl-C saves and stops.", path=training.folder))
    if any(corpus.licence == "unknown" for corpus in training.corpora):
        say(
            _(
                "The corpus has no licence in card.yaml: model and works will be marked 'licence: unknown' "
                "and can't be sold. See `luokuan corpus card`."
            )
        )


def _print_plan(plan: Plan, own: Sequence[tuple[str, str]], *, json: bool) -> None:
    if json:
        values = asdict(plan)
        emit_json(values | values.pop("details"))
        return
    told = UNITS[plan.unit].planned(plan)
    lines = [
        (
            _("Parameters"),
            ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in plan.parameters.items()),
        ),
        (_("Cost"), told["cost"]),
        (_("Speed here"), told["speed"]),
        (_("Memory"), _("{mib:.0f} MiB at the peak", mib=plan.memory / 2**20)),
        (_("Run"), told["run"]),
        *own,
        (_("Corpus"), told["corpus"]),
        (_("Licence of the model"), plan.licence),
    ]
    for label, text in lines:
        say(f"{label}: {text}")
