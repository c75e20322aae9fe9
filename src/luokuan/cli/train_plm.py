"""`luokuan train plm`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import options, training
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.plm.finetune import TuneTraining
    from luokuan.models.plm.music.train import MusicPlmTraining
    from luokuan.models.plm.train import PlmTraining


SCRATCH = ("size", "layers", "tied", "tokenizer", "vocabulary")
"""Options that shape a new network: one that goes on has its shape."""
OF_MUSIC = ("fill", "transpose")
"""Options of music."""
OF_TEXT = ("tied", "tokenizer", "vocabulary")
"""Options that music doesn't have."""
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
        typer.Argument(
            help=_("Folder of .txt, .md or .jsonl files, or of .mid files; or one such file."), show_default=False
        ),
    ],
    name: training.Name,
    kind: Annotated[str, typer.Option("--kind", help=_("What there is to learn from: text or music."))] = "text",
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
            help=_("Tokens of a window (default: 256, small and music 512; fine-tuning: the model's, 1024 at most)."),
            show_default=False,
        ),
    ] = None,
    fill: Annotated[
        float,
        typer.Option("--fill", help=_("Music: share of excerpts with a gap that is to be filled, 0 to 1.")),
    ] = 0.25,
    transpose: Annotated[
        bool, typer.Option("--transpose/--no-transpose", help=_("Music: learn it in all keys (default)."))
    ] = True,
    steps: training.Steps = None,
    minutes: training.Minutes = None,
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch", help=_("Windows, examples or pairs a step (default 32; music: 16)."), show_default=False
        ),
    ] = None,
    accumulate: training.Accumulate = 1,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            help=_(
                "Adam's highest learning rate (default: 0.003, nano 0.004; fine-tuning 0.0001, lora 0.001, dpo "
                "0.00001)."
            ),
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
    from luokuan.models.plm.finetune import TuneTraining
    from luokuan.models.plm.train import PlmTraining, prepare
    from luokuan.store.home import open_home

    values = context_.params
    choices = {option: values[option] for option in EITHER if values[option] is not None}
    if kind != "text":
        choices |= {"kind": kind, **{option: values[option] for option in ("size", "layers", *OF_MUSIC)}}
    elif base is None:
        choices |= {option: values[option] for option in SCRATCH}
    else:
        choices |= {"base": base, **{option: values[option] for option in TUNING}}
    if not resume:
        _refuse_idle_kind(context_, kind)
        if kind == "text":
            _refuse_idle(context_, SCRATCH if base is not None else TUNING, base)
    prepared: Any = prepare(corpus, resume=resume, home=open_home(home), quiet=quiet or json, name=name, **choices)
    if isinstance(prepared, PlmTraining):
        told = _scratch(prepared)
    else:
        told = _tuned(prepared) if isinstance(prepared, TuneTraining) else _music(prepared)
    training.carry_out(
        prepared,
        lines=lambda _plan: told,
        announcement=[f"{label}: {text}." for label, text in told],
        following=_("Next: luokuan create music -m {name}", name=name)
        if "kind" in prepared.details()
        else _("Next: luokuan create text -m {name}", name=name),
        resume=resume,
        dry_run=dry_run,
        json=json,
        quiet=quiet,
    )


def _refuse_idle_kind(context: typer.Context, kind: str) -> None:
    """Refuse options of the other kind."""
    idle = OF_MUSIC if kind == "text" else ("base", *OF_TEXT, *TUNING)
    for option in idle:
        source = context.get_parameter_source(option)
        if source is not None and source.name != "DEFAULT":
            raise UserError(
                _(
                    "{option} has no say with {other}.",
                    option="--from" if option == "base" else f"--{option}",
                    other=f"--kind {kind}",
                ),
                _("Leave one of them out."),
                code="training.option",
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


def _music(prepared: MusicPlmTraining) -> list[tuple[str, str]]:
    found = prepared.details()
    told = _(
        "{tokens} in {songs} pieces of {bars} bars; vocabulary {vocabulary}; windows of {context}",
        tokens=f"{found['tokens']:,}",
        songs=f"{found['songs']:,}",
        bars=f"{found['bars']:,}",
        vocabulary=found["vocabulary"],
        context=found["context"],
    )
    lines = [(_("Tokens"), told)]
    if found["unfit"]:
        lines.append((_("Pieces that don't fit the encoding"), str(found["unfit"])))
    return lines


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
