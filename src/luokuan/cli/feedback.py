"""`luokuan feedback` and `luokuan corpus feedback`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

HELP = _("Say of a work whether it is good (up) or not (down): texts that were rated are something to learn from.")
GATHER = _("Write pairs of texts that were rated for the same prompt, for `train plm --method dpo`.")


def feedback(
    work: Annotated[str, typer.Argument(help=_("The work's file, or its id."), show_default=False)],
    opinion: Annotated[str, typer.Argument(help=_("up, down, or none to take it back."), show_default=False)],
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Note it in the home."""
    from luokuan.create.feedback import give_feedback
    from luokuan.store.home import open_home

    found = give_feedback(work, opinion, home=open_home(home))
    if json:
        emit_json({"work": found, "feedback": opinion})
    else:
        say(_("Noted for the work {work}: {opinion}.", work=found, opinion=opinion), quiet=quiet)


def gather(
    output: Annotated[Path, typer.Option("--output", "-o", help=_("A new folder."), show_default=False)],
    json: options.Json = False,
    home: options.Home = None,
) -> None:
    """Write the pairs of this home."""
    from dataclasses import asdict

    from luokuan.create.feedback import gather_pairs
    from luokuan.store.home import open_home

    found = gather_pairs(output, home=open_home(home))
    if json:
        emit_json({**asdict(found), "path": str(found.path)})
        return
    say(
        _(
            "Wrote {pairs} pairs for {prompts} prompts to {path}; licence {licence}.",
            pairs=found.pairs,
            prompts=found.prompts,
            path=visible(found.path),
            licence=found.licence,
        )
    )
    if found.alone or found.unusable:
        say(
            _(
                "Left out: {alone} texts without an opposite for the same prompt, {unusable} works that no language "
                "model wrote or whose recipe is gone.",
                alone=found.alone,
                unusable=found.unusable,
            )
        )
    say(_("Next: luokuan train plm {path} --name better --from MODEL --method dpo", path=visible(found.path)))
