"""Measuring a model against held-out material of a corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.jobs.kinds import Brief, Kind, register
from luokuan.studio.jobs.references import corpus_path, model_path

if TYPE_CHECKING:
    from luokuan.foundation.corpus import PictureCorpus
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context


class EvaluationBrief(Brief):
    """See ``luokuan evaluate`` for the fields; those of sampling are for models that make pictures.

    Args:
        size: Side at which a codec is measured, or from which an upscaler enlarges.
    """

    model: str = Field(min_length=1, max_length=64)
    corpus: str = Field(min_length=1, max_length=64)
    count: int | None = Field(default=None, ge=20, le=50_000)
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    truncation: float = Field(default=1.0, ge=0, le=1)
    among: int = Field(default=1, ge=1, le=64)
    guidance: float = Field(default=1.0, ge=1, le=20)
    resolution: int = Field(default=128, ge=32, le=512)
    size: int = Field(default=64, ge=16, le=1024, multiple_of=8)


def check(brief: EvaluationBrief, home: Home) -> None:
    """Refuse a model or corpus that isn't there."""
    model_path(brief.model, home)
    corpus_path(brief.corpus, home)


def run(context: Context, brief: EvaluationBrief) -> dict[str, Any]:
    """Measure it; the result is what ``luokuan evaluate --json`` prints."""
    from luokuan.foundation.corpus import open_corpus
    from luokuan.models.registry import TRANSLATING, WRITING, load_model, loader_name

    home = context.home
    model = load_model(model_path(brief.model, home))
    corpus = corpus_path(brief.corpus, home)
    if model.folder.family in TRANSLATING:
        raise UserError(
            _("'{name}' translates, which isn't measured here.", name=brief.model),
            _("See its card."),
            code="evaluation.language",
        )
    if loader_name(model.folder) in WRITING:
        from luokuan.foundation.corpus import open_texts
        from luokuan.models.plm.measure import TEXTS, measure

        texts = open_texts(corpus)
        told = measure(
            model, texts, cache=home.cache, texts=brief.count or TEXTS, seed=brief.seed, progress=context.measure
        )
        named = {"model": brief.model, "model_digest": model.folder.digest, "corpus_digest": texts.digest}
        return {**named, **told.to_json(), "verdicts": told.verdicts()}
    return _pictures(context, brief, model, open_corpus(corpus))


def _pictures(context: Context, brief: EvaluationBrief, model: Any, corpus: PictureCorpus) -> dict[str, Any]:
    from luokuan.foundation.corpus.arrays import load_labels, load_pixels
    from luokuan.models.codec.fidelity import measure
    from luokuan.models.codec.model import Codec
    from luokuan.models.evaluation.report import evaluate_model
    from luokuan.models.upscaler.fidelity import compare
    from luokuan.models.upscaler.model import Upscaler

    cache, learnt = context.home.cache, corpus.split("train")
    held = (*corpus.split("validation"), *corpus.split("test"))
    side = brief.size if isinstance(model, Codec) else brief.size * 2 if isinstance(model, Upscaler) else model.size
    title = corpus.card.title if corpus.card and corpus.card.title else corpus.path.name
    shared: dict[str, Any] = {
        "train": load_pixels(learnt, side, cache=cache),
        "held_out": load_pixels(held, side, cache=cache),
        "seed": brief.seed,
        "resolution": brief.resolution,
        "progress": context.measure,
    }
    if isinstance(model, Codec):
        return measure(model, corpus_title=title, corpus_digest=corpus.digest, **shared).to_json()
    if isinstance(model, Upscaler):
        named = {"upscaler": model.folder.name, "upscaler_digest": model.folder.digest}
        found = compare(model.enlarger.double, **shared)
        return {**named, "corpus": title, "corpus_digest": corpus.digest, **found.to_json()}
    known = model.classes and model.classes == corpus.classes
    return evaluate_model(
        model,
        corpus_title=title,
        corpus_digest=corpus.digest,
        held_out_labels=load_labels(held).tolist() if known else None,
        train_labels=load_labels(learnt).tolist() if known else None,
        count=brief.count,
        truncation=brief.truncation,
        among=brief.among,
        guidance=brief.guidance,
        **shared,
    ).to_json()


register(Kind(name="evaluate.model", brief=EvaluationBrief, run=run, check=check))
