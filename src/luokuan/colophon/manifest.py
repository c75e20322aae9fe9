"""What our C2PA manifest says (C2PA 2.4; CAWG training and data mining 1.1), and what any manifest says to us."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from luokuan import __version__
from luokuan.colophon.c2pa_sign import ingredient_id
from luokuan.colophon.schema import COLOPHON_SCHEMA, LOG_ASSERTION, RECIPE_ASSERTION, Recipe
from luokuan.colophon.usage import MINING, TRAINING, Usage, unlicensed
from luokuan.colophon.xmp import GENERATED

SOFT_BINDING = "c2pa.soft-binding"
"""Label of the assertion that names a watermark (C2PA 2.4, section 18.10)."""

if TYPE_CHECKING:
    from luokuan.colophon.ingredients import Origin
    from luokuan.colophon.tlog.note import LogKey

MAX_TEXT = 200
"""Longest string that is taken from a manifest, in characters."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a manifest claims; each value is None when it isn't there. Strings are clean and short (see ``clean``).

    ``created``: when the signer says the work was made, ISO 8601. ``stamped``: when a time-stamp authority saw it.
    ``source``: IPTC digital source type. ``schema`` to ``purpose``: from our own assertion; ``waived``: whether its
    maker has waived the explicit label. ``watermark``: the algorithm of its soft binding. ``log`` and ``log_key``: the
    transparency log in which the work is said to be entered, and what verifies its checkpoints. ``training``: whether
    generative models may be trained on it: ``allowed``, ``notAllowed`` or ``constrained``.
    """

    signer: str | None = None
    created: str | None = None
    stamped: str | None = None
    source: str | None = None
    model: str | None = None
    model_digest: str | None = None
    schema: int | None = None
    work: str | None = None
    commitment: str | None = None
    licence: str | None = None
    credit: str | None = None
    explicit_label: str | None = None
    waived: bool | None = None
    purpose: str | None = None
    watermark: str | None = None
    log: str | None = None
    log_key: str | None = None
    training: str | None = None


def build(
    *,
    media_type: str,
    recipe: Recipe,
    work_id: str,
    commitment: str,
    explicit_label: str | None,
    created: datetime,
    origin: Origin | None = None,
    watermark: str | None = None,
    log: LogKey | None = None,
    usage: Usage | None = None,
) -> dict[str, Any]:
    """The manifest of a new work: created by a model, or opened and changed, with the private recipe only as a
    commitment.

    ``explicit_label``: its words; None says that the maker has waived it. ``watermark``: the algorithm by which the
    samples carry the work's id, if they do. ``log``: that in which the work will be entered. ``usage``: the terms that
    go with it; None: nobody may train on it.
    """
    own: dict[str, Any] = {
        "schema": COLOPHON_SCHEMA,
        "work": work_id,
        "model": recipe.model_digest,
        "commitment": commitment,
        "licence": recipe.licence,
        "explicitLabel": explicit_label,
    }
    if recipe.credit:
        own["credit"] = recipe.credit
    if explicit_label is None:
        own["waived"] = True
    if origin is not None:
        own |= {"modelName": recipe.model, "purpose": origin.purpose}
    return {
        "claim_generator_info": [{"name": "luokuan", "version": __version__}],
        "title": work_id,
        "format": media_type,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": _actions(media_type, recipe, created, origin)}},
            *([unlicensed()] if usage is None else usage.assertions),
            {"label": RECIPE_ASSERTION, "data": own},
            *([] if watermark is None else [_soft_binding(watermark, work_id)]),
            *([] if log is None else [{"label": LOG_ASSERTION, "data": {"origin": log.name, "key": log.text}}]),
        ],
    }


def _actions(media_type: str, recipe: Recipe, created: datetime, origin: Origin | None) -> list[dict[str, Any]]:
    """What was done (C2PA 2.4, section 18.15): created by a model, maybe from what it was given; or opened and edited
    by a model; or opened and written again by us. What somebody else made is never ``c2pa.created``."""
    when = {"when": created.strftime("%Y-%m-%dT%H:%M:%SZ")}
    by_model = {"softwareAgent": {"name": recipe.model, "version": recipe.model_digest}}
    if origin is None:
        return [{"action": "c2pa.created", **when, "digitalSourceType": GENERATED, **by_model}]
    source = {"digitalSourceType": origin.source}
    parent = origin.parent

    def of(role: str | None) -> dict[str, Any]:
        ids = [ingredient_id(place) for place, one in enumerate(origin.ingredients) if role in (None, one.role)]
        return {"parameters": {"ingredientIds": ids}} if ids else {}

    if parent is None:
        return [{"action": "c2pa.created", **when, **source, **by_model, **of(None)}]
    if origin.purpose == "edited":
        change = {"action": "c2pa.edited", **when, **source, **by_model, **of("inputTo")}
    else:
        by_us = {"softwareAgent": {"name": "luokuan", "version": __version__}}
        kind = "c2pa.edited" if parent.media_type == media_type else "c2pa.converted"
        change = {"action": kind, **when, **source, **by_us}
    return [{"action": "c2pa.opened", **when, **of("parentOf")}, change]  # which names its parent and nothing else


def _soft_binding(algorithm: str, value: str) -> dict[str, Any]:
    # The whole file, without a range: scope is empty. C2PA asks for pad, and JSON has no bytes: an empty list.
    data = {"alg": algorithm, "blocks": [{"scope": {}, "value": value}], "pad": []}
    return {"label": SOFT_BINDING, "data": data}


def read(store: Mapping[str, Any]) -> Claim:
    """What the active manifest of a reader's ``store`` (its JSON) claims. Never raises: other people write these."""
    manifest = _mapping(_mapping(store.get("manifests")).get(str(store.get("active_manifest"))))
    info = _mapping(manifest.get("signature_info"))
    creation: Mapping[str, Any] = {}
    own: Mapping[str, Any] = {}
    binding: Mapping[str, Any] = {}
    log: Mapping[str, Any] = {}
    mining: Mapping[str, Any] = {}
    for assertion in _list(manifest.get("assertions")):
        label, data = _mapping(assertion).get("label"), _mapping(_mapping(assertion).get("data"))
        if label in ("c2pa.actions", "c2pa.actions.v2"):
            for action in _list(data.get("actions")):
                # Of what was opened, the change that tells what it is now; created is said at most once.
                if _mapping(action).get("action") == "c2pa.created" or "digitalSourceType" in _mapping(action):
                    creation = _mapping(action)
        elif label == RECIPE_ASSERTION:
            own = data
        elif label == SOFT_BINDING:
            binding = data
        elif label == LOG_ASSERTION:
            log = data
        elif label == MINING:
            mining = _mapping(_mapping(data.get("entries")).get(TRAINING))
    agent = _mapping(creation.get("softwareAgent"))
    schema = own.get("schema")
    return Claim(
        signer=clean(info.get("common_name")) or clean(info.get("issuer")),
        created=clean(creation.get("when")),
        stamped=clean(info.get("time")),
        source=clean(creation.get("digitalSourceType")),
        model=clean(own.get("modelName")) or clean(agent.get("name")),
        model_digest=clean(own.get("model")),
        schema=schema if isinstance(schema, int) and not isinstance(schema, bool) else None,
        work=clean(own.get("work")),
        commitment=clean(own.get("commitment")),
        licence=clean(own.get("licence")),
        credit=clean(own.get("credit")),
        explicit_label=clean(own.get("explicitLabel")),
        waived=True if own.get("waived") is True else None,
        purpose=clean(own.get("purpose")),
        watermark=clean(binding.get("alg")),
        log=clean(log.get("origin")),
        log_key=clean(log.get("key")),
        training=clean(mining.get("use")),
    )


def clean(value: object) -> str | None:
    """``value`` as one short line of visible characters, or None when it is no string or has none.

    A manifest is written by whoever signed it: its strings must not steer a terminal or turn text around.
    """
    if not isinstance(value, str):
        return None
    visible = "".join(letter for letter in value[: 4 * MAX_TEXT] if _visible(letter)).strip()
    if len(visible) > MAX_TEXT:
        visible = visible[: MAX_TEXT - 1] + "…"
    return visible or None


def _visible(letter: str) -> bool:
    return letter == " " or unicodedata.category(letter)[0] not in "CZ"  # control, format; separators


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
