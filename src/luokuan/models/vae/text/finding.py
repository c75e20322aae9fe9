"""Finding the VAE of sentences in whose latents another model works."""

from __future__ import annotations

from luokuan.foundation.finding import folder_named, folder_of
from luokuan.foundation.modelfolder import ModelFolder
from luokuan.models.vae.text.model import TextVae
from luokuan.store.home import Home

DEFAULT = "sentences"
"""The VAE that is taken where none is named."""


def text_vae_named(name: str, home: Home | None = None) -> TextVae:
    """The VAE of sentences ``name`` of the store, else of the starters.

    Raises:
        UserError: see ``folder_named``.
    """

    def fits(folder: ModelFolder) -> bool:
        return folder.family == "vae" and folder.config.get("kind") == "text"

    return TextVae.from_folder(folder_named(name, fits, home))


def text_vae_of(model: ModelFolder, name: str, digest: str) -> TextVae:
    """The VAE in whose latents ``model`` was trained.

    Args:
        name: As the model's config.json has it.
        digest: The VAE's ``ModelFolder.network_digest``, likewise.

    Raises:
        UserError: see ``folder_of``.
    """
    return TextVae.from_folder(folder_of(model, name, digest))
