"""What came before: the chain of ingredients in a manifest store, as its signer tells it (C2PA 2.4, section 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from luokuan.colophon import manifest

MOST = 48
"""Ingredients that are listed; a manifest may name itself again and again."""
LONGEST = 100
"""Characters of a string; so that the longest history fits into what a child process may answer."""
DEEPEST = 32
_ROLES = ("parentOf", "componentOf", "inputTo")


@dataclass(frozen=True, slots=True)
class Step:
    """One ingredient, somewhere up the chain; each string is clean and short, or None.

    Args:
        depth: 0 for what the file itself was made from, 1 for what that was made from, and so on; a step's own
            ingredients follow it.
        role: ``parentOf``, ``componentOf`` or ``inputTo``; ``?`` for another word.
        title: As the signer calls it.
        media_type: As the signer says.
        credentials: Whether it has a manifest of its own in the store.
        manifest: Label of that manifest, when it is short and clean.
        problems: Codes of the checks that it failed when it was taken in.
        signer, created, source, model, model_digest, work, licence, purpose: Of its manifest; see ``manifest.Claim``.
    """

    depth: int
    role: str
    title: str | None = None
    media_type: str | None = None
    credentials: bool = False
    manifest: str | None = None
    problems: tuple[str, ...] = ()
    signer: str | None = None
    created: str | None = None
    source: str | None = None
    model: str | None = None
    model_digest: str | None = None
    work: str | None = None
    licence: str | None = None
    purpose: str | None = None


def read(store: Mapping[str, Any]) -> tuple[Step, ...]:
    """The chain behind the active manifest of a reader's ``store`` (its JSON), ``MOST`` steps at most, each before its
    own ingredients. Never raises: other people write these."""
    manifests = _mapping(store.get("manifests"))
    found: list[Step] = []
    waiting = [(0, item) for item in reversed(_ingredients(manifests.get(str(store.get("active_manifest")))))]
    while waiting and len(found) < MOST:
        depth, item = waiting.pop()
        label = item.get("active_manifest")
        inner = manifests.get(label) if isinstance(label, str) else None
        found.append(_step(depth, item, label if isinstance(inner, Mapping) else None, manifests))
        if isinstance(inner, Mapping) and depth + 1 < DEEPEST:
            waiting += [(depth + 1, below) for below in reversed(_ingredients(inner))]
    return tuple(found)


def _step(depth: int, item: Mapping[str, Any], label: str | None, manifests: Mapping[str, Any]) -> Step:
    role = item.get("relationship")
    claim = manifest.Claim() if label is None else manifest.read({"active_manifest": label, "manifests": manifests})
    return Step(
        depth=depth,
        role=role if role in _ROLES else "?",
        title=_short(item.get("title")),
        media_type=_short(item.get("format")),
        credentials=label is not None,
        manifest=label if _short(label) == label else None,
        problems=_problems(item),
        signer=_short(claim.signer),
        created=_short(claim.created),
        source=_short(claim.source),
        model=_short(claim.model),
        model_digest=_short(claim.model_digest),
        work=_short(claim.work),
        licence=_short(claim.licence),
        purpose=_short(claim.purpose),
    )


def _problems(item: Mapping[str, Any]) -> tuple[str, ...]:
    results = _mapping(_mapping(item.get("validation_results")).get("activeManifest"))
    failed = results.get("failure")
    codes = {_short(_mapping(one).get("code")) for one in failed} if isinstance(failed, list) else set()
    return tuple(sorted(code for code in codes if code))[:4]


def _short(value: object) -> str | None:
    text = manifest.clean(value)
    return text if text is None or len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _ingredients(value: object) -> list[Mapping[str, Any]]:
    found = _mapping(value).get("ingredients")
    return [item for item in found if isinstance(item, Mapping)][:MOST] if isinstance(found, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
