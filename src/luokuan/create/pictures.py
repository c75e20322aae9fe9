"""Pictures: brief and model to drafts, drafts to finished works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from luokuan.create.brief import read_brief
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.schema import Draft, Work
    from luokuan.models.interface import PictureModel
    from luokuan.store.home import Home

TRUNCATION = 0.7
"""Default ψ: styles at 70 % of their distance from the class's mean: fewer failures, less variety."""
AMONG = 4
"""Default number of drafts from which the model's critic picks one (the best quarter)."""


def draft_images(
    brief: str,
    *,
    model: PictureModel,
    seed: int = 0,
    count: int = 1,
    truncation: float = TRUNCATION,
    among: int = AMONG,
    toward: int | None = None,
) -> Iterator[Draft]:
    """Make drafts: samples with their recipe, not yet labelled, so not yet fit to leave.

    Draft i has the seed ``seed + i`` and is the same whether made alone or with others.

    Args:
        brief: What to make; a class-conditional model understands the class that it names. Empty: classes are
            drawn with the balance of the training material.
        model: A loaded picture model.
        seed: Of the first draft, ≥ 0.
        count: Drafts to make, ≥ 1.
        truncation: ψ in 0…1; 1 leaves the latents as drawn.
        among: Drafts from which the critic picks each one, 1 to 64; 1 takes the first as it comes.
        toward: Another seed: the drafts then lead from ``seed`` to it in ``count`` ≥ 2 even steps through the space
            of styles, and ``among`` has no say.

    Raises:
        UserError: the brief names no class of the model, or a value is out of range.
    """
    from luokuan.colophon.schema import Draft, Recipe

    if not (0 <= truncation <= 1 and 1 <= among <= 64 and count >= 1 and seed >= 0):
        raise UserError(
            _("Truncation, the number of drafts or the seed is out of range."),
            _("Truncation lies in 0…1, --among in 1…64, the seed at 0 or above."),
            code="create.range",
        )
    if toward is not None and (count < 2 or toward < 0):
        raise UserError(
            _("A way from one seed to another needs two pictures or more."),
            _("Give --count 2 or above with --toward, and a seed at 0 or above."),
            code="create.range",
        )
    folder = model.folder
    reading = read_brief(brief, model.classes, folder.aliases)

    def label_of(own: int) -> int | None:
        if not model.classes or reading.label is not None:
            return reading.label
        return model.draw_labels(1, own)[0]

    way = None
    if toward is not None:
        start = label_of(seed)
        ends = None if start is None else (start, start)  # one kind of thing along the whole way
        way = model.interpolate((seed, toward), count, labels=ends, truncation=truncation)
    for index, own in enumerate(range(seed, seed + count) if way is None else [seed] * count):
        label = label_of(own)
        labels = None if label is None else [label]
        parameters: dict[str, Any] = {
            "truncation": truncation,
            "class": None if label is None else model.classes[label],
            "ignored_words": list(reading.ignored),
        }
        if way is None:
            pixels = model.sample_ranked(1, seed=own, labels=labels, truncation=truncation, among=among)[0]
            parameters["among"] = among
        else:
            pixels = way[index]
            parameters |= {"toward": toward, "share": index / (count - 1)}
        recipe = Recipe(
            model=folder.name,
            model_digest=folder.digest,
            brief=brief,
            parameters=parameters,
            seed=own,
            licence=folder.licence,
            corpus_digest=folder.corpus_digest or None,
        )
        yield Draft(Picture(pixels), recipe)


def create_images(
    brief: str = "",
    *,
    model: str | Path,
    seed: int = 0,
    count: int = 1,
    truncation: float = TRUNCATION,
    among: int = AMONG,
    toward: int | None = None,
    media_type: str = "image/png",
    upscale: int | None = None,
    upscaler: str | Path | None = None,
    enlarge: Literal["lanczos", "nearest"] = "lanczos",
    label: LabelOptions | None = None,
    home: Home | None = None,
) -> Iterator[Work]:
    """Create ``count`` finished pictures, one after the other; see ``draft_images`` for the arguments.

    Args:
        model: Store name, starter name, folder or Hub id.
        media_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
        upscale: 2 or 4: make the draft that many times larger first; None leaves it as the model made it.
        upscaler: By which upscaler; see ``luokuan.create.upscale.choose_upscaling``.
        enlarge: How pictures that are still small then grow to 512 pixels: ``lanczos`` or ``nearest``.
        label: The explicit label; default: both languages at the bottom right.
        home: Where the work is kept; default: the user's home.

    Raises:
        UserError: no such model, or see ``draft_images`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.label import LabelOptions
    from luokuan.create.upscale import choose_upscaling
    from luokuan.models.registry import load_picture_model
    from luokuan.store.home import open_home

    place = home or open_home()
    upscaling = None if upscale is None else choose_upscaling(upscale, upscaler, place)
    loaded = load_picture_model(model)
    drafts = draft_images(
        brief, model=loaded, seed=seed, count=count, truncation=truncation, among=among, toward=toward
    )
    for made in drafts:
        draft = made if upscaling is None else upscaling.applied(made)
        yield finish(draft, home=place, media_type=media_type, enlarge=enlarge, label=label or LabelOptions())


def create_image(brief: str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished picture; see ``create_images``."""
    return next(create_images(brief, model=model, seed=seed, count=1, **options))
