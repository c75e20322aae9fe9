"""Finding the codec that another model works with: by name, and by digest where the model has recorded it."""

from __future__ import annotations

from luokuan.foundation.finding import folder_named, folder_of
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.models.codec.model import Codec
from luokuan.store.home import Home

DEFAULT = "picture-codec"
"""The codec that is taken where none is named."""


def codec_named(name: str, home: Home | None = None) -> Codec:
    """The codec ``name`` of the store, else of the starters.

    Raises:
        UserError: see ``folder_named``.
    """
    return Codec.from_folder(folder_named(name, lambda folder: folder.family == "codec", home))


def codec_of(model: ModelFolder, name: str, digest: str) -> Codec:
    """The codec in whose latents ``model`` was trained.

    Args:
        name: As the model's config.json has it.
        digest: The codec's ``ModelFolder.network_digest``, likewise.

    Raises:
        UserError: see ``folder_of``.
    """
    return Codec.from_folder(folder_of(model, name, digest))
