"""Pictures and texts from which works start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.media import Picture, Text

if TYPE_CHECKING:
    from luokuan.colophon.ingredients import Ingredient, Origin
    from luokuan.store.home import Home


def picture_of(ingredient: Ingredient, home: Home) -> Picture:
    """The picture of a file that was taken in: of a work of this home the one without label and watermark.

    Raises:
        UserError: it holds no picture, or the work's master is damaged.
    """
    from luokuan.colophon.ingredients import master_of

    if ingredient.media_type.startswith("image/"):
        found = master_of(ingredient, home)
        if isinstance(found, Picture):
            return found
    return picture_in(ingredient.data, Path(ingredient.title))


def picture_in(data: bytes, path: Path) -> Picture:
    """The samples of an encoded picture, upright RGB, on white where it is transparent: uint8 (H, W, 3).

    Args:
        data: The file's bytes.
        path: What it is called, for what is said of it.

    Raises:
        UserError: it can't be read as a picture, or is too large.
    """
    from luokuan.foundation.corpus.pictures import BrokenPicture, decode

    try:
        return Picture(np.array(decode(data)))
    except BrokenPicture as error:
        raise UserError(
            _("{path} can't be used: {reason}.", path=path, reason=error),
            _("Give a JPEG, PNG or WebP picture."),
            code="create.like",
        ) from error


def text_from(path: Path, home: Home) -> tuple[str, Origin | None]:
    """The text of a file, of a work of this home the one without label; and the origin of what is made of it, if the
    file is such a work or came with credentials or an AIGC label.

    Raises:
        UserError: it is no text in UTF-8, is too long, or its labels or credentials can't be carried on.
    """
    from luokuan.colophon.ingredients import Origin, master_of, take_in
    from luokuan.create.translations import read_text
    from luokuan.files import expand

    text = read_text(path)
    try:
        given = take_in(expand(path), home, "inputTo")
    except UserError as error:
        if error.code != "ingredient.unusable":
            raise
        return text, None  # an empty file, for instance: who makes something of the text says what is wrong
    if not given.credentials and given.aigc is None and given.work_id is None:
        return text, None
    bare = master_of(given, home)
    return bare.text if isinstance(bare, Text) else text, Origin("reference", (given,))
