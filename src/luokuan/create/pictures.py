"""Pictures: brief and model to drafts, drafts to finished works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from luokuan.create.understanding import Asked, understand
from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture
from luokuan.models.interface import takes_wishes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Draft, Work
    from luokuan.models.interface import PictureModel, Wish
    from luokuan.store.home import Home

AMONG = 4
"""Default number of drafts from which the model's critic picks one (the best quarter)."""
LONGEST = 24
"""Pictures that a strip may hold."""
LAST_SEED = 2**63 - 1
"""Of a draft: what the command line and the recipe can say."""
STRENGTH = 0.5
"""Default share of a given picture's cells that are drawn anew."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How drafts are made.

    Args:
        truncation: ψ in 0…1; 1 leaves what the model draws as it is, less makes it more typical; None: the model's
            ``usual_truncation``.
        among: Drafts from which the model's critic picks each one, 1 to 64; 1 takes the first as it comes; None:
            ``AMONG``. It has no say with ``toward`` and ``like``.
        toward: Another seed: the drafts then lead from the first seed to it in ``count`` ≥ 2 even steps.
        strip: Those side by side in one draft, 24 at most.
        like: A picture to start from, with models that can.
        strength: How little of it stays, in 0…1; None: ``STRENGTH``.
        guidance: How strongly words, attributes or the class draw, 1 to 20; 1 is as learnt; None: the model's default.
    """

    truncation: float | None = None
    among: int | None = None
    toward: int | None = None
    strip: bool = False
    like: Path | None = None
    strength: float | None = None
    guidance: float | None = None

    def truncation_for(self, model: PictureModel) -> float:
        """``truncation``, or what is usual with ``model``."""
        return model.usual_truncation if self.truncation is None else self.truncation

    @property
    def drafts(self) -> int:
        """``among``, or what is usual."""
        return AMONG if self.among is None else self.among

    @property
    def renewed(self) -> float:
        """``strength``, or what is usual."""
        return STRENGTH if self.strength is None else self.strength

    def check(self, model: PictureModel, count: int, seed: int) -> None:
        """Refuse what can't be made.

        Raises:
            UserError: a value is out of its range, or has no say with this model.
        """
        ranges = 0 <= (self.truncation or 0) <= 1 and 1 <= self.drafts <= 64 and 0 <= self.renewed <= 1
        last = max(seed, self.toward) if self.toward is not None else seed + count - 1
        seeds = 0 <= seed <= last <= LAST_SEED
        guided = self.guidance is None or 1 <= self.guidance <= 20
        if not ranges or count < 1 or not seeds or not guided:
            raise UserError(
                _("Truncation, strength, guidance, the number of drafts or the seed is out of range."),
                _("Truncation and --strength lie in 0…1, --guidance in 1…20, --among in 1…64, seeds in 0…2⁶³-1."),
                code="create.range",
            )
        if self.toward is not None and (count < 2 or self.toward < 0):
            raise UserError(
                _("A way from one seed to another needs two pictures or more."),
                _("Give --count 2 or above with --toward, and a seed at 0 or above."),
                code="create.range",
            )
        if self.strip and (self.toward is None or count > LONGEST):
            raise UserError(
                _("A strip shows the way from one seed to another in 2…{most} pictures.", most=LONGEST),
                _("Give --toward and --count with --strip."),
                code="create.option",
            )
        if self.toward is not None and self.like is not None:
            raise UserError(_("Both --toward and --like were given."), _("Give one of them."), code="create.option")
        if self.strength is not None and self.like is None:
            raise UserError(
                _("{option} has no say without {other}.", option="--strength", other="--like"),
                _("Add {other}, or leave it out.", other="--like"),
                code="create.option",
            )
        other = "--like" if self.like is not None else "--toward"
        if self.among is not None and (self.like is not None or self.toward is not None):
            raise UserError(
                _("{option} has no say with {other}.", option="--among", other=other),
                _("Leave one of them out."),
                code="create.option",
            )
        if (self.like is not None or self.guidance is not None) and not takes_wishes(model):
            raise UserError(
                _("The model '{name}' can't start from a picture or be guided.", name=model.folder.name),
                _("Leave --like and --guidance out, or choose a model of the family 'prior'."),
                code="create.option",
            )


def draft_images(
    asked: Asked | str,
    *,
    model: PictureModel,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    start: Start | None = None,
) -> Iterator[Draft]:
    """Make drafts: samples with their recipe, not yet labelled, so not yet fit to leave.

    Draft i has the seed ``seed + i`` and is the same whether made alone or with others. A strip is one draft.

    Args:
        asked: What to make; a text is a brief. Nothing: as the training material is.
        model: A loaded picture model.
        seed: Of the first draft, ≥ 0.
        count: Drafts to make, ≥ 1.
        manner: How; default as the command line's.
        start: The picture at ``manner.like``, when it was read already.

    Raises:
        UserError: the model doesn't understand what is asked, or see ``Manner.check``.
    """
    from luokuan.colophon.schema import Draft, Recipe

    manner, folder = manner or Manner(), model.folder
    manner.check(model, count, seed)
    asked = Asked(asked) if isinstance(asked, str) else asked
    understood = understand(asked, model)
    if manner.like is not None and start is None:
        start = _read(manner.like)
    like = None if start is None else _fitted(start, model.size)
    way = None
    if manner.toward is not None:
        wish, _told = understood.told(model, seed)  # one kind of thing along the whole way
        way = _way(model, (seed, manner.toward), count, manner, wish)  # (count, size, size, 3)
    seeds = range(seed, seed + count) if way is None else [seed] * (1 if manner.strip else count)
    for index, own in enumerate(seeds):
        wish, said = understood.told(model, own, from_picture=like is not None)
        parameters: dict[str, Any] = {"truncation": manner.truncation_for(model), **said}
        if takes_wishes(model):
            parameters["guidance"] = model.usual_guidance if manner.guidance is None else manner.guidance
        if way is not None and manner.strip:
            pixels = np.concatenate(way, axis=1)  # (size, count · size, 3)
            parameters |= {"toward": manner.toward, "strip": count}
        elif way is not None:
            pixels = way[index]
            parameters |= {"toward": manner.toward, "share": index / (count - 1)}
        elif like is not None:
            assert takes_wishes(model) and start is not None
            pixels = model.variations(
                like,
                1,
                seed=own,
                strength=manner.renewed,
                truncation=manner.truncation_for(model),
                wish=wish,
                guidance=manner.guidance,
            )[0]
            parameters |= {"like": start.sha256, "strength": manner.renewed}
        else:
            pixels = _ranked(model, own, manner, wish)
            parameters["among"] = manner.drafts
        recipe = Recipe(
            model=folder.name,
            model_digest=folder.digest,
            brief=asked.brief,
            parameters=parameters,
            seed=own,
            licence=folder.licence,
            corpus_digest=folder.corpus_digest or None,
        )
        yield Draft(Picture(pixels), recipe)


@dataclass(frozen=True, slots=True)
class Start:
    """A picture to start from, and the SHA-256 of the file in which it came."""

    picture: Picture
    sha256: str


def _fitted(start: Start, size: int) -> NDArray[np.uint8]:
    """The middle square, on white where it is transparent, uint8 (size, size, 3)."""
    from PIL import Image

    from luokuan.foundation.corpus.pictures import fit, to_rgb

    return fit(to_rgb(Image.fromarray(start.picture.pixels)), size)


def _read(path: Path) -> Start:
    from luokuan.create.starting import picture_in
    from luokuan.files import expand, sha256_bytes

    place = expand(path)
    try:
        data = place.read_bytes()
    except OSError as error:
        raise UserError(
            _("{path} can't be used: {reason}.", path=place, reason=error.strerror),
            _("Give a JPEG, PNG or WebP picture."),
            code="create.like",
        ) from error
    return Start(picture_in(data, place), sha256_bytes(data))


def _ranked(model: PictureModel, seed: int, manner: Manner, wish: Wish | None) -> NDArray[np.uint8]:
    if takes_wishes(model):
        return model.sample_ranked(
            1,
            seed=seed,
            wish=wish,
            truncation=manner.truncation_for(model),
            among=manner.drafts,
            guidance=manner.guidance,
        )[0]
    labels = None if wish is None or wish.label is None else [wish.label]
    return model.sample_ranked(
        1, seed=seed, labels=labels, truncation=manner.truncation_for(model), among=manner.drafts
    )[0]


def _way(
    model: PictureModel, seeds: tuple[int, int], count: int, manner: Manner, wish: Wish | None
) -> NDArray[np.uint8]:
    if takes_wishes(model):
        return model.interpolate(
            seeds, count, truncation=manner.truncation_for(model), wish=wish, guidance=manner.guidance
        )
    ends = None if wish is None or wish.label is None else (wish.label, wish.label)
    return model.interpolate(seeds, count, labels=ends, truncation=manner.truncation_for(model))


def create_images(
    asked: Asked | str = "",
    *,
    model: str | Path,
    seed: int = 0,
    count: int = 1,
    manner: Manner | None = None,
    media_type: str = "image/png",
    upscale: int | None = None,
    upscaler: str | Path | None = None,
    enlarge: Literal["lanczos", "nearest"] = "lanczos",
    label: LabelOptions | None = None,
    home: Home | None = None,
    finisher: Finisher | None = None,
) -> Iterator[Work]:
    """Create ``count`` finished pictures, one after the other; see ``draft_images`` for the arguments.

    Args:
        model: Store name, starter name, folder or Hub id.
        media_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
        upscale: 2 or 4: make the draft that many times larger first; None leaves it as the model made it.
        upscaler: By which upscaler; see ``luokuan.create.upscale.choose_upscaling``.
        enlarge: How pictures that are still small then grow to 512 pixels: ``lanczos`` or ``nearest``.
        label: The explicit label; default: as the home says.
        home: Where the work is kept; default: the user's home.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: no such model, or see ``draft_images`` and ``finish``.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.ingredients import Origin, take_in
    from luokuan.create.starting import picture_of
    from luokuan.create.upscale import choose_upscaling
    from luokuan.files import expand
    from luokuan.models.registry import load_picture_model
    from luokuan.store.home import open_home

    place = home or open_home()
    start, origin = None, None
    if manner is not None and manner.like is not None:
        given = take_in(expand(manner.like), place, "inputTo")
        start, origin = Start(picture_of(given, place), given.sha256), Origin("reference", (given,))
    upscaling = None if upscale is None else choose_upscaling(upscale, upscaler, place)
    loaded = load_picture_model(model)
    drafts = draft_images(asked, model=loaded, seed=seed, count=count, manner=manner, start=start)
    for made in drafts:
        draft = made if upscaling is None else upscaling.applied(made)
        yield (finisher or finish)(
            draft,
            home=place,
            media_type=media_type,
            enlarge=enlarge,
            label=label,
            origin=origin,
        )


def create_image(asked: Asked | str = "", *, model: str | Path, seed: int = 0, **options: Any) -> Work:
    """Create one finished picture; see ``create_images``. Fields of ``Asked`` and ``Manner`` may be given by name."""
    wanted, how = ({f.name: options.pop(f.name) for f in fields(kind) if f.name in options} for kind in (Asked, Manner))
    if isinstance(asked, str):
        asked = Asked(asked, **wanted)
    if how:
        options["manner"] = replace(options.get("manner") or Manner(), **how)
    return next(create_images(asked, model=model, seed=seed, count=1, **options))
