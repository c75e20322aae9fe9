"""Reduced previews: what everybody may see or hear of a work that is offered. They are works of their own, finished
from the master, with label, watermark and signature, and say of what they are a copy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Clip, Media, Picture, Score, Sound, Text
from luokuan.store.database import open_database
from luokuan.store.listings import find_preview, set_preview
from luokuan.store.masters import Masters
from luokuan.store.ownership import owner_of

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow

SIDE, LEAST_SIDE = 480, 32
"""Longest side of a picture in pixels, if half of it isn't less; and the least."""
SECONDS, LETTERS = 12.0, 280
"""Of sound or a score, and of a text, if a third of it isn't less."""


def preview_of(row: WorkRow, home: Home) -> str:
    """Id of the work's preview, which is made if there is none.

    Raises:
        UserError: the work was erased, its master is gone, or see ``finish``.
    """
    # Heavy: a studio that sells nothing needn't load them.
    from luokuan.colophon.finish import finish
    from luokuan.colophon.formats import format_of
    from luokuan.colophon.ingredients import Origin, of_work
    from luokuan.colophon.schema import Draft, Recipe

    with open_database(home) as database, database.read() as connection:
        found, owner = find_preview(connection, row.id), owner_of(connection, row.id)
    if found is not None:
        return found
    if row.recipe is None:
        raise UserError(
            _("The work {id} was erased: there is nothing to show of it.", id=row.id),
            _("Choose another work."),
            code="work.erased",
            status=410,
        )
    media = reduced(Masters(home).get(row.id, format_of(row.media_type).kind))
    kind = "image" if isinstance(media, Picture) else row.kind
    draft = Draft(media, Recipe.from_dict(row.recipe), kind=kind)
    try:
        return finish(
            draft,
            home=home,
            media_type=_media_type(media, row.media_type),
            origin=Origin("derived", (of_work(row, home),)),
            owner=owner,
            at_record=lambda connection, made: set_preview(connection, row.id, made),
        ).id
    except Exception:
        # Somebody else may have made it meanwhile: of two, the database keeps one.
        with open_database(home) as database, database.read() as connection:
            found = find_preview(connection, row.id)
        if found is None:
            raise
        return found


def reduced(media: Media) -> Media:
    """Less of it: a small picture, the first seconds, the first words; of a clip the picture in its middle."""
    if isinstance(media, Clip):
        return reduced(Picture(media.frames[len(media.frames) // 2]))
    if isinstance(media, Picture):
        return _small(media)
    if isinstance(media, Sound):
        count = max(1, min(int(SECONDS * media.rate), media.samples.shape[1] // 3))
        return Sound(media.samples[:, :count], media.rate)
    if isinstance(media, Score):
        limit = min(SECONDS * media.tempo / 60, media.quarters / 3)
        first = tuple(note for note in media.notes if note.start <= limit)
        return replace(media, notes=first)
    count = max(1, min(LETTERS, len(media.text) // 3))
    return Text(media.text[:count].rstrip() + "…", media.language)


def _small(media: Picture) -> Picture:
    import numpy as np
    from PIL import Image

    height, width = media.pixels.shape[:2]
    longer = max(height, width)
    side = min(longer, max(LEAST_SIDE, min(SIDE, longer // 2)))
    size = max(1, round(width * side / longer)), max(1, round(height * side / longer))
    image = Image.fromarray(media.pixels)
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    return Picture(np.asarray(image.resize(size, Image.Resampling.LANCZOS)))


def _media_type(media: Media, whole: str) -> str:
    if isinstance(media, Picture):
        return "image/jpeg"
    if isinstance(media, Sound):
        return "audio/ogg"
    return whole if isinstance(media, Score) else "text/plain"
