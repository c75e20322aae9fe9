"""`luokuan create verse`: Chinese poems that keep their form."""

from __future__ import annotations

from typing import Annotated

import typer

from luokuan.cli import labelling, options
from luokuan.cli.exporting import suffix_of
from luokuan.cli.writing import FORMATS, Count, Format, hand_over, show
from luokuan.i18n import _

HELP = _("Create Chinese verse: form, rhyme and tones are kept, title, first line and first characters as wished.")


def verse(
    title: Annotated[
        str, typer.Argument(help=_("The title, in simplified characters; empty: the model's choice."))
    ] = "",
    form: Annotated[
        str,
        typer.Option("--form", help=_("五绝, 七绝, 五律, 七律 (wujue, qijue, wulv, qilv), or a tune such as 浣溪沙.")),
    ] = "五绝",
    first_line: Annotated[
        str, typer.Option("--first-line", help=_("How the poem begins, without marks."), show_default=False)
    ] = "",
    heads: Annotated[
        str,
        typer.Option(
            "--heads", help=_("First characters of its lines, together a message (藏头)."), show_default=False
        ),
    ] = "",
    rhyme: Annotated[
        str, typer.Option("--rhyme", help=_("A character of the level rhyme to keep, such as 东."), show_default=False)
    ] = "",
    tones: Annotated[
        bool, typer.Option("--tones/--no-tones", help=_("Whether regular verse keeps level and oblique tones."))
    ] = True,
    model: options.Model = "verse",
    output: options.Output = None,
    count: Count = 1,
    seed: options.Seed = 0,
    format: Format = None,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, max=5, help=_("Below 1: more probable; 0: always the likeliest."))
    ] = 0.8,
    top_p: Annotated[
        float,
        typer.Option("--top-p", min=0, max=1, help=_("Only the likeliest tokens with this probability together.")),
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
    """Create poems, show a single one while it is written, and put them where the person wants them."""
    from luokuan.create.verses import Asked, create_verses
    from luokuan.models.plm.sampling import Manner
    from luokuan.store.home import open_home

    wanted = labelling.label_options(label, policy, no_label, reason, acknowledge, home)
    suffix = suffix_of(format, output, count, FORMATS)
    shown = count == 1 and not json and not quiet
    works = create_verses(
        Asked(title, form, first_line, heads, rhyme, tones),
        model=model,
        seed=seed,
        count=count,
        manner=Manner(temperature=temperature, top_p=top_p),
        media_type=FORMATS[suffix],
        label=wanted,
        home=open_home(home),
        on_text=show if shown else None,
    )
    hand_over(works, output, suffix, count=count, shown=shown, json=json, quiet=quiet)
