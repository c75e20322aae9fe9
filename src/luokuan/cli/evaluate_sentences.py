"""`luokuan evaluate` for VAEs and GANs of sentences: the bound in nats, what latents carry, how samples compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.cli.output import emit_json, say, table
from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.models.gan.text.model import TextGan
    from luokuan.models.vae.text.model import TextVae


def evaluate_sentences(
    model: TextVae,
    corpus: Path,
    *,
    count: int | None,
    seed: int,
    importance: int | None,
    json: bool,
    progress: Callable[[str, int, int], None] | None,
    of_pictures: bool,
) -> None:
    """Measure and print.

    Args:
        importance: Draws a sentence of the importance-weighted bound; 0 leaves it out.
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or see ``measure``.
    """
    _refuse_options(model.folder.name, of_pictures)
    from luokuan.foundation.corpus import open_texts
    from luokuan.models.vae.text.measure import DRAWS, SAMPLES, measure

    material = open_texts(corpus)
    found = measure(
        model,
        material,
        draws=DRAWS if importance is None else importance,
        samples=SAMPLES if count is None else count,
        seed=seed,
        progress=progress,
    )
    if progress is not None:
        progress(_("samples"), 1, 1)
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
            "{count} sentences of the {split} split, {tokens} tokens: reconstruction {nats:.2f} and KL {kl:.2f} nats a "
            "sentence, together {bound:.2f}; {active} of {latent} latent values active (seed {seed}).",
            count=found.sentences,
            split=found.split,
            tokens=found.tokens,
            nats=found.reconstruction_nats,
            kl=found.kl_nats,
            bound=found.bound_nats,
            active=found.active_units,
            latent=found.latent,
            seed=seed,
        )
    )
    if found.left_out:
        say(_("Left out, because too long: {count}.", count=found.left_out))
    if found.importance_nats is not None:
        say(
            _(
                "Importance-weighted bound on -log p(x), {draws} draws for each of {count} sentences: {nats:.2f} nats "
                "a sentence with N(0, I), {mixture:.2f} with the fitted mixture (negative ELBO of these: {bound:.2f}).",
                draws=found.importance_draws,
                count=found.importance_sentences,
                nats=found.importance_nats,
                mixture=found.importance_mixture_nats,
                bound=found.importance_bound_nats,
            )
        )
    say(
        _(
            "BLEU-4 of {count} reconstructions: {bleu:.3f}, against unrelated sentences {chance:.3f}; {exact:.1%} are "
            "the original.",
            count=found.reconstructed,
            bleu=found.reconstruction_bleu,
            chance=found.unrelated_bleu,
            exact=found.exact,
        )
    )
    written, real = found.written, found.real
    rows = [
        (_("sentences"), written.texts, real.texts),
        (_("self-BLEU-4 ↓"), f"{written.self_bleu:.3f}", f"{real.self_bleu:.3f}"),
        (_("distinct-2 (share of pairs of letters)"), f"{written.distinct_2:.3f}", f"{real.distinct_2:.3f}"),
        (_("copies of training sentences ↓"), f"{written.copies:.1%}", f"{real.copies:.1%}"),
    ]
    table([_("figure"), _("samples, temperature 1, seed {seed}", seed=seed), _("real, held out")], rows)
    for sentence in verdicts:
        say(sentence)


def evaluate_game(
    model: TextGan,
    corpus: Path,
    *,
    count: int | None,
    seed: int,
    importance: int | None,
    json: bool,
    progress: Callable[[str, int, int], None] | None,
    of_pictures: bool,
) -> None:
    """Measure a GAN of sentences beside its VAE, and print.

    Args:
        of_pictures: Whether options were given that only pictures have.

    Raises:
        UserError: they were, or ``importance`` was, or see ``compare``.
    """
    _refuse_options(model.folder.name, of_pictures)
    if importance is not None:
        raise UserError(
            _("'{name}' has no likelihood that could be weighed.", name=model.folder.name),
            _("--importance is for VAEs: leave it away."),
            code="evaluation.importance",
        )
    from luokuan.foundation.corpus import open_texts
    from luokuan.models.gan.text.measure import SAMPLES, compare

    material = open_texts(corpus)
    found = compare(model, material, samples=SAMPLES if count is None else count, seed=seed, progress=progress)
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
            "{count} sentences of each, temperature {temperature:g}, seed {seed}; {split} split.",
            count=found.sentences,
            temperature=found.temperature,
            seed=seed,
            split=found.split,
        )
    )
    columns = (found.generator, found.mixture, found.standard, found.real)
    rows = [
        (_("Fréchet distance of sentences read again ↓"), *(f"{one.frechet:.2f}" for one in columns)),
        (_("self-BLEU-4 ↓"), *(f"{one.texts.self_bleu:.3f}" for one in columns)),
        (_("distinct-2 (share of pairs of letters)"), *(f"{one.texts.distinct_2:.3f}" for one in columns)),
        (_("copies of training sentences ↓"), *(f"{one.texts.copies:.1%}" for one in columns)),
    ]
    heads = (_("figure"), _("generator"), _("its VAE, mixture"), _("its VAE, N(0, I)"), _("real, held out"))
    table(list(heads), rows)
    for sentence in verdicts:
        say(sentence)


def _refuse_options(name: str, of_pictures: bool) -> None:
    if of_pictures:
        raise UserError(
            _("'{name}' makes text and no pictures.", name=name),
            _("Leave --sheet, --truncation, --among and --guidance out."),
            code="evaluation.language",
        )
