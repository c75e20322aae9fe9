"""`luokuan evaluate` for VAEs and GANs of music: the bound in nats, and what their pieces are like beside others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.evaluation.music import Figures
    from luokuan.models.gan.music.measure import Comparison
    from luokuan.models.gan.music.model import MusicGan
    from luokuan.models.vae.music.measure import Measured
    from luokuan.models.vae.music.model import MusicVae


def evaluate_music(
    model: MusicVae,
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
        draws: Importance samples a segment; None: 100.
        beside: A model without latents to stand beside it.
        sheet: Where a piano-roll of its first four pieces goes.
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or see ``measure``.
    """
    _refuse_options(model, of_pictures)
    from luokuan.foundation.corpus.scores import open_scores
    from luokuan.models.registry import load_music_model
    from luokuan.models.vae.music.measure import DRAWS, SAMPLES, measure
    from luokuan.models.vae.music.model import MusicVae

    other = None if beside is None else load_music_model(beside)
    if other is not None and not isinstance(other, MusicVae):
        raise UserError(
            _("'{name}' has no likelihood that could be weighed.", name=other.folder.name),
            _("Turn them round: measure '{name}' with --beside {other}.", name=other.folder.name,
              other=model.folder.name),
            code="evaluation.beside",
        )  # fmt: skip
    material = open_scores(corpus)
    found = measure(
        model,
        material,
        samples=SAMPLES if count is None else count,
        draws=DRAWS if draws is None else draws,
        seed=seed,
        beside=other,
        progress=progress,
    )
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
    _print(model, found)
    for sentence in verdicts:
        say(sentence)


def evaluate_music_game(
    model: MusicGan,
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
    """Measure a GAN of music beside another model, and print.

    Args:
        count: Pieces of each; None: 64.
        beside: A model to stand beside it, such as a VAE of the same material.
        sheet: Where a piano-roll of its first four pieces goes.
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or ``draws`` was, or see ``compare``.
    """
    _refuse_options(model, of_pictures)
    if draws is not None:
        raise UserError(
            _("'{name}' has no likelihood that could be weighed.", name=model.folder.name),
            _("--importance is for VAEs: leave it away."),
            code="evaluation.importance",
        )
    from luokuan.foundation.corpus.scores import open_scores
    from luokuan.models.gan.music.measure import compare
    from luokuan.models.plm.music.model import MusicPlm
    from luokuan.models.registry import load_music_model
    from luokuan.models.vae.music.measure import SAMPLES

    other: Any = None if beside is None else load_music_model(beside)
    if isinstance(other, MusicPlm):
        raise UserError(
            _("{option} has no say with '{name}'.", option="--beside", name=other.folder.name),
            _("Choose a VAE or a GAN of music."),
            code="evaluation.beside",
        )
    material = open_scores(corpus)
    size = SAMPLES if count is None else count
    found = compare(model, material, samples=size, seed=seed, beside=other, progress=progress)
    if sheet is not None:
        _write_sheet(model, sheet, seed)
    verdicts = found.verdicts()
    if json:
        emit_json(
            {
                "model": model.folder.name,
                "model_digest": model.folder.digest,
                **({} if other is None else {"beside_digest": other.folder.digest}),
                "corpus_digest": material.digest,
                **found.to_json(),
                "verdicts": verdicts,
            }
        )
        return
    _print_game(model, found)
    for sentence in verdicts:
        say(sentence)


def _refuse_options(model: MusicVae | MusicGan, of_pictures: bool) -> None:
    if of_pictures:
        raise UserError(
            _("'{name}' makes music and no pictures.", name=model.folder.name),
            _("Leave --truncation, --among and --guidance out."),
            code="evaluation.music",
        )


def _write_sheet(model: MusicVae | MusicGan, path: Path, seed: int) -> None:
    from luokuan.models.evaluation.sheet import write_png
    from luokuan.models.vae.music.pianoroll import strip

    scores = [model.sample(seed + index, bars=8, temperature=1.0) for index in range(4)]
    longest = max(score.quarters for score in scores)
    write_png(path, strip(scores, quarters=longest, bar=model.config.bar))


def _print(model: MusicVae, found: Measured) -> None:
    mine, other = found.likelihood, found.beside

    def shown(side: dict[str, float] | None, key: str) -> str:
        return f"{side[key]:.3f}" if side is not None and key in side else "-"

    def row(title: str, key: str) -> tuple[str, str, str]:
        return title, shown(mine, key), shown(other, key)

    table(
        [_("bound"), model.folder.name, _("without latents")],
        [
            row(_("-log p(x) ↓ (nats a frame)"), "nats_per_frame"),
            row(_("-log p(x) ↓ (nats a note)"), "nats_per_note"),
            row(_("Negative ELBO ↓ (nats a frame)"), "elbo_nats_per_frame"),
            row(_("KL (nats a segment)"), "kl_nats_per_segment"),
            row(_("Active latent values"), "active_units"),
        ],
    )
    say(
        _(
            "{pieces} whole pieces of the {split} split: {frames} frames, {notes} notes, in their own key; encoding "
            "{encoding}, grid {grid}; seed {seed}, {draws} draws a segment. Near-duplicates of training pieces among "
            "the held-out ones: {straddling}.",
            pieces=int(mine["pieces"]),
            split=found.split,
            frames=int(mine["frames"]),
            notes=int(mine["notes"]),
            encoding=found.encoding,
            grid=found.grid,
            seed=found.seed,
            draws=int(mine.get("importance_draws", 0)),
            straddling=found.straddling,
        )
    )
    published: dict[str, Any] = found.to_json().get("published", {})
    if published:
        told = ", ".join(f"{name} {value:g}" for name, value in published.items())
        say(_("Published on JSB Chorales, nats a quarter-note frame: {told}.", told=told))
    if found.written is None or found.real is None:
        return
    written, real = found.written.to_json(), found.real.to_json()
    table(
        [_("figure"), _("its {count} pieces", count=found.written.pieces), _("held out")],
        [(title, f"{written[key]:.3g}", f"{real[key]:.3g}") for key, title in _titles().items()],
    )


def _titles() -> dict[str, str]:
    """What the figures of pieces are called."""
    return {
        "in_scale": _("Notes in the scale ↑"),
        "in_metre": _("Long notes on the beat ↑"),
        "notes_per_quarter": _("Notes a quarter"),
        "major": _("Pieces in major"),
        "density_distance": _("Distance in density ↓ (0 to 1)"),
        "pitch_class_distance": _("Distance in pitch classes ↓ (0 to 1)"),
        "longest_run_median": _("Longest run shared with training pieces, median"),
        "longest_run": _("the same, most"),
        "copy_rate": _("Pieces that copy four bars or more ↓"),
    }


def _print_game(model: MusicGan, found: Comparison) -> None:
    say(
        _(
            "{count} pieces of {bars} bars of each, temperature 1, seed {seed}, against as many of the {split} split; "
            "held-out ones of the {floor} split. Encoding {encoding}, grid {grid}; distances from {segments} segments "
            "of each. Near-duplicates of training pieces among the held-out ones: {straddling}.",
            count=found.pieces,
            bars=found.bars,
            seed=found.seed,
            split=found.split,
            floor=found.floor,
            encoding=found.encoding,
            grid=found.grid,
            segments=found.segments,
            straddling=found.straddling,
        )
    )
    sides = [(model.folder.name, found.generator), (found.beside_name or "", found.beside), (_("held out"), found.real)]
    columns = [(head, side) for head, side in sides if side is not None]

    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3g}"

    def figure(figures: Figures, key: str) -> str:
        return shown(figures.to_json()[key])

    rows = [(title, *(figure(side.figures, key) for _head, side in columns)) for key, title in _titles().items()]
    rows += [
        (_("Self-BLEU-4 ↓"), *(shown(side.self_bleu) for _head, side in columns)),
        (_("Fréchet distance of counted figures ↓"), *(shown(side.profile) for _head, side in columns)),
    ]
    if found.real.embedding is not None:
        title = _("Fréchet distance of codes by {name} ↓", name=found.beside_name)
        rows.append((title, *(shown(side.embedding) for _head, side in columns)))
    table([_("figure"), *(head for head, _side in columns)], rows)
