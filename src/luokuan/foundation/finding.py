"""Finding the model that another one works with: by name, and by digest where the other has recorded it."""

from __future__ import annotations

from collections.abc import Callable

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import STARTERS, ModelFolder, check_name, list_models, read_folder
from luokuan.i18n import _
from luokuan.store.home import Home, find_home, open_home


def folder_named(name: str, fits: Callable[[ModelFolder], bool], home: Home | None = None) -> ModelFolder:
    """The model ``name`` of the store, else of the starters. No paths and Hub ids: a model is found again by name.

    Args:
        fits: Whether it is of the kind that is wanted.

    Raises:
        UserError: the name can't be one, there is no such model, it doesn't fit, or it is damaged.
    """
    check_name(name)
    place = home or open_home()
    for path in (place.models / name, STARTERS / name):
        if path.is_dir():
            folder = read_folder(path)
            if not fits(folder):
                raise UserError(
                    _("'{name}' is a model of the family '{family}' and no codec.", name=name, family=folder.family),
                    _("Choose another --codec; see `luokuan models list`."),
                    code="codec.family",
                )
            return folder
    known = sorted({model.name for model in list_models(place) if fits(model)})
    raise UserError(
        _("There is no codec '{name}'.", name=name),
        _("Known codecs: {names}. Train one first.", names=", ".join(known) or "-"),
        code="codec.unknown",
        status=404,
    )


def folder_of(model: ModelFolder, name: str, digest: str) -> ModelFolder:
    """The model in whose latents ``model`` was trained: the one called ``name`` that has this digest, looked for beside
    ``model``, in the store and among the starters.

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
                return folder
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
