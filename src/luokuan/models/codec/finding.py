"""Finding the codec that another model works with: by name, and by digest where the model has recorded it."""

from __future__ import annotations

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import STARTERS, ModelFolder, check_name, list_models, read_folder
from luokuan.i18n import _
from luokuan.models.codec.model import Codec
from luokuan.store.home import Home, find_home, open_home

DEFAULT = "picture-codec"
"""The codec that is taken where none is named."""


def codec_named(name: str, home: Home | None = None) -> Codec:
    """The codec ``name`` of the store, else of the starters. No paths and Hub ids: a model is found again by name.

    Raises:
        UserError: the name can't be one, there is no such model, it is no codec, or it is damaged.
    """
    check_name(name)
    place = home or open_home()
    for path in (place.models / name, STARTERS / name):
        if path.is_dir():
            folder = read_folder(path)
            family = folder.family
            if family != "codec":
                raise UserError(
                    _("'{name}' is a model of the family '{family}' and no codec.", name=name, family=family),
                    _("Choose another --codec; see `luokuan models list`."),
                    code="codec.family",
                )
            return Codec.from_folder(folder)
    known = sorted({model.name for model in list_models(place) if model.family == "codec"})
    raise UserError(
        _("There is no codec '{name}'.", name=name),
        _("Known codecs: {names}. Train one with `luokuan train codec`.", names=", ".join(known) or "-"),
        code="codec.unknown",
        status=404,
    )


def codec_of(model: ModelFolder, name: str, digest: str) -> Codec:
    """The codec in whose latents ``model`` was trained: the one called ``name`` that has this digest, looked for
    beside the model, in the store and among the starters.

    Args:
        name: As the model's config.json has it.
        digest: The codec's ``ModelFolder.network_digest``, likewise.

    Raises:
        UserError: there is none of that name (``model.codec_missing``), only others (``model.codec_mismatch``), or
            it is damaged.
    """
    home = find_home()
    places = [model.path.parent, *([home.models] if home else []), STARTERS]
    found: list[ModelFolder] = []
    for place in places:
        if (place / name).is_dir():
            folder = read_folder(place / name)
            if folder.network_digest == digest:
                return Codec.from_folder(folder)
            found.append(folder)
    if found:
        raise UserError(
            _(
                "The model '{model}' works with the codec '{codec}' of the digest {wanted}, but the one in {path} has "
                "the digest {found}.",
                model=model.name,
                codec=name,
                wanted=digest,
                path=found[0].path,
                found=found[0].network_digest,
            ),
            _("Put that codec beside the model, or train the model again with this one."),
            code="model.codec_mismatch",
        )
    raise UserError(
        _(
            "The model '{model}' works with the codec '{codec}' of the digest {wanted}, which isn't here.",
            model=model.name,
            codec=name,
            wanted=digest,
        ),
        _("Put the folder of that codec beside the model's or into the store."),
        code="model.codec_missing",
    )
