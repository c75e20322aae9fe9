"""`luokuan train`: one command a family."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say
from luokuan.errors import ExitCode
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.gan.train import GanTraining, Plan

app = typer.Typer(no_args_is_help=True, help=_("Train a model on material you own."))


@app.callback()
def _group() -> None:
    """Families as commands."""


@app.command("gan", help=_("Train a GAN on a folder of pictures (class folders or metadata.jsonl)."))
def gan(
    corpus: Annotated[Path, typer.Argument(help=_("The folder of pictures."), show_default=False)],
    name: Annotated[str, typer.Option("--name", help=_("Name of the model in the store."), show_default=False)],
    size: Annotated[int, typer.Option("--size", help=_("Side of the pictures in pixels: 32, 64 or 128."))] = 64,
    objective: Annotated[
        str,
        typer.Option(
            "--objective",
            help=_("relativistic (paired, with R1+R2), minimax (the original game) or hinge."),
        ),
    ] = "relativistic",
    condition: Annotated[
        str, typer.Option("--condition", help=_("class: one network for all classes; none: ignore classes."))
    ] = "class",
    preset: Annotated[
        str | None,
        typer.Option("--preset", help=_("cpu-small, cpu or gpu (default: by the device)."), show_default=False),
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help=_("Steps to train."), show_default=False)] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", help=_("Time to train (default 10); turned into steps once."), show_default=False),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Pictures a step."))] = 32,
    accumulate: Annotated[
        int, typer.Option("--accumulate", min=1, help=_("Split each batch into this many, to save memory."))
    ] = 1,
    rate: Annotated[float, typer.Option("--rate", help=_("Adam's learning rate at the start."))] = 5e-4,
    rate_end: Annotated[float, typer.Option("--rate-end", help=_("Adam's learning rate at the end."))] = 1e-4,
    gamma: Annotated[
        float | None,
        typer.Option(
            "--gamma",
            help=_("Weight of the gradient penalties at the start, falling to a tenth (default: 2·(size/64)³)."),
            show_default=False,
        ),
    ] = None,
    flip: Annotated[
        bool,
        typer.Option("--flip/--no-flip", help=_("Also learn from mirrored pictures; not for text or logos.")),
    ] = True,
    seed: options.Seed = 0,
    precision: Annotated[
        str | None,
        typer.Option("--precision", help=_("bf16 or float32 (default: by the machine)."), show_default=False),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", help=_("cpu or cuda (default: CUDA when present)."), show_default=False),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help=_("Continue the stopped run of this name with its first settings.")),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help=_("Print parameters, cost, speed here, memory and time; train nothing.")),
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of a GAN."""
    from luokuan.models.evaluation.network import coverage_function
    from luokuan.models.gan.run import GanRun, resumed
    from luokuan.models.gan.train import GanTraining
    from luokuan.store.home import open_home

    place = open_home(home)
    run = (
        resumed(place, name)
        if resume
        else GanRun(
            name=name,
            size=size,
            objective=objective,
            condition=condition,
            preset=preset,
            steps=steps,
            minutes=minutes,
            batch=batch,
            accumulate=accumulate,
            rate=rate,
            rate_end=min(rate_end, rate),
            gamma=gamma,
            flip=flip,
            seed=seed,
            precision=precision,
            device=device,
        )
    )
    training = GanTraining(corpus, run, coverage=coverage_function(), home=place, quiet=quiet or json)
    if dry_run:
        _print_plan(training.plan(), json=json)
        return
    if not json and not quiet:
        _announce(training)
    outcome, model = training.train(resume=resume)
    if json:
        emit_json(
            {
                "finished": outcome.finished,
                "steps": outcome.step,
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
                    "Continue with: luokuan train gan {corpus} --name {name} --resume",
                    done=outcome.step,
                    corpus=corpus,
                    name=run.name,
                )
            )
        raise typer.Exit(ExitCode.INTERRUPTED)
    if not json:
        say(_("The model is in {path}.", path=model.path))
        say(_("Next: luokuan create image -m {name} -o picture.png", name=run.name), quiet=quiet)


def _announce(training: GanTraining) -> None:
    machine, run = training.machine, training.run
    say(
        _(
            "{count} training pictures, {held_out} held out; {size}² pixels; {device}, {precision}, {threads} threads.",
            count=training.game.items(),
            held_out=training.held_out,
            size=run.size,
            device=machine.device,
            precision=machine.precision,
            threads=machine.threads,
        )
    )
    gamma = run.gamma_schedule
    rule = _("given") if run.gamma is not None else _("by the rule 2·(size/64)³, falling to a tenth")
    say(_("γ = {start:.4g} → {end:.4g} ({rule}).", start=gamma.start, end=gamma.end, rule=rule))
    say(_("Figures and previews: {path}. Ctrl-C saves and stops.", path=training.folder))
    if training.corpus.licence == "unknown":
        say(
            _(
                "The corpus has no licence in card.yaml: model and works will be marked 'licence: unknown' "
                "and can't be sold. See `luokuan corpus card`."
            )
        )


def _print_plan(plan: Plan, *, json: bool) -> None:
    values: dict[str, Any] = asdict(plan)
    if json:
        emit_json(values)
        return
    from luokuan.foundation.progress import duration

    lines = [
        (
            _("Parameters"),
            _(
                "generator {g:.2f} M, discriminator {d:.2f} M",
                g=plan.parameters["generator"] / 1e6,
                d=plan.parameters["discriminator"] / 1e6,
            ),
        ),
        (_("Cost"), _("{gflop:.2f} GFLOP a training picture", gflop=plan.gflop_per_item)),
        (
            _("Speed here"),
            _(
                "{rate:.0f} pictures/s ({gflops:.0f} GFLOP/s, {device}, {precision})",
                rate=plan.items_per_second,
                gflops=plan.items_per_second * plan.gflop_per_item,
                device=plan.device,
                precision=plan.precision,
            ),
        ),
        (_("Memory"), _("{mib:.0f} MiB at the peak", mib=plan.memory / 2**20)),
        (
            _("Run"),
            _(
                "{steps} steps, {items} pictures ({epochs:.1f} times the corpus), about {time}",
                steps=plan.steps,
                items=plan.items,
                epochs=plan.items / max(plan.training_pictures, 1),
                time=duration(plan.seconds),
            ),
        ),
        (_("Penalty γ"), f"{plan.gamma[0]:.4g} → {plan.gamma[1]:.4g}"),
        (
            _("Corpus"),
            _(
                "{train} training pictures, {held} held out, classes: {classes}",
                train=plan.training_pictures,
                held=plan.held_out_pictures,
                classes=", ".join(plan.classes) or "-",
            ),
        ),
    ]
    for label, text in lines:
        say(f"{label}: {text}")
