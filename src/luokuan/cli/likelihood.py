"""`luokuan evaluate` for a VAE: what it has beyond samples, its bound in nats and its second prior."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.cli.output import say, table
from luokuan.i18n import _

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from luokuan.models.evaluation.report import Report
    from luokuan.models.vae.model import Vae


def measured(
    vae: Vae,
    report: Report,
    held_out: NDArray[np.uint8],
    *,
    draws: int | None,
    progress: Callable[[str, int, int], None] | None,
    sheet: Path | None,
) -> dict[str, Any]:
    """The bound on held-out pictures and the distances of samples from N(0, I), as JSON values.

    Args:
        report: Of samples from the mixture: count, seed and resolution are taken from it.
        held_out: uint8 (N, size, size, 3).
        draws: Importance samples a picture; None: 500.
        progress: Called with (what is done, how many are done, of how many).
        sheet: Where the sheet of samples goes; reconstructions and both priors are written beside it.
    """
    from luokuan.models.evaluation.sheet import write_png
    from luokuan.models.vae.measure import DRAWS, measure, sheet_of, standard_samples

    found = measure(vae, held_out, draws=DRAWS if draws is None else draws, seed=report.seed, progress=progress)
    frechet, kernel = standard_samples(
        vae,
        held_out,
        count=report.samples,
        seed=report.seed,
        truncation=1.0 if report.truncation is None else report.truncation,
        resolution=report.resolution,
        progress=progress,
    )
    if sheet is not None:
        write_png(sheet.with_name(f"{sheet.stem}-latents.png"), sheet_of(vae, held_out, report.seed))
    return found.to_json() | {"standard": {"frechet_distance": frechet, "kernel_distance": kernel._asdict()}}


def show(report: Report, bound: dict[str, Any]) -> None:
    """Print what ``measured`` found."""
    bits = bound["bits_per_value"]
    rows = [
        (_("Reconstruction ↓ (nats a picture)"), f"{bound['reconstruction_nats']:.1f}"),
        (_("KL to N(0, I) (nats a picture)"), f"{bound['kl_nats']:.1f}"),
        (_("Negative ELBO ↓ (bits a value)"), f"{bits:.3f}"),
        (_("Active latent values"), f"{bound['active_units']} / {bound['latent']}"),
    ]
    if bound["importance_draws"]:
        rows += [
            (_("-log p(x), p(z) = N(0, I) ↓ (nats a picture)"), f"{bound['importance_nats']:.1f}"),
            (_("-log p(x), p(z) = mixture ↓ (nats a picture)"), f"{bound['importance_mixture_nats']:.1f}"),
        ]
    table([_("bound"), report.model], rows)
    say(
        _(
            "ELBO of {pictures} held-out pictures, seed {seed}. Samples above come from the mixture; from N(0, I): "
            "Fréchet distance {frechet:.1f}, kernel distance {kernel:.4f}.",
            pictures=bound["pictures"],
            seed=bound["seed"],
            frechet=bound["standard"]["frechet_distance"],
            kernel=bound["standard"]["kernel_distance"]["mean"],
        )
    )
    if bound["importance_draws"]:
        say(
            _(
                "-log p(x): importance-weighted bounds, {draws} draws for each of {pictures} pictures; the negative "
                "ELBO of these is {elbo:.1f} nats.",
                draws=bound["importance_draws"],
                pictures=bound["importance_pictures"],
                elbo=bound["importance_elbo_nats"],
            )
        )
