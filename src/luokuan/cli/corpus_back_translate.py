"""`luokuan corpus back-translate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

HELP = _("Make pairs of sentences in one language: a model writes the other side, for training alone.")


def back_translate(
    sentences: Annotated[Path, typer.Argument(help=_("A file of text, a sentence a line."), show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help=_("A new folder."), show_default=False)],
    start: Annotated[str, typer.Option("--from", help=_("Language of the sentences."), show_default=False)],
    to: Annotated[str, typer.Option("--to", help=_("Language that the model writes."), show_default=False)],
    model: Annotated[
        str,
        typer.Option("--model", "-m", help=_("A model of `luokuan train seq2seq`."), show_default=False),
    ],
    without: Annotated[
        list[Path] | None,
        typer.Option(
            "--without",
            help=_("Corpus whose held-out sentences must not be among them; may be repeated."),
            show_default=False,
        ),
    ] = None,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help=_("Only so many of the first."), show_default=False)
    ] = None,
    beams: Annotated[
        int, typer.Option("--beams", min=1, max=16, help=_("Hypotheses kept while searching; 1 is quickest."))
    ] = 1,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, max=5, help=_("Above 0: draw instead of searching."))
    ] = 0.0,
    licence: Annotated[
        str | None,
        typer.Option("--licence", help=_("Licence of the sentences (default: by card.yaml)."), show_default=False),
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Translate, write, and say what came of it; what was stopped goes on where it was."""
    from luokuan.foundation.compute import prepare
    from luokuan.foundation.corpus import open_parallel
    from luokuan.foundation.corpus.check import require_fresh
    from luokuan.foundation.corpus.parallel import check_languages
    from luokuan.foundation.progress import Progress
    from luokuan.models.seq2seq.backtranslation import back_translate as make
    from luokuan.models.seq2seq.backtranslation import read_sentences
    from luokuan.models.seq2seq.decoding import Search
    from luokuan.models.seq2seq.train import base_named
    from luokuan.store.home import open_home

    way = check_languages(start, to)
    require_fresh(output, sentences)
    place = open_home(home)
    prepare()
    held_out = [open_parallel(corpus, way) for corpus in without or []]
    from luokuan.models.seq2seq.model import Seq2SeqModel

    loaded = Seq2SeqModel.from_folder(base_named(model, place, [way]))
    found = read_sentences(sentences, loaded, held_out=held_out, most=most)
    done = 0
    with Progress(_("Translating"), len(found.texts), quiet=quiet or json) as progress:

        def tell(more: int) -> None:
            nonlocal done
            done += more
            progress.update(done)

        count = make(
            found,
            output,
            model=loaded,
            start=start,
            to=to,
            search=Search(beams=beams, temperature=temperature),
            cache=place.cache,
            licence=licence,
            seed=seed,
            on_done=tell,
        )
    if json:
        emit_json({"path": str(output), "pairs": count, "left_out": found.left_out + len(found.texts) - count})
        return
    say(
        _(
            "Wrote {count} pairs to {path}; {left_out} sentences were left out (twice, too long, held out, or without "
            "a translation).",
            count=count,
            path=visible(output),
            left_out=found.left_out + len(found.texts) - count,
        )
    )
    say(_("Next: luokuan train seq2seq CORPUS {path} --name NAME --base {model}", path=visible(output), model=model),
        quiet=quiet)  # fmt: skip
