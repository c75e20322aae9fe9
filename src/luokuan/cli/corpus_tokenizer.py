"""`luokuan corpus tokenizer`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luokuan.cli import options
from luokuan.cli.output import emit_json, say, visible
from luokuan.i18n import _

HELP = _("Learn a tokenizer from the training text, into a folder for `train plm --tokenizer` and AutoTokenizer.")


def tokenizer(
    corpus: Annotated[
        Path,
        typer.Argument(help=_("Folder of .txt, .md or .jsonl files, or one such file."), show_default=False),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help=_("A new folder."), show_default=False)],
    kind: Annotated[str, typer.Option("--kind", help=_("What a token is: chars, bpe (byte pairs) or bytes."))] = "bpe",
    vocabulary: Annotated[int, typer.Option("--vocabulary", help=_("Tokens of --kind bpe."))] = 4096,
    json: options.Json = False,
) -> None:
    """Learn, measure on held-out text, write, and say what came of it."""
    from dataclasses import asdict

    from luokuan.foundation.corpus import open_texts
    from luokuan.foundation.corpus.check import require_fresh
    from luokuan.models.plm import learnt, tokenizers

    learnt.check_choices(kind, vocabulary)  # before the corpus is read
    require_fresh(output, corpus)
    texts = open_texts(corpus)
    made = learnt.learn(texts, kind, vocabulary)
    held = learnt.measure(made, texts)
    learnt.write(made, output)
    size = tokenizers.size(made)
    if json:
        emit_json(
            {
                "path": str(output),
                "kind": kind,
                "vocabulary": size,
                "digest": tokenizers.digest(made),
                "corpus": texts.digest,
                "licence": texts.licence,
                "held_out": {
                    **asdict(held),
                    "characters_per_token": held.characters_per_token,
                    "bytes_per_token": held.bytes_per_token,
                },
            }
        )
        return
    say(_("Wrote a tokenizer with {count} tokens to {path}.", count=f"{size:,}", path=visible(output)))
    if held.characters_per_token is None:
        say(_("There is no held-out text to measure it on."))
    else:
        say(
            _(
                "On held-out text ({characters} characters): {each:.3f} characters and {bytes:.3f} bytes a token.",
                characters=f"{held.characters:,}",
                each=held.characters_per_token,
                bytes=held.bytes_per_token,
            )
        )
    if held.unknown:
        say(_("{count} held-out tokens stand for characters that it doesn't know.", count=f"{held.unknown:,}"))
    if kind == "bpe" and size < vocabulary:
        say(_("The text gave fewer tokens than the {count} that were asked for.", count=f"{vocabulary:,}"))
    say(
        _(
            "Next: luokuan train plm {corpus} --name mine --tokenizer {path}",
            corpus=visible(corpus),
            path=visible(output),
        )
    )
