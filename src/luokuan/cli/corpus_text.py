"""`luokuan corpus check` for text: what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.cli.output import emit_json, say, table, visible
from luokuan.errors import ExitCode
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.foundation.corpus.textcheck import TextCheck
    from luokuan.foundation.corpus.textclean import Cleaned

SHOWN = 8


def check_text(
    path: Path, *, clean: Path | None, script: str | None, personal: str | None, json: bool, quiet: bool
) -> ExitCode:
    """Print findings; write a cleaned copy if asked.

    Raises:
        UserError: see ``check_texts`` and ``clean_texts``.
    """
    from luokuan.foundation.corpus.check import require_fresh
    from luokuan.foundation.corpus.textcheck import check_texts
    from luokuan.foundation.corpus.textclean import clean_texts

    if clean is not None:
        require_fresh(clean, path)  # before all is read
    found = check_texts(path, script=script)
    written = clean_texts(found, clean, personal=personal or "mask") if clean is not None else None
    if json:
        emit_json({**found.to_json(), "cleaned": None if written is None else _row(written)})
    else:
        _print(found, quiet=quiet)
        if written is not None:
            _tell(written)
    return ExitCode.DONE if found.trainable else ExitCode.NOT_SO


def _row(written: Cleaned) -> dict[str, object]:
    return {
        "path": str(written.path),
        "documents": written.documents,
        "characters": written.characters,
        "dropped": written.dropped,
    }


def _tell(written: Cleaned) -> None:
    dropped = written.dropped
    say(
        _(
            "Wrote {count} documents with {characters} characters to {path}; left out: {copies} copies, {lacunae} with "
            "lacunae, {personal} with personal data, {empty} empty ones.",
            count=f"{written.documents:,}",
            characters=f"{written.characters:,}",
            path=visible(written.path),
            copies=dropped["copies"],
            lacunae=dropped["lacunae"],
            personal=dropped["personal"],
            empty=dropped["empty"],
        )
    )


def _print(found: TextCheck, *, quiet: bool) -> None:
    survey = found.survey
    if not quiet:
        splits = survey.splits
        words = {
            "given": _("splits as given"),
            "documents": _("whole documents held out by their digests"),
            "tails": _("the last tenth of each document held out"),
        }
        columns = ["", _("train"), _("validation"), _("test")]
        table(columns, [(_("documents"), *splits.values())], title=words[survey.held_out])
    say(
        _(
            "{documents} documents with {characters} characters in {files} files ({encodings}); licence {licence}.",
            documents=f"{survey.documents:,}",
            characters=f"{survey.characters:,}",
            files=f"{len(survey.files):,}",
            encodings=", ".join(f"{name.upper()} {count}" for name, count in found.encodings.items()),
            licence=visible(found.licence),
        )
    )
    if not quiet:
        leaks = found.clusters(survey.leader, survey.leaks())
        copies = [*found.clusters(survey.exact), *found.clusters(survey.near)]
        details = [
            *(f"{broken.path}: {broken.reason}" for broken in found.broken[:SHOWN]),
            *(_("copies: {names}", names=_names(names)) for names in copies[:SHOWN]),
            *(_("in train and held out: {names}", names=_names(names)) for names in leaks[:SHOWN]),
        ]
        for line in details:
            say(f"  {visible(line)}")
    for sentence in (*found.problems, *found.warnings):
        say(visible(sentence))
    if found.trainable:
        say(_("It can be trained on."))


def _names(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
