"""The codec that another model was trained with: found by name, and the same to the byte."""

from __future__ import annotations

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import resolve
from luokuan.i18n import _
from luokuan.models.codec.model import Codec


def load_codec(name: str) -> Codec:
    """The codec called ``name``.

    Raises:
        UserError: no such model, or it is no codec.
    """
    folder = resolve(name)
    if folder.config.get("family") != "codec":
        raise UserError(
            _("'{name}' is no codec.", name=name),
            _("Choose one with --codec; see `luokuan models list`."),
            code="model.no_codec",
        )
    return Codec.from_folder(folder)


def linked_codec(name: str, digest: str, *, model: str) -> Codec:
    """The codec ``name`` that the model called ``model`` was trained with.

    Raises:
        UserError: it is missing, or has another ``digest``: latents and tokens of one codec mean nothing to another.
    """
    try:
        codec = load_codec(name)
    except UserError as error:
        raise UserError(
            _("'{model}' needs the codec '{codec}', which can't be used: {why}", model=model, codec=name, why=error),
            _("Put the codec with the digest {digest} beside the model.", digest=digest[:16]),
            code="model.codec_missing",
        ) from error
    if codec.folder.network_digest != digest:
        raise UserError(
            _(
                "'{model}' was trained with the codec '{codec}' of digest {wanted}, but the one here has {found}.",
                model=model,
                codec=name,
                wanted=digest[:16],
                found=codec.folder.network_digest[:16],
            ),
            _("Put that codec back, or train the model again with this one."),
            code="model.codec_mismatch",
        )
    return codec
