"""Enlargements: a picture of anybody, made larger by an upscaler, with its history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from luokuan.colophon.label import LabelOptions
    from luokuan.colophon.passage import Finisher
    from luokuan.colophon.schema import Work
    from luokuan.store.home import Home


def create_enlargement(
    path: Path | str,
    *,
    by: int = 2,
    upscaler: str | Path | None = None,
    licence: str = "",
    media_type: str = "image/png",
    lossless: bool = False,
    label: LabelOptions | None = None,
    home: Home | None = None,
    finisher: Finisher | None = None,
) -> Work:
    """Make a picture larger. What it came with stays: its credentials become the parent in the new manifest, its AIGC
    label is passed on. A file of somebody else becomes a composite (IPTC), never "created".

    Args:
        path: A picture: a file of anybody, or one that left here; of that one the private master is enlarged.
        by: 2 or 4.
        upscaler: See ``luokuan.create.upscale.choose_upscaling``.
        licence: Of the picture (SPDX id or a name), unless it is a work of the home, which keeps its own.
        media_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
        lossless: For WebP.
        label: The explicit label; default: both languages at the bottom right.
        home: Where the work is kept; default: the user's home.
        finisher: Stands in the place of ``finish``.

    Raises:
        UserError: the file can't be used (see ``luokuan.colophon.ingredients.take_in``), no upscaler is better than
            interpolation, or the result is too large.
    """
    from luokuan.colophon.finish import finish
    from luokuan.colophon.ingredients import edited, take_in
    from luokuan.colophon.schema import Draft, Recipe
    from luokuan.create.starting import picture_of
    from luokuan.create.upscale import choose_upscaling
    from luokuan.files import expand
    from luokuan.foundation.licences import joint_licence
    from luokuan.store.home import open_home

    place = home or open_home()
    given = take_in(expand(path), place, "parentOf")
    picture = picture_of(given, place)
    model = choose_upscaling(by, upscaler, place).model
    if model is None:
        raise UserError(
            _("No upscaler here is better than interpolation, which needs no AI and no label."),
            _("Train one with `luokuan train upscaler`, or enlarge the picture with any other program."),
            code="enlargement.upscaler",
        )
    folder = model.folder
    own = licence_of(given.work_id, place, licence)
    recipe = Recipe(
        model=folder.name,
        model_digest=folder.digest,
        parameters={"enlarged": given.sha256, "by": by},
        licence=joint_licence([own, folder.licence]),
        corpus_digest=folder.corpus_digest or None,
    )
    return (finisher or finish)(
        Draft(model.upscale(picture, by), recipe),
        home=place,
        media_type=media_type,
        lossless=lossless,
        label=label,
        origin=edited(given),
    )


def licence_of(work_id: str | None, home: Home, said: str = "") -> str:
    """The licence of a given file: that of the work of this home that it is, which no word of ours replaces; else what
    is ``said`` of it, else unknown."""
    from luokuan.foundation.licences import stated

    known = None
    if work_id is not None:
        from luokuan.store.database import open_database
        from luokuan.store.works import find_work

        with open_database(home) as database, database.read() as connection:
            known = find_work(connection, work_id)
    return stated(said) or "unknown" if known is None else known.licence
