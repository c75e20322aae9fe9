"""`luokuan evaluate` for language models of music: how well they predict, and what their pieces are like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.plm.music.measure import Measured
    from luokuan.models.plm.music.model import MusicPlm


def evaluate_songs(
    model: MusicPlm,
    corpus: Path,
    *,
    count: int | None,
    draws: int | None,
    seed: int,
    beside: str | None,
    sheet: Path | None,
    json: bool,
    progress: Callable[[str, int, int], None] | None,
    of_pictures: bool,
) -> None:
    """Measure and print.

    Args:
        count: Pieces to write; None: 64.
        sheet: Where a piano-roll of four pieces goes.
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or ``draws`` or ``beside``, or see ``measure``.
    """
    idle = ((of_pictures, "--truncation, --among, --guidance"), (draws is not None, "--importance"),
            (beside is not None, "--beside"))  # fmt: skip
    for given, option in idle:
        if given:
            raise UserError(
                _("{option} has no say with '{name}'.", option=option, name=model.folder.name),
                _("Leave it out."),
                code="evaluation.music",
            )
    from luokuan.foundation.corpus.scores import open_scores
    from luokuan.models.plm.music.measure import SAMPLES, measure

    material = open_scores(corpus)
    found = measure(model, material, samples=SAMPLES if count is None else count, seed=seed, progress=progress)
    if sheet is not None:
        _write_sheet(model, sheet, seed)
    verdicts = found.verdicts()
    if json:
        emit_json(
            {
                "model": model.folder.name,
                "model_digest": model.folder.digest,
                "corpus_digest": material.digest,
                **found.to_json(),
                "verdicts": verdicts,
            }
        )
        return
    _print(found)
    for sentence in verdicts:
        say(sentence)


def _write_sheet(model: MusicPlm, path: Path, seed: int) -> None:
    from luokuan.models.evaluation.sheet import write_png
    from luokuan.models.vae.music.pianoroll import strip

    scores = [model.sample(seed + index, bars=8) for index in range(4)]
    write_png(path, strip(scores, quarters=8 * model.bar, bar=model.bar))


def _print(found: Measured) -> None:
    nats = found.likelihood
    say(
        _(
            "{token:.4f} nats a token, {note:.3f} nats a note on {pieces} pieces of the {split} split ({tokens} "
            "tokens, {notes} notes), in their own key. Near-duplicates of training pieces among the held-out ones: "
            "{straddling}.",
            token=nats["nats_per_token"],
            note=nats["nats_per_note"],
            pieces=found.pieces,
            split=found.split,
            tokens=int(nats["tokens"]),
            notes=int(nats["notes"]),
            straddling=found.straddling,
        )
    )
    if found.written is None or found.real is None:
        return
    mine, real = found.written, found.real
    say(
        _(
            "Pieces of {bars} bars in the keys, tempi and densities of as many held-out excerpts, temperature "
            "{temperature:g}, top-p {top_p:g}, seed {seed}; copies are looked for in {training} training pieces.",
            bars=found.bars,
            temperature=found.temperature,
            top_p=found.top_p,
            seed=found.seed,
            training=found.training,
        )
    )
    table(
        [_("figure"), _("its {count} pieces", count=mine["pieces"]), _("held out")],
        [(title, f"{mine[key]:.3g}", f"{real[key]:.3g}") for key, title in _titles().items()],
    )


def _titles() -> dict[str, str]:
    """What the figures of pieces are called."""
    return {
        "in_key": _("Notes in the key ↑"),
        "in_scale": _("Notes in the scale ↑"),
        "in_metre": _("Long notes on the beat ↑"),
        "repeated": _("Bars that repeat an earlier one"),
        "rhythm_repeated": _("Bars with the rhythm of an earlier one"),
        "similar": _("Likeness of bars to earlier ones (0 to 1)"),
        "notes_per_quarter": _("Notes a quarter"),
        "major": _("Pieces in major"),
        "density_distance": _("Distance in density ↓ (0 to 1)"),
        "pitch_class_distance": _("Distance in pitch classes ↓ (0 to 1)"),
        "longest_run_median": _("Longest run shared with training pieces, median"),
        "longest_run": _("the same, most"),
        "copy_rate": _("Pieces that copy 16 moments or more ↓"),
        "melody_run_median": _("Longest run of melody notes shared, median"),
        "melody_run": _("the same, most"),
        "melody_copy_rate": _("Melodies that copy 16 notes or more ↓"),
    }
