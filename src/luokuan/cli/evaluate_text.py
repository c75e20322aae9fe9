"""`luokuan evaluate` for a language model: how likely it finds held-out text, and how much its own texts copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.plm.model import PlmModel
    from luokuan.store.home import Home


def evaluate_text(
    model: PlmModel,
    corpus: Path,
    home: Home,
    *,
    count: int | None,
    seed: int,
    json: bool,
    progress: Callable[[str, int, int], None] | None,
    of_pictures: bool,
) -> None:
    """Measure and print.

    Args:
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or see ``measure``.
    """
    if of_pictures:
        raise UserError(
            _("'{name}' makes text and no pictures.", name=model.folder.name),
            _("Leave --sheet, --truncation, --among, --guidance and --importance out."),
            code="evaluation.language",
        )
    from luokuan.foundation.corpus import open_texts
    from luokuan.models.plm.measure import TEXTS, measure

    material = open_texts(corpus)
    found = measure(
        model, material, cache=home.cache, texts=TEXTS if count is None else count, seed=seed, progress=progress
    )
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
    say(
        _(
            "{nats:.4f} nats a token, {bits:.4f} bits a byte on {tokens:,} held-out tokens.",
            nats=found.likelihood["nats_per_token"],
            bits=found.likelihood["bits_per_byte"],
            tokens=int(found.likelihood["tokens"]),
        )
    )
    rows = [
        (_("texts"), found.written.texts, found.real.texts),
        (
            _("distinct-2 (share of pairs of letters)"),
            f"{found.written.distinct_2:.3f}",
            f"{found.real.distinct_2:.3f}",
        ),
        (
            _("longest run shared with the training text (letters): median"),
            f"{found.written.longest_median:g}",
            f"{found.real.longest_median:g}",
        ),
        (_("the same, most"), found.written.longest, found.real.longest),
    ]
    table([_("figure"), _("written, seed {seed}", seed=seed), _("real, held out")], rows)
    for sentence in verdicts:
        say(sentence)
