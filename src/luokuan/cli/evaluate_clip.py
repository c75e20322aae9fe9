"""`luokuan evaluate` for models of clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.clip.measure import Measured
    from luokuan.models.clip.model import ClipModel
    from luokuan.store.home import Home


def evaluate_clip(
    model: ClipModel,
    corpus: Path,
    home: Home,
    *,
    count: int | None,
    seed: int,
    sheet: Path | None,
    json: bool,
    progress: Callable[[str, int, int], None] | None,
    of_pictures: bool,
) -> None:
    """Measure and print.

    Args:
        home: Where decoded clips are kept.
        count: Clips to make; None: as many as are held out.
        sheet: Where a contact sheet goes: held-out clips, the same encoded and decoded, new ones like them.
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or see ``measure``.
    """
    if of_pictures:
        raise UserError(
            _("'{name}' makes clips and no pictures.", name=model.folder.name),
            _("Leave --truncation, --among and --guidance out."),
            code="evaluation.clip",
        )
    from luokuan.foundation.corpus.clips import open_clips
    from luokuan.models.clip.measure import measure, sheet_rows

    material = open_clips(corpus)
    found = measure(model, material, count=count, seed=seed, home=home, progress=progress)
    if sheet is not None:
        from luokuan.models.clip.sheet import contact_sheet
        from luokuan.models.evaluation.sheet import write_png

        write_png(sheet, contact_sheet(sheet_rows(model, material, seed=seed, home=home)).pixels)
    verdicts = found.verdicts()
    if json:
        title = material.card.title if material.card and material.card.title else material.path.name
        emit_json(
            {
                "model": model.folder.name,
                "model_digest": model.folder.digest,
                "corpus": title,
                "corpus_digest": material.digest,
                **found.to_json(),
                "verdicts": verdicts,
            }
        )
        return
    _print(found)
    for sentence in verdicts:
        say(sentence)


def _print(found: Measured) -> None:
    sides = (found.made, found.encoded, found.real)
    rows = [(_("Clips"), *(str(side.clips) for side in sides))]
    for name in found.attributes:
        title = _("{name}: recognised ↑", name=name)
        rows.append((title, *(f"{side.accuracy[name]:.3f}" for side in sides)))
    rows += [
        (_("Flicker (mean difference of neighbouring frames, 0…255)"), *(f"{side.flicker:.2f}" for side in sides)),
        (_("Nearest training clip, median (0…255)"), *(f"{side.nearest:.2f}" for side in sides)),
        (_("Nearest training clip, least (0…255)"), *(f"{side.nearest_least:.2f}" for side in sides)),
        (_("Nearly copies"), *(f"{side.copies:.3f}" for side in sides)),
    ]
    table([_("figure"), _("made"), _("held out, encoded"), _("held out")], rows)
    say(
        _(
            "Seed {seed}; the classifier learnt from {training} training clips. A clip is nearly a copy if it is "
            "nearer to a training clip than half the usual distance of held-out ones.",
            seed=found.seed,
            training=found.training_clips,
        )
    )
