"""`luokuan evaluate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luokuan.cli import enlarging, fidelity, likelihood, options
from luokuan.cli.evaluate_clip import evaluate_clip
from luokuan.cli.evaluate_music import evaluate_music, evaluate_music_game
from luokuan.cli.evaluate_sentences import evaluate_game, evaluate_sentences
from luokuan.cli.evaluate_songs import evaluate_songs
from luokuan.cli.evaluate_sound import evaluate_sound
from luokuan.cli.evaluate_speech import evaluate_speech
from luokuan.cli.evaluate_text import evaluate_text
from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.codec.model import Codec
    from luokuan.models.evaluation.report import Report
    from luokuan.models.upscaler.model import Upscaler
    from luokuan.store.home import Home

HELP = _("Measure a model (or a folder of pictures) against held-out pictures of a corpus.")


def evaluate(
    model: Annotated[str, typer.Argument(help=_("A model, or a folder of pictures."), show_default=False)],
    corpus: Annotated[Path, typer.Argument(help=_("The corpus it was trained on."), show_default=False)],
    count: Annotated[
        int | None,
        typer.Option(
            "--count", "-n", min=20, help=_("Samples (default: as many as held-out pictures)."), show_default=False
        ),
    ] = None,
    seed: options.Seed = 0,
    truncation: Annotated[
        float, typer.Option("--truncation", min=0, max=1, help=_("1 shows the model's whole variety."))
    ] = 1.0,
    among: Annotated[
        int,
        typer.Option(
            "--among", min=1, max=64, help=_("1: samples as they come; above: the critic picks from that many drafts.")
        ),
    ] = 1,
    guidance: Annotated[
        float,
        typer.Option("--guidance", min=1, max=20, help=_("1: as learnt; above: the condition draws more strongly.")),
    ] = 1.0,
    resolution: Annotated[
        int, typer.Option("--resolution", help=_("Side to which pictures are resized for the feature network."))
    ] = 128,
    size: Annotated[
        int,
        typer.Option(
            "--size",
            min=8,
            max=1024,
            help=_(
                "Side at which a folder of pictures or a codec is measured, or from which an upscaler enlarges "
                "(other models bring their own)."
            ),
        ),
    ] = 64,
    importance: Annotated[
        int | None,
        typer.Option(
            "--importance",
            min=0,
            max=100_000,
            help=_(
                "Draws an item for a VAE's importance-weighted bound (default 500; sentences and music: 100; 0: none)."
            ),
            show_default=False,
        ),
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option(
            "--beside",
            help=_("Music: a model to stand beside it: of a VAE such as one of --latent 0, of a GAN its VAE."),
            show_default=False,
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", help=_("Write samples to this PNG, and neighbours beside it."), show_default=False),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    home: options.Home = None,
) -> None:
    """Print distances with their floors, and what they mean."""
    from luokuan.files import expand
    from luokuan.foundation.corpus import open_corpus
    from luokuan.foundation.corpus.arrays import load_labels, load_pixels
    from luokuan.models.codec.model import Codec
    from luokuan.models.evaluation.report import compare, evaluate_model
    from luokuan.models.registry import OTHERS, TOOLS, load_model, loader_name
    from luokuan.models.upscaler.model import Upscaler
    from luokuan.models.vae.model import Vae
    from luokuan.store.home import open_home

    place = open_home(home)
    folder = expand(model)
    of_pictures = folder.is_dir() and not (folder / "config.json").exists()
    loaded = None if of_pictures else load_model(model)
    if loaded is not None and loader_name(loaded.folder) in OTHERS and loaded.folder.family not in TOOLS:
        how: dict[str, Any] = {"count": count, "seed": seed, "json": json}
        how |= {"of_pictures": (truncation, among, guidance) != (1, 1, 1), "sheet": sheet, "beside": beside}
        _evaluate_writer(loaded, corpus, place, importance, progress=None if quiet or json else _progress, **how)
        return
    _refuse_options(loaded, model, importance, beside)
    material = open_corpus(corpus)
    held = (*material.split("validation"), *material.split("test"))
    side = size if loaded is None or isinstance(loaded, (Codec, Upscaler)) else loaded.size
    if isinstance(loaded, Upscaler):
        side *= 2  # it is measured by what it makes of pictures of half the side
    learnt = material.split("train")
    train = load_pixels(learnt, side, cache=place.cache)
    held_out = load_pixels(held, side, cache=place.cache)
    title = material.card.title if material.card and material.card.title else material.path.name
    shared: dict[str, Any] = {
        "train": train,
        "held_out": held_out,
        "seed": seed,
        "resolution": resolution,
        "corpus_digest": material.digest,
        "progress": None if quiet or json else _progress,
    }
    sampled = count is not None or truncation != 1 or among != 1 or guidance != 1
    if isinstance(loaded, (Codec, Upscaler)):
        _evaluate_tool(loaded, title, sampled=sampled, sheet=sheet, json=json, **shared)
        return
    if loaded is None:
        other = open_corpus(folder)
        report = compare(
            load_pixels(other.items, side, cache=place.cache),
            model=str(folder),
            model_digest=other.digest,
            corpus=title,
            **shared,
        )
    else:
        known = loaded.classes and loaded.classes == material.classes
        report = evaluate_model(
            loaded,
            corpus_title=title,
            held_out_labels=load_labels(held).tolist() if known else None,
            train_labels=load_labels(learnt).tolist() if known else None,
            count=count,
            truncation=truncation,
            among=among,
            guidance=guidance,
            **shared,
        )
    bound = None
    if isinstance(loaded, Vae):
        bound = likelihood.measured(
            loaded, report, held_out, draws=importance, progress=shared["progress"], sheet=sheet
        )
    _write_sheets(report, sheet)
    if json:
        emit_json(report.to_json() | ({} if bound is None else {"bound": bound}))
    else:
        _print(report)
        if bound is not None:
            likelihood.show(report, bound)


def _refuse_options(loaded: Any, name: str, importance: int | None, beside: str | None) -> None:
    """Refuse what only other models have.

    Raises:
        UserError: such an option was given.
    """
    from luokuan.models.vae.model import Vae

    if importance is not None and not isinstance(loaded, Vae):
        raise UserError(
            _("'{name}' has no likelihood that could be weighed.", name=name),
            _("--importance is for VAEs: leave it away."),
            code="evaluation.importance",
        )
    if beside is not None:
        raise UserError(
            _("{option} has no say with '{name}'.", option="--beside", name=name),
            _("It is for models of music: leave it out."),
            code="evaluation.beside",
        )


def _evaluate_writer(loaded: Any, corpus: Path, home: Home, importance: int | None, **how: Any) -> None:
    """Measure a model that makes text, music, sounds, speech or clips.

    Raises:
        UserError: it translates, or options were given that it doesn't have.
    """
    from luokuan.models.registry import CLIPS, LATENT_TEXT, MUSIC, SOUNDS, TRANSLATING, VOICES, loader_name

    if loader_name(loaded.folder) in CLIPS:
        _refuse_options(None, loaded.folder.name, importance, how.pop("beside"))
        evaluate_clip(loaded, corpus, home, **how)
        return
    if loader_name(loaded.folder) in SOUNDS:
        _refuse_options(None, loaded.folder.name, importance, how.pop("beside"))
        evaluate_sound(loaded, corpus, **how)
        return
    if loader_name(loaded.folder) in VOICES:
        _refuse_options(None, loaded.folder.name, importance, how.pop("beside"))
        evaluate_speech(loaded, corpus, **how)
        return
    if loader_name(loaded.folder) in MUSIC:
        measures: dict[str, Any] = {"gan/music": evaluate_music_game, "plm/music": evaluate_songs}
        measures.get(loader_name(loaded.folder), evaluate_music)(loaded, corpus, draws=importance, **how)
        return
    _refuse_options(None, loaded.folder.name, None, how.pop("beside"))
    sheet = how.pop("sheet")
    how["of_pictures"] = how["of_pictures"] or sheet is not None
    if loader_name(loaded.folder) == "gan/text":
        evaluate_game(loaded, corpus, importance=importance, **how)
        return
    if loader_name(loaded.folder) in LATENT_TEXT:
        evaluate_sentences(loaded, corpus, importance=importance, **how)
        return
    if loaded.folder.family in TRANSLATING:
        raise UserError(
            _("'{name}' translates, which this command doesn't measure.", name=loaded.folder.name),
            _("See its card, or run benchmarks/translation.py: chrF and BLEU of held-out sentences."),
            code="evaluation.language",
        )
    how["of_pictures"] = how["of_pictures"] or importance is not None
    evaluate_text(loaded, corpus, home, **how)


def _evaluate_tool(loaded: Codec | Upscaler, title: str, *, sampled: bool, **options: Any) -> None:
    """Measure a model that makes nothing by itself.

    Raises:
        UserError: options of sampling were given.
    """
    from luokuan.models.codec.model import Codec

    codec = isinstance(loaded, Codec)
    if sampled:
        name = loaded.folder.name
        raise UserError(
            _("'{name}' is a codec: it reconstructs all held-out pictures and samples none.", name=name)
            if codec
            else _("'{name}' is an upscaler: it enlarges all held-out pictures and samples none.", name=name),
            _("Leave --count, --truncation, --among and --guidance away."),
            code="evaluation.codec" if codec else "evaluation.upscaler",
        )
    if isinstance(loaded, Codec):
        fidelity.evaluate(loaded, title, **options)
    else:
        enlarging.evaluate(loaded, title, **options)


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}: {done}/{total}")
        if done >= total:
            sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _write_sheets(report: Report, path: Path | None) -> None:
    if path is None:
        return
    from luokuan.models.evaluation.sheet import pairs, write_png

    if report.sheet is not None:
        write_png(path, report.sheet)
    if report.pictures is not None and report.neighbours is not None:
        write_png(path.with_name(f"{path.stem}-neighbours.png"), pairs(report.pictures, report.neighbours))


def _print(report: Report) -> None:
    result, floor = report.result, report.floor

    def kernel(value: Any) -> str:
        return f"{value.mean:.4f} [{value.low:.4f}, {value.high:.4f}]"

    rows = [
        (_("Fréchet distance ↓"), f"{result.frechet:.1f}", f"{floor.frechet:.1f}"),
        (_("Kernel distance ↓ [95 %]"), kernel(result.kernel), kernel(floor.kernel)),
        *(
            (name, f"{getattr(result.neighbourhood, key):.3f}", f"{getattr(floor.neighbourhood, key):.3f}")
            for name, key in (
                (_("Precision ↑"), "precision"),
                (_("Recall ↑"), "recall"),
                (_("Density ↑"), "density"),
                (_("Coverage ↑"), "coverage"),
            )
        ),
    ]
    if memory := report.memorisation:
        nearest = _("Distance to the nearest training picture (median)")
        rows.append((nearest, f"{memory.samples_median:.2f}", f"{memory.held_out_median:.2f}"))
    table([_("figure"), report.model, _("floor: real against real")], rows)
    if report.among is None:
        say(
            _(
                "{samples} pictures against {held} held-out pictures of {corpus} at {size}²; "
                "features: {network} at {resolution}²; seed {seed}.",
                samples=report.samples,
                held=report.held_out,
                corpus=report.corpus,
                size=report.size,
                network=report.network,
                resolution=report.resolution,
                seed=report.seed,
            )
        )
    else:
        _say_samples(report)
    for sentence in report.verdicts:
        say(sentence)


def _say_samples(report: Report) -> None:
    say(
        _(
            "{samples} samples (seed {seed}, truncation {truncation}, best of {among}) against {held} "
            "held-out pictures of {corpus} at {size}²; features: {network} at {resolution}².",
            samples=report.samples,
            seed=report.seed,
            truncation=report.truncation,
            among=report.among,
            held=report.held_out,
            corpus=report.corpus,
            size=report.size,
            network=report.network,
            resolution=report.resolution,
        )
    )
    if report.guidance not in (None, 1):
        say(_("Guidance: {guidance}.", guidance=f"{report.guidance:g}"))
    if report.labels == "model":
        say(_("The model's classes aren't the corpus's: samples have the balance of its own training pictures."))
