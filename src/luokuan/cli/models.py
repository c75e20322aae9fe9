"""`luokuan models`: list, show, remove and export what is in the store."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import ExitCode, UserError
from luokuan.files import disk_errors
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.modelfolder import ModelFolder

app = typer.Typer(no_args_is_help=True, help=_("List, show, remove and export models."))

Name = Annotated[str, typer.Argument(help=_("A model: name in the store, folder, or Hub id."), show_default=False)]


@app.callback()
def _group() -> None:
    """Actions as commands."""


@app.command("list", help=_("List the models of the store and the starters."))
def list_(json: options.Json = False, home: options.Home = None) -> None:
    """Own models first."""
    from luokuan.foundation.modelfolder import STARTERS, list_models
    from luokuan.models.registry import picture_size
    from luokuan.store.home import open_home

    unreadable: list[UserError] = []
    found = [
        {
            "name": model.name,
            "family": model.family or "?",
            "size": picture_size(model.config),
            "classes": len(model.config.get("classes") or ()),
            "licence": model.licence,
            "megabytes": round(model.megabytes, 2),
            "digest": model.digest,
            "starter": model.path.parent == STARTERS,
            "path": str(model.path),
        }
        for model in list_models(open_home(home), unreadable=unreadable)
    ]
    if json:
        emit_json({"models": found, "unreadable": [str(error) for error in unreadable]})
        return
    columns = [_("name"), _("family"), _("size"), _("classes"), _("licence"), "MB", _("digest"), _("kind")]
    rows = [
        (
            *("-" if m[k] is None else m[k] for k in ("name", "family", "size", "classes", "licence", "megabytes")),
            str(m["digest"])[:12],
            _("starter") if m["starter"] else _("own"),
        )
        for m in found
    ]
    table(columns, rows)
    for error in unreadable:
        say(visible(error))


@app.command("show", help=_("Show a model's config, training record and card."))
def show(name: Name, json: options.Json = False, home: options.Home = None) -> None:
    """Everything that is known about one model."""
    from luokuan.foundation.modelfolder import CARD, resolve
    from luokuan.store.home import open_home

    model = resolve(name, open_home(home))
    card = model.path / CARD
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    values: dict[str, Any] = {
        "name": model.name,
        "path": str(model.path),
        "digest": model.digest,
        "licence": model.licence,
        "config": model.config,
        "training": model.training,
        "card": text,
    }
    if json:
        emit_json(values)
        return
    for line in text.splitlines() or [_("This model has no card.")]:
        say(visible(line.expandtabs()))  # a card may come from a stranger
    say(_("Path: {path}", path=model.path))
    say(_("Digest: {digest}", digest=model.digest))


@app.command("remove", help=_("Remove a model from the store; starters stay."))
def remove(
    name: Annotated[str, typer.Argument(help=_("Name in the store."), show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Don't ask."))] = False,
    home: options.Home = None,
) -> None:
    """Remove the model folder and its training run."""
    from luokuan.foundation.modelfolder import check_name, starters
    from luokuan.foundation.runs import in_one_place
    from luokuan.store.home import open_home

    check_name(name)
    place = open_home(home)
    folders = [folder for folder in (place.models / name, place.runs / name) if folder.is_dir()]
    if not folders:
        if name in starters():
            what, do = _("'{name}' is a starter and stays.", name=name), _("Only models of the store can be removed.")
        else:
            what = _("There is no model '{name}' in the store.", name=name)
            do = _("See `luokuan models list`.")
        raise UserError(what, do, code="model.not_own", status=404)
    question = _("Remove {name} ({folders}) for good?", name=name, folders=", ".join(map(str, folders)))
    if not yes and not typer.confirm(question):
        raise typer.Exit(ExitCode.NOT_SO)
    with in_one_place(place, name):
        # Looked for again: a training may have ended while the question stood.
        for folder in (f for f in (place.models / name, place.runs / name) if f.is_dir()):
            with disk_errors(folder):
                # Renamed first: from then on nobody finds half a model.
                grave = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".removed-"))
                folder.rename(grave / name)
                shutil.rmtree(grave)
    say(_("Removed {name}.", name=name))


@app.command(
    "export",
    help=_("Write a model in another format: onnx (checked in onnxruntime), gguf (for llama.cpp), or hub-folder."),
)
def export(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help=_("File or folder to write."), show_default=False)],
    to: Annotated[
        Literal["onnx", "gguf", "hub-folder"], typer.Option("--to", help=_("onnx, gguf or hub-folder."))
    ] = "onnx",
    kind: Annotated[
        Literal["f32", "f16", "bf16", "q8_0", "int8"] | None,
        typer.Option(
            "--type",
            help=_("How gguf keeps the weights (bf16 if not given); hub-folder: int8, half of float16."),
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Export a model."""
    from luokuan.foundation.modelfolder import resolve
    from luokuan.store.home import open_home

    if kind is not None and to != "gguf" and (to, kind) != ("hub-folder", "int8"):
        raise UserError(
            _("{option} has no say with {other}.", option="--type", other=f"--to {to}"),
            _("Leave one of them out."),
            code="export.option",
        )
    if to == "gguf" and kind == "int8":
        raise UserError(_("GGUF has no type int8."), _("Give --type q8_0."), code="export.option")
    folder = resolve(name, open_home(home))
    difference: float | None = None
    if to == "hub-folder":
        from luokuan.models.export import to_hub_folder

        to_hub_folder(folder, output, int8=kind == "int8")
    elif to == "gguf":
        kind = kind or "bf16"
        difference = _gguf(folder, output, kind)
    else:
        difference = _onnx(folder, output)
    if json:
        more = {} if kind is None else {"type": kind}
        emit_json({"path": str(output), "format": to, **more, "largest_difference": difference})
        return
    say(_("Wrote {path}.", path=output))
    if to == "onnx":
        say(_("onnxruntime gives the same pictures; largest difference {value:.1e}.", value=difference))
        say(_("What this file makes carries no colophon: label it before you publish it."))
    elif to == "gguf":
        say(_("Read back, its weights and tokens are the model's; largest difference {value:.1e}.", value=difference))
        say(_("What other programs write with this file carries no colophon: label it before you publish it."))


def _onnx(folder: ModelFolder, output: Path) -> float:
    from luokuan.models.export import to_onnx
    from luokuan.models.registry import (
        CLIPS,
        LATENT_TEXT,
        MUSIC,
        SOUNDS,
        TRANSLATING,
        VOICES,
        WRITING,
        family_loader,
        loader_name,
    )

    if loader_name(folder) in CLIPS:
        raise UserError(
            _("'{name}' is a model of clips: it is not written as ONNX.", name=folder.name),
            _("Use --to hub-folder."),
            code="export.clip",
        )
    if loader_name(folder) in MUSIC:
        raise UserError(
            _("'{name}' is a model of music: it is not written as ONNX.", name=folder.name),
            _("Use --to hub-folder."),
            code="export.music",
        )
    if loader_name(folder) in SOUNDS:
        raise UserError(
            _("'{name}' is a model of sounds: it is not written as ONNX.", name=folder.name),
            _("Use --to hub-folder."),
            code="export.sound",
        )
    if loader_name(folder) in VOICES:
        raise UserError(
            _("'{name}' is a voice: it is not written as ONNX.", name=folder.name),
            _("Use --to hub-folder."),
            code="export.voice",
        )
    if loader_name(folder) in LATENT_TEXT:
        raise UserError(
            _("'{name}' writes sentences by a latent vector: it is not written as ONNX.", name=folder.name),
            _("Use --to hub-folder."),
            code="export.language",
        )
    if folder.family in TRANSLATING:
        raise UserError(
            _("'{name}' is an encoder-decoder: it is written neither as ONNX nor as GGUF.", name=folder.name),
            _("Use --to hub-folder, which other tools read and convert."),
            code="export.language",
        )
    if loader_name(folder) in WRITING:
        raise UserError(
            _("'{name}' is a language model: it is not written as ONNX.", name=folder.name),
            _("Use --to gguf, or --to hub-folder, which other tools read and convert."),
            code="export.language",
        )
    return to_onnx(family_loader(folder)(folder), output)


def _gguf(folder: ModelFolder, output: Path, kind: str) -> float:
    from luokuan.models.registry import WRITING, family_loader, loader_name

    if loader_name(folder) not in WRITING:
        raise UserError(
            _("'{name}' is no language model: it is not written as GGUF.", name=folder.name),
            _("Use --to onnx or --to hub-folder."),
            code="export.pictures",
        )
    from luokuan.models.plm.gguf import to_gguf

    return to_gguf(family_loader(folder)(folder), output, kind)
