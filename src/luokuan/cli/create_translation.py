"""`luokuan create translation`: a text in another language."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import suffix_of
from luokuan.cli.writing import FORMATS, Format, hand_over, show
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.schema import Work

HELP = _("Create a translation: sentence by sentence, with the lines and lists of the text.")

MANY = 50
"""Sentences from which on progress is shown."""


def translation(
    text: Annotated[str, typer.Argument(help=_("What to translate."), show_default=False)] = "",
    to: Annotated[
        str, typer.Option("--to", help=_("The language to write, such as zh or en."), show_default=False)
    ] = ...,  # type: ignore[assignment]
    start: Annotated[
        str, typer.Option("--from", help=_("The language of the text (default: by the model)."), show_default=False)
    ] = "",
    source: Annotated[
        Path | None, typer.Option("--input", "-i", help=_("A file of text to translate."), show_default=False)
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help=_(
                "An encoder-decoder or a chat model: name in the store, folder, Hub id, or http://HOST:PORT/v1#NAME "
                "of a server."
            ),
        ),
    ] = "en-zh",
    output: options.Output = None,
    seed: options.Seed = 0,
    format: Format = None,
    beams: Annotated[
        int, typer.Option("--beams", min=1, max=16, help=_("Hypotheses kept while searching; 1 is quickest."))
    ] = 4,
    length: Annotated[
        float,
        typer.Option("--length", min=0, max=5, help=_("Exponent of the length in comparing them; 0 favours short.")),
    ] = 1.0,
    label: labelling.Label = None,
    policy: labelling.Policy = None,
    no_label: labelling.NoLabel = False,
    reason: labelling.Reason = None,
    acknowledge: labelling.Acknowledge = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Translate a text, show it, and put it where the person wants it."""
    from luokuan.create.starting import text_from
    from luokuan.create.translations import create_translation
    from luokuan.store.home import open_home

    if text and source is not None:
        raise UserError(_("Both a text and --input were given."), _("Give one of them."), code="translation.input")
    shown = not json and not quiet
    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home)
    suffix = suffix_of(format, output, 1, FORMATS)
    place = open_home(home)
    given, origin = (text, None) if source is None else text_from(source, place)
    with ExitStack() as held:
        work = create_translation(
            given,
            to=to,
            start=start,
            model=model,
            seed=seed,
            beams=beams,
            length=length,
            media_type=FORMATS[suffix],
            label=wanted,
            home=place,
            origin=origin,
            on_done=None if quiet or json else _progress(held),
            on_text=show if shown else None,
        )
    told = ("ended", "lost_figures")
    hand_over([work], output, suffix, count=1, shown=shown, json=json, notes=_notes, told=told)


def _notes(work: Work) -> list[str]:
    lost = work.recipe.parameters.get("lost_figures")
    if not lost:
        return []
    return [_("Figures that the translation may have lost or changed: {figures}.", figures=", ".join(lost))]


def _progress(held: ExitStack) -> Callable[[int, int], None]:
    """What shows progress on stderr where there is much to do, until ``held`` lets go."""
    from luokuan.foundation.progress import Progress

    shown: list[Progress] = []

    def tell(done: int, total: int) -> None:
        if total >= MANY and not shown:
            shown.append(held.enter_context(Progress(_("Translating"), total)))
        for progress in shown:
            progress.update(done)

    return tell
