"""`luokuan evaluate` for an upscaler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.upscaler.fidelity import Comparison
    from luokuan.models.upscaler.model import Upscaler

LEAST_SIDE = 11
"""Pixels on the small picture's side below which its double is too small for SSIM."""
SHOWN = 12
"""Held-out pictures on the sheet, each as Lanczos enlarges it, as the upscaler does, and as it is."""


def evaluate(
    upscaler: Upscaler, title: str, *, sheet: Path | None, json: bool, corpus_digest: str, **material: Any
) -> None:
    """Measure pictures enlarged by an upscaler, beside interpolated ones, and print what was found.

    Args:
        upscaler: What is measured.
        title: Of the corpus.
        sheet: Where to write a sheet of pictures, or None.
        json: Print JSON.
        corpus_digest: Of the corpus.
        material: Further arguments of ``luokuan.models.upscaler.fidelity.compare``.

    Raises:
        UserError: too few pictures, or a side that is too small.
    """
    from luokuan.models.evaluation.sheet import grid, write_png
    from luokuan.models.upscaler.fidelity import compare

    side = material["held_out"].shape[1] // 2
    if side < LEAST_SIDE:
        raise UserError(
            _("An upscaler can't be measured from {size} pixels.", size=side),
            _("Choose a --size of {least} or more.", least=LEAST_SIDE),
            code="evaluation.size",
        )
    found = compare(upscaler.enlarger.double, **material)
    if sheet is not None:
        write_png(sheet, grid(_shown(upscaler, material["held_out"]), 6))
    if json:
        named = {"upscaler": upscaler.folder.name, "upscaler_digest": upscaler.folder.digest}
        emit_json({**named, "corpus": title, "corpus_digest": corpus_digest, **found.to_json()})
    else:
        _print(found, upscaler.folder.name, title)


def _shown(upscaler: Upscaler, pictures: Any) -> Any:
    """Lanczos, the upscaler's, the original, one picture after the other: uint8 (3·N, S, S, 3)."""
    import numpy as np

    from luokuan.models.upscaler.fidelity import small_of
    from luokuan.models.upscaler.plain import enlarged

    chosen = np.asarray(pictures[:: max(len(pictures) // SHOWN, 1)][:SHOWN])
    rows = []
    for picture, small in zip(chosen, small_of(chosen), strict=True):
        rows += [enlarged(small, 2), upscaler.enlarger.double(small), picture]
    return np.stack(rows)


def _print(found: Comparison, name: str, title: str) -> None:
    def kernel(value: Any) -> str:
        return f"{value.mean:.4f} [{value.low:.4f}, {value.high:.4f}]"

    ways = found.methods
    rows = [
        (_("PSNR ↑ (dB)"), *(f"{way.psnr:.2f}" for way in ways.values()), "-"),
        (_("SSIM ↑"), *(f"{way.ssim:.3f}" for way in ways.values()), "-"),
        (_("Fréchet distance ↓"), *(f"{way.frechet:.1f}" for way in ways.values()), f"{found.frechet_floor:.1f}"),
        (_("Kernel distance ↓ [95 %]"), *(kernel(way.kernel) for way in ways.values()), kernel(found.kernel_floor)),
    ]
    heads = [name if key == "upscaler" else key for key in ways]
    table([_("figure"), *heads, _("floor: real against real")], rows)
    say(
        _(
            "{held} held-out pictures of {corpus}, enlarged from {small}² to {size}²; sets against {reference} "
            "training pictures; features: {network} at {resolution}²; seed {seed}.",
            held=found.held_out,
            corpus=title,
            small=found.size // 2,
            size=found.size,
            reference=found.reference,
            network=found.network,
            resolution=found.resolution,
            seed=found.seed,
        )
    )
    if found.beats_bicubic:
        say(_("It beats bicubic interpolation in PSNR and kernel distance."))
    else:
        say(_("It doesn't beat bicubic interpolation in both PSNR and kernel distance."))
