"""A lineage from what a stranger's file says: its manifest, the ingredients in it, its AIGC label. Nobody vouches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.colophon.lineage.graph import COPIES, Lineage, Node, cleaned
from luokuan.colophon.manifest import clean

if TYPE_CHECKING:
    from luokuan.colophon.facts import Facts

_SHOWN = ("media_type", "signer", "created", "licence")


def read(path: Path, facts: Facts) -> Lineage:
    """What the file's own manifest and label say."""
    claim = facts.claim or {}
    found = Lineage(this="file", vouched=False, known=facts.claim is not None or facts.aigc is not None)
    about = {"media_type": facts.media_type, **{name: claim.get(name) for name in _SHOWN[1:]}}
    if facts.aigc is not None:
        about |= {"producer": facts.aigc["ContentProducer"], "number": facts.aigc["ProduceID"]}
    about["work"] = claim.get("work")
    found.add(Node("file", "file", clean(path.name) or "?", cleaned(about)))
    _model(found, claim, "file")
    # A step's own ingredients follow it, one level deeper.
    above = ["file"]
    for place, step in enumerate(facts.history):
        depth, key = int(step["depth"]), f"ingredient:{place}"
        del above[depth + 1 :]
        details = {name: step.get(name) for name in _SHOWN} | {"problems": ", ".join(step["problems"])}
        kind = "work" if step.get("work") else "file"
        title = clean(step.get("work")) or clean(step.get("title")) or "?"
        if found.add(Node(key, kind, title, cleaned(details))):
            found.link(key, above[depth], step["role"])
            _model(found, step, key)
        above.append(key)
    return found


def _model(found: Lineage, said: Mapping[str, Any], key: str) -> None:
    name = clean(said.get("model"))
    if name is None or said.get("purpose") in COPIES:  # of a copy, the first one tells
        return
    digest = clean(said.get("model_digest"))
    own = f"model:{digest or name}"
    found.add(Node(own, "model", name, cleaned({"digest": (digest or "")[:12]})))
    found.link(own, key, "created")
