"""What is looked at before a work is published: near-copies of training items and of others' works, protected names.

A finding that blocks can be overridden by somebody who says why and answers for it; that is logged and kept as waivers
of the label are. It covers what was found, and nothing that is found later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.colophon.fingerprint import glance
from luokuan.colophon.schema import canonical_json
from luokuan.files import sha256_bytes
from luokuan.i18n import _
from luokuan.rights import frames, likeness
from luokuan.rights.hits import Hit
from luokuan.rights.names import mentions, protected
from luokuan.store.rights import OverrideRow, find_override
from luokuan.store.works import WorkRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.colophon.fingerprint import Alike
    from luokuan.colophon.lineage import Lineage
    from luokuan.store.home import Home


@dataclass(frozen=True, slots=True)
class Guarding:
    """What the guard found. ``compared``: with what; ``override``: who lets it pass all the same, or None."""

    work: str
    hits: tuple[Hit, ...]
    compared: tuple[str, ...]
    override: OverrideRow | None = None

    @property
    def stopping(self) -> tuple[Hit, ...]:
        """The hits that block."""
        return tuple(one for one in self.hits if one.blocks)

    @property
    def blocked(self) -> bool:
        """Whether the work may not be published."""
        return bool(self.stopping) and self.override is None

    @property
    def digest(self) -> str:
        """Of what blocks: an override is for exactly that."""
        return digest_of(self.stopping)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "work": self.work,
            "blocked": self.blocked,
            "hits": [{"kind": one.kind, "blocks": one.blocks, "words": one.words, **one.details} for one in self.hits],
            "compared": list(self.compared),
            "override": None
            if self.override is None
            else {
                "who": self.override.who,
                "reason": self.override.reason,
                "made_at": self.override.made_at.isoformat(),
                "kept_until": self.override.kept_until.isoformat(),
            },
        }


def digest_of(hits: Sequence[Hit]) -> str:
    """SHA-256 of findings, whatever the language in which they are told."""
    return sha256_bytes(canonical_json(sorted([one.kind, canonical_json(dict(one.details)).decode()] for one in hits)))


def guard(row: WorkRow, home: Home, *, corpora: Sequence[Path] = ()) -> Guarding:
    """Look at a work before it is published.

    Args:
        row: A work of the home.
        home: Its home; corpora in it whose titles stand in the work's lineage are compared.
        corpora: Further folders of what a model learnt from.

    Raises:
        UserError: the work was erased, or its bytes are missing.
    """
    from luokuan.colophon.lineage import records
    from luokuan.store.blobs import Blobs
    from luokuan.store.database import open_database

    data = Blobs(home).get(row.blob_sha256)
    lineage = records.read(row, home)
    hits: list[Hit] = []
    compared: list[str] = []
    with open_database(home) as database, database.read() as connection:
        _texts(row, data, home, hits, compared)
        folders = _folders(lineage, home, corpora)
        _pictures(row, data, folders, home, hits, compared)
        related = _works(connection, row, data, lineage, home, hits, compared)
        looking = likeness.Looking(row, home, folders, related, connection)
        likeness.pictures(looking, hits, compared)
        likeness.sounds(looking, glance(data, row.media_type), hits, compared)
        likeness.scores(looking, hits, compared)
        frames.clips(looking, data, hits, compared)
        _names(connection, row, data, hits, compared)
        found = Guarding(row.id, tuple(hits), tuple(compared))
        return Guarding(row.id, found.hits, found.compared, find_override(connection, row.id, found.digest))


def _texts(row: WorkRow, data: bytes, home: Home, hits: list[Hit], compared: list[str]) -> None:
    """The longest run of words that a text shares with what its model learnt: from the recipe, or looked up now."""
    from luokuan.colophon.fingerprint import kind_of

    if kind_of(row.media_type) != "text":
        return
    from luokuan.models.plm.ngrams import COPY, LEAST

    parameters = (row.recipe or {}).get("parameters") or {}
    words, run = parameters.get("shared_words"), parameters.get("shared_run")
    if not isinstance(words, int):
        looked = _look_up(row, data, home)
        if looked is None:
            return
        words, run = looked
    compared.append(_("runs of words with what the model learnt"))
    if words >= LEAST:
        said = (
            _("{count} words in a row stand in what the model learnt: '{run}'.", count=words, run=str(run)[:120])
            if words >= COPY
            else _("{count} words in a row may stand in what the model learnt: '{run}'.", count=words,
                   run=str(run)[:120])
        )  # fmt: skip
        hits.append(Hit("training-text", words >= COPY, said, {"shared_words": words, "run": str(run)[:200]}))


def _look_up(row: WorkRow, data: bytes, home: Home) -> tuple[int, str] | None:
    from luokuan.colophon.fingerprint.text import words_in
    from luokuan.foundation.modelfolder import list_models
    from luokuan.models.plm.ngrams import Ngrams

    text = words_in(data, row.media_type)
    folder = next((model for model in list_models(home) if model.digest == row.model_digest), None)
    ngrams = None if folder is None else Ngrams.read(folder.path)
    if text is None or ngrams is None:
        return None
    shared = ngrams.longest_shared(text)
    return shared.words, shared.run


def _folders(lineage: Lineage, home: Home, corpora: Sequence[Path]) -> list[Path]:
    """The corpora that are compared: those that were named, and those of the home that stand in the lineage."""
    from luokuan.rights.training_items import corpora_called

    titles = [node.title for node in lineage.nodes.values() if node.kind == "corpus"]
    return list(dict.fromkeys([*corpora, *corpora_called(titles, home)]))


def _pictures(
    row: WorkRow, data: bytes, folders: Sequence[Path], home: Home, hits: list[Hit], compared: list[str]
) -> None:
    from luokuan.colophon.fingerprint.base import PDQ_SURE, kind_of
    from luokuan.colophon.fingerprint.register import tells
    from luokuan.rights.training_items import bare_glance, nearest_item

    if kind_of(row.media_type) != "picture":
        return
    seen = bare_glance(row, data, home)
    if seen is None or not tells(seen):
        return
    for folder in folders:
        compared.append(_("pictures and clips of the corpus {name}", name=folder.name))
        near = nearest_item(seen, folder, home)
        if near is None:
            continue
        sure = near.distance <= PDQ_SURE
        values = {"item": near.item, "corpus": near.corpus, "distance": near.distance}
        said = (
            _("It looks like the training picture {item} of {corpus} (PDQ distance {distance} of 256).", **values)
            if sure
            else _("It looks somewhat like the training picture {item} of {corpus} (PDQ distance {distance} of 256).",
                   **values)
        )  # fmt: skip
        hits.append(Hit("training-picture", sure, said, {**values, "mirrored": near.mirrored}))


def _works(
    connection: sa.Connection, row: WorkRow, data: bytes, lineage: Lineage, home: Home, hits: list[Hit],
    compared: list[str],
) -> set[str]:  # fmt: skip
    """Works that are like it, but for those that it was made from and those that were made from it, whose ids are
    returned."""
    from luokuan.colophon.fingerprint.register import Register, tells
    from luokuan.store.ingredients import descendants
    from luokuan.store.ownership import owner_of, works_of

    related = {row.id, *(node.title for node in lineage.nodes.values() if node.kind == "work")}
    # A work of which many copies were sold has more of them than a lineage shows.
    related |= descendants(connection, row.id)
    seen = glance(data, row.media_type)
    if seen is None or not tells(seen):
        return related
    compared.append(_("works of this home"))
    # One's own are looked for apart: a nearer one of them must not stand before somebody else's.
    mine, register = works_of(connection, owner_of(connection, row.id)), Register(home)
    theirs = register.find(connection, seen, without=related | mine)
    if theirs is not None:
        hits.append(_like(theirs, others=True))
    nearest = register.find(connection, seen, without=related)
    if nearest is not None and nearest.work in mine:
        hits.append(_like(nearest, others=False))
    return related


def _like(alike: Alike, *, others: bool) -> Hit:
    values = {"id": alike.work, "distance": alike.distance, "bits": alike.bits}
    if others:
        said = _("It is like the work {id} of somebody else ({distance} of {bits} bits differ).", **values)
    else:
        said = _("It is like your own work {id} ({distance} of {bits} bits differ).", **values)
    details = {"like": alike.work, "distance": alike.distance, "bits": alike.bits, "others": others}
    return Hit("work", others and alike.sure, said, details)


def _names(connection: sa.Connection, row: WorkRow, data: bytes, hits: list[Hit], compared: list[str]) -> None:
    names = protected(connection)
    if not names:
        return
    compared.append(_("names and marks on the list"))
    for one in mentions(_words_of(row, data), names):
        values = {"name": one.name, "place": _("its text") if one.place == "text" else _("its brief")}
        said = (
            _("The mark '{name}' stands in {place}.", **values)
            if one.kind == "mark"
            else _("The name '{name}' stands in {place}.", **values)
        )
        hits.append(Hit("name", True, said, {"name": one.name, "kind": one.kind, "place": one.place}))


def _words_of(row: WorkRow, data: bytes) -> Iterator[tuple[str, str]]:
    from luokuan.colophon.fingerprint.text import words_in

    if (text := words_in(data, row.media_type)) is not None:
        yield "text", text
    recipe = row.recipe or {}
    for value in (recipe.get("brief"), (recipe.get("parameters") or {}).get("brief")):
        for brief in _strings(value):
            yield "brief", brief


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def now_utc() -> datetime:
    """Now, in whole seconds, as rows keep it."""
    return datetime.now(UTC).replace(microsecond=0)
