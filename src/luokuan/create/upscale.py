"""Upscaling a draft: by the upscaler where its record says that it beats bicubic interpolation, else by Lanczos."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.foundation.licences import joint_licence
from luokuan.i18n import _
from luokuan.media import Picture

if TYPE_CHECKING:
    from luokuan.colophon.schema import Draft
    from luokuan.models.upscaler.model import Upscaler
    from luokuan.store.home import Home

UPSCALER = "upscaler"
"""Name of the upscaler when none is named."""


@dataclass(frozen=True, slots=True)
class Upscaling:
    """How drafts are upscaled.

    Args:
        factor: 2 or 4.
        model: The upscaler, or None: Lanczos.
        reason: Why: ``measured`` (it beats bicubic), ``not better``, or ``no upscaler``.
    """

    factor: int
    model: Upscaler | None
    reason: str

    @property
    def method(self) -> str:
        """``upscaler`` or ``lanczos``."""
        return "upscaler" if self.model else "lanczos"

    def applied(self, draft: Draft) -> Draft:
        """The draft, larger; its recipe says how, and with which model. That model's licence binds the work too.

        Raises:
            UserError: the result would have more than 64 million pixels.
        """
        from luokuan.models.upscaler.plain import check_factor, enlarged

        assert isinstance(draft.media, Picture)
        recipe, parameters = draft.recipe, {"factor": self.factor, "method": self.method, "reason": self.reason}
        licence = recipe.licence
        if self.model:
            picture = self.model.upscale(draft.media, self.factor)
            folder = self.model.folder
            parameters |= {"model": folder.name, "model_digest": folder.digest, "licence": folder.licence}
            licence = joint_licence([licence, folder.licence])
        else:
            check_factor(draft.media, self.factor)
            picture = Picture(enlarged(draft.media.pixels, self.factor))
        upscaled: dict[str, Any] = {**recipe.parameters, "upscale": parameters}
        return replace(draft, media=picture, recipe=replace(recipe, parameters=upscaled, licence=licence))


def choose_upscaling(factor: int, upscaler: str | Path | None = None, home: Home | None = None) -> Upscaling:
    """Load the upscaler and look at its record: it is used if it beat bicubic interpolation on held-out pictures.

    Args:
        factor: 2 or 4.
        upscaler: Store name, starter name, folder or Hub id; None: ``UPSCALER``, or Lanczos where there is none.
        home: Whose store; default: the user's.

    Raises:
        UserError: the factor is neither 2 nor 4; there is no such upscaler; or the model is none.
    """
    from luokuan.foundation.modelfolder import resolve
    from luokuan.models.registry import loaded
    from luokuan.models.upscaler.config import FACTORS
    from luokuan.models.upscaler.record import worth_using

    if factor not in FACTORS:
        raise UserError(
            _("Pictures can't be upscaled by {factor}.", factor=factor), _("Choose 2 or 4."), code="upscale.factor"
        )
    try:
        folder = resolve(upscaler or UPSCALER, home)
    except UserError as error:
        if upscaler is None and error.code == "model.unknown":
            return Upscaling(factor, None, "no upscaler")
        raise
    if folder.family != "upscaler":
        raise UserError(
            _("'{name}' is no upscaler.", name=folder.name),
            _("Train one with `luokuan train upscaler`, or leave --upscaler away."),
            code="upscale.family",
        )
    if not worth_using(folder.training):
        return Upscaling(factor, None, "not better")
    return Upscaling(factor, loaded(folder), "measured")
