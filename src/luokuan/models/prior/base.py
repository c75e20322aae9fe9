"""Starting a prior from another one's weights, so that few pictures of one's own are enough."""

from __future__ import annotations

import torch
from torch import Tensor

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder, resolve
from luokuan.foundation.strictconfig import strict_config
from luokuan.i18n import _
from luokuan.models.prior.condition import meanings
from luokuan.models.prior.config import PriorConfig
from luokuan.models.prior.model import expected_tensors
from luokuan.models.prior.networks import Prior, Words
from luokuan.store.home import Home


def base_named(reference: str, home: Home | None = None) -> ModelFolder:
    """The prior that ``reference`` names.

    Raises:
        UserError: there is no such model, or it is no prior.
    """
    folder = resolve(reference, home)
    family = folder.family
    if family != "prior":
        raise UserError(
            _("'{name}' is a model of the family '{family}' and no prior.", name=reference, family=family),
            _("Choose another --base; see `luokuan models list`."),
            code="training.base",
        )
    return folder


def check_base(own: PriorConfig, base: ModelFolder) -> PriorConfig:
    """The shape of ``base``, from which a prior of the shape ``own`` is to start.

    Raises:
        UserError: it works with another codec or has another shape.
    """
    other = strict_config(PriorConfig, base.config)
    if own.codec_digest != other.codec_digest:
        raise UserError(
            _(
                "The base '{name}' uses the codec {theirs} ({their_digest}), this run {ours} ({our_digest}).",
                name=base.name,
                theirs=other.codec,
                their_digest=other.codec_digest[:12],
                ours=own.codec,
                our_digest=own.codec_digest[:12],
            ),
            _("Give the base's --codec, or train without --base."),
            code="training.base",
        )
    shapes = [
        ("--size", own.size, other.size),
        ("--order", own.order, other.order),
        ("--width", own.width, other.width),
        ("--layers", own.layers, other.layers),
    ]
    for option, mine, wanted in shapes:
        if mine != wanted:
            raise UserError(
                _("The base '{name}' has {option} {value}.", name=base.name, option=option, value=wanted),
                _("Give the same {option}, or train without --base.", option=option),
                code="training.base",
            )
    return other


def start_from(prior: Prior, base: ModelFolder) -> int:
    """Give ``prior`` the weights of ``base``. Rows of the condition's embedding go by what they mean: classes, values
    and words of the same name; the others keep their fresh values.

    Returns:
        How many meanings were found in the base.

    Raises:
        UserError: see ``check_base``; or the base is damaged.
    """
    own, other = prior.config, check_base(prior.config, base)
    found = base.tensors(expected_tensors(other))
    same = (own.cells, own.levels, own.heads) == (other.cells, other.levels, other.heads)
    if not same or not all(bool(value.isfinite().all()) for value in found.values()):
        raise UserError(
            _(
                "The base '{name}' has another shape than this version's priors, or weights that are not finite.",
                name=base.name,
            ),
            _("Choose another --base."),
            code="training.base",
        )
    tensors = {k.removeprefix("prior."): v.float() for k, v in found.items()}
    tensors.pop("conditions")
    places = tensors.pop("places")
    condition = {k: tensors.pop(k) for k in list(tensors) if k.startswith("condition.")}
    alike = own.condition == other.condition and own.attributes == other.attributes
    # A prefix of another kind has other places; the cells' are the last ones.
    taken = len(places) if alike else own.cells**2
    with torch.no_grad():
        prior.places[-taken:] = places[-taken:]
        missing, surplus = prior.load_state_dict(tensors, strict=False)
        assert all(key == "places" or key.startswith("condition.") for key in missing) and not surplus
        if (own.condition == "text") != (other.condition == "text"):
            return 0  # words have vectors of their own kind
        if isinstance(prior.condition, Words):
            prior.condition.map.weight.copy_(condition["condition.map.weight"])
            prior.condition.mean.weight.copy_(condition["condition.mean.weight"])
        rows = condition["condition.rows.weight" if own.condition == "text" else "condition.weight"]
        return _take_rows(prior.told.weight, rows, own, other)


def _take_rows(weight: Tensor, rows: Tensor, own: PriorConfig, other: PriorConfig) -> int:
    known = {meaning: number for number, meaning in enumerate(meanings(other))}
    found = [(number, known[meaning]) for number, meaning in enumerate(meanings(own)) if meaning in known]
    mine, theirs = zip(*found, strict=True)  # 0, "nothing is said", is in both
    weight[list(mine)] = rows[list(theirs)].to(weight)  # an indexed assignment doesn't change devices
    return len(found) - 1
