"""`luokuan evaluate` for a codec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.codec.fidelity import Fidelity
    from luokuan.models.codec.model import Codec

SHOWN = 32
"""Held-out pictures on the sheet, each beside its reconstruction."""


def evaluate(codec: Codec, title: str, *, sheet: Path | None, json: bool, **material: Any) -> None:
    """Measure a codec's reconstructions and print what was found.

    Args:
        material: Further arguments of ``luokuan.models.codec.fidelity.measure``.

    Raises:
        UserError: too few pictures, or a side that the codec can't take.
    """
    from luokuan.models.codec.config import FACTOR
    from luokuan.models.codec.fidelity import measure
    from luokuan.models.evaluation.sheet import pairs, write_png

    held_out = material["held_out"]
    side = held_out.shape[1]
    if side % FACTOR or side < 2 * FACTOR:
        raise UserError(
            _("A codec can't be measured at {size} pixels.", size=side),
            _("Choose a --size that is a multiple of {factor}, {least} or more.", factor=FACTOR, least=2 * FACTOR),
            code="evaluation.size",
        )
    found = measure(codec, corpus_title=title, **material)
    if sheet is not None:
        shown = held_out[:: max(len(held_out) // SHOWN, 1)][:SHOWN]
        write_png(sheet, pairs(shown, codec.reconstruct(shown), columns=4))
    if json:
        emit_json(found.to_json())
    else:
        _print(found)


def _print(found: Fidelity) -> None:
    def kernel(value: Any) -> str:
        return f"{value.mean:.4f} [{value.low:.4f}, {value.high:.4f}]"

    rows = [
        (_("PSNR ↑ (dB)"), f"{found.psnr:.2f}", "-"),
        (_("SSIM ↑"), f"{found.ssim:.3f}", "-"),
        (_("Fréchet distance ↓"), f"{found.frechet:.1f}", f"{found.frechet_floor:.1f}"),
        (_("Kernel distance ↓ [95 %]"), kernel(found.kernel), kernel(found.kernel_floor)),
    ]
    table([_("figure"), found.codec, _("floor: real against real")], rows)
    say(
        _(
            "Reconstructions of {held} held-out pictures of {corpus} at {size}²; sets against {reference} training "
            "pictures; features: {network} at {resolution}²; seed {seed}.",
            held=found.held_out,
            corpus=found.corpus,
            size=found.size,
            reference=found.reference,
            network=found.network,
            resolution=found.resolution,
            seed=found.seed,
        )
    )
