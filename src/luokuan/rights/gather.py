"""From a lineage to sources: what the home's records, models' training records, voices and cards say of rights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from luokuan.colophon.lineage import Lineage, Node
from luokuan.rights.sources import Kind, Source, State

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.foundation.corpus.card import Card
    from luokuan.foundation.modelfolder import ModelFolder
    from luokuan.store.database import Database
    from luokuan.store.home import Home
    from luokuan.store.works import WorkRow


def of_lineage(lineage: Lineage, home: Home | None, database: Database | None = None) -> list[Source]:
    """All that the asked thing was made from, itself included, the nearest first; not what was made from it.

    Args:
        lineage: Of a work, a file or a model. A circle in it is walked once.
        home: Whose records say more; None: there is none.
        database: The home's, if it is open already.

    Raises:
        UserError: the database can't be read.
    """
    nodes = [lineage.nodes[key] for key in before(lineage)]
    states: set[State] = set()
    if lineage.cut:
        states.add("cut")
    if not lineage.known:
        states.add("unknown")
    if not lineage.vouched:
        states.add("said")
    if lineage.this == "file":  # a stranger's; its licence covers the models that it names
        return _with_states([_from_claim(node) for node in nodes if node.kind != "model"], states)
    if home is None or not home.has_database:
        return _with_states(_Found(None, lineage).of(nodes), states)
    from luokuan.store.database import open_database

    with nullcontext(database) if database is not None else open_database(home) as asked, asked.read() as connection:
        return _with_states(_Found(connection, lineage).of(nodes), states)


def before(lineage: Lineage) -> list[str]:
    """The keys of what the asked thing was made from, itself first, the nearest first."""
    above: dict[str, list[str]] = {}
    for edge in lineage.edges:
        above.setdefault(edge.end, []).append(edge.start)
    reached = dict.fromkeys([lineage.this])
    waiting = [lineage.this]
    while waiting:
        for key in above.get(waiting.pop(0), []):
            if key not in reached:
                reached[key] = None
                waiting.append(key)
    return list(reached)


def of_model(folder: ModelFolder, home: Home) -> list[Source]:
    """All that a model was made from."""
    from luokuan.colophon.lineage.records import read_model

    return of_lineage(read_model(folder, home), home)


def of_corpus(path: Path, card: Card | None) -> list[Source]:
    """A corpus, as its card has it."""
    if card is None:
        return [Source(f"corpus:{path.name}", "corpus", path.name)]
    return [
        Source(
            f"corpus:{path.name}",
            "corpus",
            card.title or path.name,
            card.licence,
            card.credit,
            card.consent,
            card.personal_data,
            card.source,
        )
    ]


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Mapping[str, str]]:
    """What is known of the people in the material of the shipped starters, by digest of the corpus."""
    text = resources.files("luokuan.rights").joinpath("data/corpora.json").read_text(encoding="utf-8")
    return cast("Mapping[str, Mapping[str, str]]", json.loads(text)["corpora"])


class _Found:
    def __init__(self, connection: sa.Connection | None, lineage: Lineage) -> None:
        self._connection = connection
        self._lineage = lineage
        self._works: dict[str, WorkRow] = {}
        self._known: set[str] = set()
        """Keys of models that aren't folders: voices, which stand there themselves, and programs of ours."""
        self.sources: list[Source] = []

    def of(self, nodes: list[Node]) -> list[Source]:
        """What is known of these things, works before what they were made from."""
        for node in nodes:
            self._add(node)
        return self.sources

    def _add(self, node: Node) -> None:
        if node.key in self._known:
            return
        if node.kind == "work":
            self._add_work(node)
            return
        source = _from_record(node)
        if source.licence == "unknown" and (node.kind == "file" or "absent" in self._makers(node)):
            # Whoever made the work said under which licence it stands, with what went into it.
            source = source.with_record({"licence": self._licence_after(node)})
        self.sources.append(self._recorded(source))

    def _add_work(self, node: Node) -> None:
        from luokuan.store.rights import is_withdrawn, open_dispute
        from luokuan.store.works import find_work

        row = None if self._connection is None else find_work(self._connection, node.title)
        if row is None or self._connection is None:
            self.sources.append(_from_claim(node))
            return
        self._works[node.key] = row
        recipe: Mapping[str, Any] = row.recipe or {}
        states: set[State] = set()
        if row.erased:
            states.add("erased")
        if is_withdrawn(self._connection, row.id):
            states.add("withdrawn")
        elif open_dispute(self._connection, row.id):
            states.add("disputed")
        credit = str(recipe.get("credit") or "")
        voices = self._voices(recipe, credit)
        if not credit:
            # What it was made with names people; a joint licence asks for them and not for more.
            credit = "; ".join(_names(self._lineage.nodes[key] for key in before_of(self._lineage, node.key)))
        self.sources.append(
            Source(node.key, "work", row.id, row.licence, credit, digest=row.blob_sha256, states=frozenset(states))
        )
        parameters = recipe.get("parameters") or {}
        if voices or parameters.get("program") is True:
            self._known.add(f"model:{row.model_digest}")
        if voices:  # of a short they stand among its pieces, too
            pieces = [one for one in parameters.get("pieces") or () if isinstance(one, dict)]
            self._known |= {f"model:{one.get('model_digest')}" for one in pieces if one.get("kind") == "speech"}
        self.sources += voices

    def _voices(self, recipe: Mapping[str, Any], credit: str) -> list[Source]:
        told = (recipe.get("parameters") or {}).get("voices")
        found = []
        for voice in told if isinstance(told, list) else []:
            if isinstance(voice, dict):
                name, digest = str(voice.get("name")), str(voice.get("digest"))
                said = {field: str(voice.get(field) or "") for field in ("licence", "consent")}
                found.append(
                    Source(
                        f"voice:{digest}", "voice", name, said["licence"] or "unknown", credit, said["consent"],
                        digest=digest,
                    )
                )  # fmt: skip
        return [self._recorded(source) for source in found]

    def _makers(self, node: Node) -> set[str]:
        """States of the thing itself, and of what was made of it."""
        after = [self._lineage.nodes[edge.end] for edge in self._lineage.after(node.key)]
        return {one.rights.get("state", "") for one in (node, *after)}

    def _licence_after(self, node: Node) -> str:
        waiting, seen = [node.key], {node.key}
        while waiting:
            for edge in self._lineage.after(waiting.pop(0)):
                row = self._works.get(edge.end)
                if row is not None:
                    # A file that was only looked at isn't in it.
                    return row.licence if edge.how != "reference" else "unknown"
                if edge.end not in seen:
                    seen.add(edge.end)
                    waiting.append(edge.end)
        return "unknown"

    def _recorded(self, source: Source) -> Source:
        from luokuan.store.rights import find_record

        if not source.digest:
            return source
        row = None if self._connection is None else find_record(self._connection, source.digest)
        known = source.with_record({} if row is None else row.as_record())
        return known.with_record(shipped().get(source.digest, {}))


def before_of(lineage: Lineage, key: str) -> list[str]:
    """As ``before``, of another thing of the lineage."""
    other = Lineage(key, lineage.vouched, nodes=lineage.nodes, edges=lineage.edges)
    return before(other)


def _names(nodes: Any) -> list[str]:
    names = [name for node in nodes for name in str(node.rights.get("credit", "")).split("; ") if name]
    return list(dict.fromkeys(names))


def _from_record(node: Node) -> Source:
    rights = node.rights
    state = rights.get("state", "")
    return Source(
        node.key,
        cast("Kind", node.kind),
        node.title,
        rights.get("licence") or "unknown",
        rights.get("credit", ""),
        rights.get("consent", ""),
        rights.get("personal_data", ""),
        rights.get("source", ""),
        rights.get("digest", ""),
        frozenset({cast("State", state)}) if state else frozenset(),
    )


def _from_claim(node: Node) -> Source:
    """Of a stranger's file, what it says itself."""
    licence = node.rights.get("licence") or node.details.get("licence") or "unknown"
    return Source(node.key, cast("Kind", node.kind), node.title, licence)


def _with_states(sources: list[Source], states: set[State]) -> list[Source]:
    from dataclasses import replace

    if not sources or not states:
        return sources
    return [replace(sources[0], states=sources[0].states | states), *sources[1:]]
