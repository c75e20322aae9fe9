"""`luokuan train plm`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import options, training
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.plm.finetune import TuneTraining
    from luokuan.models.plm.train import PlmTraining


SCRATCH = ("size", "layers", "tied", "tokenizer", "vocabulary")
"""Options that shape a new network: one that goes on has its shape."""
TUNING = ("method", "chat", "rank", "alpha", "beta")
"""Options of fine-tuning."""
EITHER = (
    "context",
    "steps",
    "minutes",
    "batch",
    "accumulate",
    "rate",
    "patience",
    "dropout",
    "keep",
    "seed",
    "precision",
    "device",
)


def plm(
    context_: typer.Context,
    corpus: Annotated[
        Path,
        typer.Argument(help=_("Folder of .txt, .md or .jsonl files, or one such file."), show_default=False),
    ],
    name: training.Name,
    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=_("Fine-tune this model instead of starting at random: store name, folder or Hub id."),
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help=_(
                "How to fine-tune: sft learns what to answer, lora the same by few weights, dpo which of two answers "
                "is preferred."
            ),
        ),
    ] = "sft",
    chat: Annotated[
        bool, typer.Option("--chat", help=_("Fine-tuning: prompt and completion are turns of a conversation."))
    ] = False,
    rank: Annotated[
        int | None,
        typer.Option("--rank", help=_("--method lora: rank of the updates (default 16)."), show_default=False),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            "--alpha", help=_("--method lora: weight of the updates (default: twice --rank)."), show_default=False
        ),
    ] = None,
    beta: Annotated[
        float | None,
        typer.Option(
            "--beta",
            help=_("--method dpo: how dearly leaving the model at the start is paid (default 0.1)."),
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        str, typer.Option("--size", help=_("nano (0.8 M parameters), micro (5 M) or small (26 M), and the vocabulary."))
    ] = "micro",
    layers: Annotated[
        int | None,
        typer.Option("--layers", help=_("Transformer blocks (default: as the size has)."), show_default=False),
    ] = None,
    tied: Annotated[
        bool, typer.Option("--tied", help=_("One matrix for embeddings and head: smaller with a large vocabulary."))
    ] = False,
    tokenizer: Annotated[
        str,
        typer.Option("--tokenizer", help=_("chars, bpe, bytes, or that of another model: store name, folder, Hub id.")),
    ] = "bpe",
    vocabulary: Annotated[int, typer.Option("--vocabulary", help=_("Tokens of --tokenizer bpe."))] = 4096,
    context: Annotated[
        int | None,
        typer.Option(
            "--context",
            help=_("Tokens of a window (default: 256, small 512; fine-tuning: the model's, 1024 at most)."),
            show_default=False,
        ),
    ] = None,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[int, typer.Option("--batch", help=_("Windows, examples or pairs a step."))] = 32,
    accumulate: training.Accumulate = 1,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            help=_("Adam's highest learning rate (default: 0.003, nano 0.004; fine-tuning 0.0001, lora 0.001, dpo 0.00001)."),
            show_default=False,
        ),
    ] = None,
    dropout: Annotated[
        float,
        typer.Option(
            "--dropout", help=_("Share of embeddings and of the blocks' outputs dropped, against learning by heart.")
        ),
    ] = 0.0,
    keep: Annotated[
        str, typer.Option("--keep", help=_("best: the average that predicts held-out text best; last: the last one."))
    ] = "best",
    patience: Annotated[
        int,
        typer.Option(
            "--patience", help=_("End after so many validations in a row that were no better; a run has ten. 0: never.")
        ),
    ] = 0,
    seed: options.Seed = 0,
    precision: training.Precision = None,
    device: training.Device = None,
    resume: training.Resume = False,
    dry_run: training.DryRun = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Plan or run the training of a language model."""
    from luokuan.models.plm.train import PlmTraining, prepare
    from luokuan.store.home import open_home

    values = context_.params
    choices = {option: values[option] for option in EITHER if values[option] is not None}
    if base is None:
        choices |= {option: values[option] for option in SCRATCH}
    else:
        choices |= {"base": base, **{option: values[option] for option in TUNING}}
    if not resume:
        _refuse_idle(context_, SCRATCH if base is not None else TUNING, base)
    prepared = prepare(corpus, resume=resume, home=open_home(home), quiet=quiet or json, name=name, **choices)
    told = _scratch(prepared) if isinstance(prepared, PlmTraining) else _tuned(prepared)
    training.carry_out(
        prepared,
        lines=lambda _plan: told,
        announcement=[f"{label}: {text}." for label, text in told],
        following=_("Next: luokuan create text -m {name}", name=name),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


def _refuse_idle(context: typer.Context, options: tuple[str, ...], base: str | None) -> None:
    """Refuse options that were given and have no say."""
    for option in options:
        source = context.get_parameter_source(option)
        if source is None or source.name != "DEFAULT":
            raise UserError(
                _("{option} has no say with {other}.", option=f"--{option}", other="--from")
                if base is not None
                else _("{option} has no say without {other}.", option=f"--{option}", other="--from"),
                _("Leave one of them out.") if base is not None else _("Name the model to go on from with --from."),
                code="training.option",
            )


def _scratch(prepared: PlmTraining) -> list[tuple[str, str]]:
    told = _(
        "{tokens} in {documents} documents; vocabulary {vocabulary}; windows of {context}",
        tokens=f"{len(prepared.stream.tokens):,}",
        documents=f"{prepared.stream.documents:,}",
        vocabulary=prepared.details()["vocabulary"],
        context=prepared.run.window,
    )
    return [(_("Tokens"), told)]


def _tuned(prepared: TuneTraining) -> list[tuple[str, str]]:
    base, learnt = prepared.base(), prepared.learnt
    known = _(
        "{name}, licence {licence}; {method}, at most {context} tokens at a time",
        name=base.name,
        licence=base.licence,
        method=prepared.run.method,
        context=prepared.context,
    )
    if "answer_tokens" not in learnt:
        amount = _("{tokens} in {documents} documents", tokens=f"{learnt['tokens']:,}", documents=learnt["documents"])
    else:
        amount = _(
            "{tokens} of answers; {left_out} prompts left out as too long, {cut} answers cut",
            tokens=f"{learnt['answer_tokens']:,}",
            left_out=learnt["left_out"],
            cut=learnt["cut"],
        )
    return [(_("Base"), known), (_("Tokens"), amount)]
