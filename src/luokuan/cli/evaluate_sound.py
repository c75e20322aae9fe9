"""`luokuan evaluate` for models of sound effects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.sound.measure import Measured
    from luokuan.models.sound.model import SoundModel


def evaluate_sound(
    model: SoundModel,
    corpus: Path,
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
        count: Sounds to make; None: as many as windows are held out.
        sheet: Where spectrograms go: held-out clips, the same encoded and decoded, new ones of their categories.
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or see ``measure``.
    """
    if of_pictures:
        raise UserError(
            _("'{name}' makes sounds and no pictures.", name=model.folder.name),
            _("Leave --truncation, --among and --guidance out."),
            code="evaluation.sound",
        )
    from luokuan.foundation.corpus.sounds import open_sounds
    from luokuan.models.sound.measure import measure

    material = open_sounds(corpus)
    found = measure(model, material, count=count, seed=seed, progress=progress)
    if sheet is not None:
        from luokuan.models.evaluation.sheet import write_png
        from luokuan.models.sound.sheet import sheet_of

        write_png(sheet, sheet_of(model, material, seed=seed).pixels)
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

    def row(title: str, key: str, form: str) -> tuple[str, ...]:
        values: list[Any] = [getattr(side, key) for side in sides]
        return title, *("-" if value is None else f"{value:{form}}" for value in values)

    table(
        [_("figure"), _("made"), _("held out, encoded"), _("held out")],
        [
            row(_("Windows"), "windows", "d"),
            row(_("Recognised ↑"), "accuracy", ".3f"),
            row(_("Fréchet distance to training clips ↓"), "frechet", ".2f"),
            row(_("Nearest training clip, median (dB)"), "nearest", ".2f"),
            row(_("Nearest training clip, least (dB)"), "nearest_least", ".2f"),
        ],
    )
    say(
        _(
            "Windows of {seconds} s, seed {seed}; the classifier learnt from {training} training windows. Features of "
            "the Fréchet distance: {features}.",
            seconds=f"{found.seconds:.3g}",
            seed=found.seed,
            training=found.training_windows,
            features=found.features,
        )
    )
    for name, share in found.per_class.items():
        say(_("{name}: {made} of the made ones recognised, {real} of the held-out ones.", name=name,
              made=f"{share:.0%}", real=f"{found.real_per_class.get(name, 0):.0%}"))  # fmt: skip
