"""A lineage from the home's records: rows about works and ingredients, and the folders of models."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from luokuan.colophon.lineage.graph import COPIES, Lineage, Node, cleaned, recorded
from luokuan.colophon.manifest import clean
from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder, list_models, resolve
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home
from luokuan.store.ingredients import IngredientRow, derived_works, find_ingredients
from luokuan.store.works import WorkRow, find_work

if TYPE_CHECKING:
    import sqlalchemy as sa


def read(row: WorkRow, home: Home, database: Database | None = None, *, after: bool = True) -> Lineage:
    """The lineage of a work of this home: all that it was made from, and all that was made from it.

    Args:
        row: The work.
        home: Its home.
        database: The home's, if it is open already.
        after: Whether what was made from it is asked for; that may be more than is read.

    Raises:
        UserError: the database can't be read.
    """
    found = Lineage(this=_key(row.id), vouched=True)
    models = _Models(home)
    with nullcontext(database) if database is not None else open_database(home) as asked, asked.read() as connection:
        _before(connection, row, found, models)
        if after:
            _after(connection, row, found, models)
    return found


def read_model(folder: ModelFolder, home: Home) -> Lineage:
    """The lineage of a model: what it learnt from, and the models on which it rests; not what was made with it."""
    found = Lineage(this=f"model:{folder.digest}", vouched=True)
    _Models(home).add(found, folder.name, folder.digest, folder=folder)
    return found


def _before(connection: sa.Connection, row: WorkRow, found: Lineage, models: _Models) -> None:
    waiting = [row]
    while waiting:
        one = waiting.pop()
        if not found.add(_work(one)):
            continue
        given = find_ingredients(connection, one.id)
        _made_by(one, given, found, models)
        for ingredient in given:
            parent = None if ingredient.parent_id is None else find_work(connection, ingredient.parent_id)
            if parent is None:
                node = _file(ingredient)
                found.add(node)
                found.link(node.key, _key(one.id), ingredient.purpose)
            else:
                waiting.append(parent)
    # Linked when all are there: a parent may have been found on two ways.
    for node in list(found.nodes.values()):
        if node.kind == "work":
            for ingredient in find_ingredients(connection, node.title):
                if ingredient.parent_id is not None:
                    found.link(_key(ingredient.parent_id), node.key, ingredient.purpose)


def _after(connection: sa.Connection, row: WorkRow, found: Lineage, models: _Models) -> None:
    waiting = [row.id]
    while waiting:
        parent = waiting.pop(0)
        for one, ingredient in derived_works(connection, parent):
            if found.add(_work(one)):
                waiting.append(one.id)
                _made_by(one, [ingredient], found, models)
            found.link(_key(parent), _key(one.id), ingredient.purpose)


def _made_by(row: WorkRow, given: list[IngredientRow], found: Lineage, models: _Models) -> None:
    if any(ingredient.purpose in COPIES for ingredient in given):
        return
    recipe: Mapping[str, Any] = row.recipe or {}
    wanted: list[tuple[Any, Any, Any]] = [(row.model_name, row.model_digest, recipe.get("corpus_digest"))]
    upscale = (recipe.get("parameters") or {}).get("upscale")
    if isinstance(upscale, dict) and upscale.get("model_digest"):
        wanted.append((upscale.get("model"), upscale["model_digest"], None))
    # Of what was put together from pieces: the models that made these.
    pieces = (recipe.get("parameters") or {}).get("pieces")
    if isinstance(pieces, list):
        wanted += [(one.get("model"), one["model_digest"], one.get("corpus_digest")) for one in pieces
                   if isinstance(one, dict) and one.get("model_digest")]  # fmt: skip
    # The corpus of a style, with what its card said: no model keeps that.
    style = (recipe.get("parameters") or {}).get("style")
    for name, digest, corpus in dict.fromkeys(wanted):
        about = style if isinstance(style, dict) and style.get("digest") == corpus else {"digest": corpus}
        found.link(models.add(found, str(name), str(digest), about), _key(row.id), "created")


def _work(row: WorkRow) -> Node:
    details = {"media_type": row.media_type, "created": row.created_at.strftime("%Y-%m-%d %H:%M UTC")}
    details["licence"] = row.licence
    if row.erased:
        details["state"] = "erased"
    return Node(_key(row.id), "work", row.id, cleaned(details))


def _file(ingredient: IngredientRow) -> Node:
    details = {"sha256": ingredient.sha256[:12]}
    if ingredient.aigc is not None:
        details["producer"] = ingredient.aigc["ContentProducer"]
    rights = {"digest": ingredient.sha256}
    return Node(f"file:{ingredient.sha256}", "file", clean(ingredient.title) or "?", cleaned(details), rights)


def _key(work_id: str) -> str:
    return f"work:{work_id}"


class _Models:
    """Model folders by digest; looked for once."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._all: dict[str, ModelFolder] | None = None

    def add(
        self,
        found: Lineage,
        name: str,
        digest: str,
        corpus: Mapping[str, Any] | None = None,
        *,
        folder: ModelFolder | None = None,
    ) -> str:
        """Add a model with what it was made from. Returns its key.

        Args:
            corpus: What a work says of the corpus, where the model itself can't be found.
            folder: If it is known already.
        """
        key = f"model:{digest}"
        folder = folder or self._folder(name, digest)
        if folder is None:
            away = {"digest": digest, "state": "absent"}
            found.add(Node(key, "model", clean(name) or "?", cleaned({"digest": digest[:12]}), away))
            if corpus:  # also where the node was there: another work may name another corpus
                _corpus(found, corpus, key)
            return key
        learnt = folder.training.get("corpus")
        details = {"family": folder.family, "digest": digest[:12], "licence": folder.licence}
        rights: dict[str, Any] = {"digest": digest, "licence": folder.licence}
        rights |= {"credit": learnt.get("credit")} if isinstance(learnt, dict) else {"state": "unsaid"}
        new = found.add(Node(key, "model", clean(name) or "?", cleaned(details), recorded(rights)))
        if new and isinstance(learnt, dict):
            _corpus(found, learnt, key)
            for how in ("codec", "base"):
                self._tool(found, learnt.get(how), key, how)
        return key

    def _tool(self, found: Lineage, tool: Any, key: str, how: str) -> None:
        """A codec or base, as the model's training record names it."""
        if not isinstance(tool, dict) or not isinstance(tool.get("digest"), str):
            return
        name, digest = str(tool.get("name")), tool["digest"]
        folder = self._folder(name, digest)
        own = f"model:{digest if folder is None else folder.digest}"
        if own in found.nodes:  # among them a model that names itself
            pass
        elif folder is not None:
            self.add(found, name, folder.digest)
        elif found.add(
            Node(
                own,
                "model",
                clean(name) or "?",
                cleaned({"digest": digest[:12], "licence": tool.get("licence")}),
                recorded({"digest": digest, **{field: tool.get(field) for field in ("licence", "credit", "source")}}),
            )
        ):
            named = ("title", "source", "credit", "licence", "consent", "personal_data")
            about = {"digest": tool.get("corpus_digest"), **{field: tool.get(field) for field in named}}
            _corpus(found, about, own)
            for deeper in ("codec", "base"):
                self._tool(found, tool.get(deeper), own, deeper)
        if own != key:
            found.link(own, key, how)

    def _folder(self, name: str, digest: str) -> ModelFolder | None:
        if self._all is None:
            try:
                by_name = resolve(name, self._home) if "/" not in name and "\\" not in name else None
            except UserError:
                by_name = None
            if by_name is not None and digest in (by_name.digest, by_name.network_digest):
                return by_name
            # One model names another by the digest of its network, a work by that of the whole folder.
            known = list_models(self._home)
            self._all = {model.network_digest: model for model in known} | {model.digest: model for model in known}
        return self._all.get(digest)


def _corpus(found: Lineage, about: Mapping[str, Any], model: str) -> None:
    digest = about.get("digest")
    if not isinstance(digest, str) or not digest:
        return
    key = f"corpus:{digest}"
    details = {"digest": digest[:12], "licence": about.get("licence"), "source": about.get("source")}
    named = ("licence", "credit", "consent", "personal_data", "source")
    rights = recorded({"digest": digest, **{field: about.get(field) for field in named}})
    found.add(Node(key, "corpus", clean(about.get("title")) or digest[:12], cleaned(details), rights))
    found.link(key, model, "trained")
