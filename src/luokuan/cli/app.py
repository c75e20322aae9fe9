"""The Typer app and its groups. Groups import nothing heavy at their top, so that --help stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from luokuan import __version__
from luokuan.cli import (
    appraisal,
    backup,
    chain,
    corpus,
    create,
    doctor,
    evaluate,
    feedback,
    identity,
    lineage,
    log,
    market,
    models,
    rights,
    showcase,
    studio,
    train,
    verify,
    waiver,
    works,
)
from luokuan.i18n import _


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"luokuan {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="luokuan",
    help=_(
        "Train generative models on material you own; every work leaves with its colophon: "
        "AI label, signature, lineage, licence."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help=_("Print the version."), callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of the program itself."""


app.add_typer(train.app, name="train")
app.add_typer(create.app, name="create")
app.add_typer(corpus.app, name="corpus")
app.add_typer(models.app, name="models")
app.add_typer(works.app, name="works")
app.add_typer(waiver.app, name="waiver")
app.add_typer(identity.app, name="identity")
app.add_typer(log.app, name="log")
app.add_typer(appraisal.app, name="appraisal")
app.add_typer(rights.app, name="rights")
app.add_typer(market.app, name="market")
app.add_typer(chain.app, name="chain")
app.add_typer(studio.app, name="studio")
app.command(name="verify", help=verify.HELP)(verify.verify)
app.command(name="lineage", help=lineage.HELP)(lineage.lineage)
app.command(name="export", help=works.EXPORT)(works.export)
app.command(name="feedback", help=feedback.HELP)(feedback.feedback)
app.command(name="evaluate", help=evaluate.HELP)(evaluate.evaluate)
app.command(name="backup", help=backup.BACKUP)(backup.backup)
app.command(name="restore", help=backup.RESTORE)(backup.restore)
app.command(name="doctor", help=doctor.HELP)(doctor.doctor)
app.command(name="showcase", help=showcase.HELP)(showcase.showcase)
