"""`luokuan evaluate` for voices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.speech.measure import Measured, Samples
    from luokuan.models.speech.model import SpeechModel
    from luokuan.models.vits.model import VitsVoice

BESIDE = "heart"


def evaluate_speech(
    model: SpeechModel | VitsVoice,
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
        count: Held-out sentences; None: 50, or as many as there are.
        sheet: Where spectrograms go: a held-out recording, and the same said.
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, it was made elsewhere, or see ``measure``.
    """
    if of_pictures:
        raise UserError(
            _("'{name}' makes speech and no pictures.", name=model.folder.name),
            _("Leave --truncation, --among and --guidance out."),
            code="evaluation.speech",
        )
    from luokuan.foundation.corpus.utterances import open_speech
    from luokuan.models.speech.measure import measure
    from luokuan.models.vits.model import VitsVoice

    if isinstance(model, VitsVoice):
        raise UserError(
            _("'{name}' was made elsewhere: this command doesn't measure how well it is understood.",
              name=model.folder.name),
            _("Listen to it: luokuan create speech \"…\" -m {name}.", name=model.folder.name),
            code="evaluation.speech",
        )  # fmt: skip

    material = open_speech(corpus)
    found = measure(model, material, count=count, seed=seed, other=_other, progress=progress)
    if sheet is not None:
        from luokuan.models.evaluation.sheet import write_png
        from luokuan.models.speech.sheet import sheet_of

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


def _other(text: str) -> Samples:
    """What the voice beside it says, at 16 kHz."""
    import numpy as np

    from luokuan.create.voices.registry import voice_of
    from luokuan.foundation.corpus.audio import resampled
    from luokuan.models.speech.listening import RATE

    pieces = [one.sound for one in voice_of(BESIDE).say(text)]
    return resampled(np.concatenate([sound.samples[0] for sound in pieces]), pieces[0].rate, RATE)


def _print(found: Measured) -> None:
    sides: list[tuple[str, Any]] = [(_("this voice"), found.said), (_("the recordings"), found.recorded)]
    if found.heart is not None:
        sides.append((_("the voice {name}", name=BESIDE), found.heart))
    table(
        [_("words heard wrong"), _("among the sentences ↓"), _("freely ↓")],
        [(title, f"{side.grammar:.1%}", f"{side.free:.1%}") for title, side in sides],
    )
    say(
        _(
            "{sentences} held-out sentences, {words} words, seed {seed}; heard by {listener}. The voice takes {ratio} "
            "times as long as the recordings.",
            sentences=found.sentences,
            words=found.words,
            seed=found.seed,
            listener=found.listener,
            ratio=f"{found.seconds_ratio:.2f}",
        )
    )
    for text, heard in found.examples:
        say(_("“{text}” is heard freely as “{heard}”.", text=text, heard=heard))
