"""Sellers, buyers and things to sell, for tests of the market."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drafts import DIGEST
from people import make_row
from PIL import Image

from luokuan.colophon import derive
from luokuan.colophon.finish import finish
from luokuan.colophon.schema import Draft, Recipe, Work
from luokuan.media import Picture, Text
from luokuan.rights.market import listings
from luokuan.rights.market.listings import Offer, publish
from luokuan.rights.money import Money
from luokuan.rights.presets import preset
from luokuan.rights.terms import Terms
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.listings import ListingRow
from luokuan.store.works import insert_work

TALE = "The moon rises over the quiet river, and the boats come home one after the other to the old stone bridge."
MET = ("record", "material", "consent")
"""Conditions that a work of the model ``toy``, which is nowhere, leaves to its seller."""


def scene(seed: int, side: int = 128) -> Picture:
    """Coloured blocks, smoothed: something that PDQ can tell from others."""
    blocks = np.random.default_rng(seed).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    return Picture(np.asarray(Image.fromarray(blocks).resize((side, side), Image.Resampling.BICUBIC)))


def recipe(**more: Any) -> Recipe:
    """A recipe of a free model."""
    return Recipe("toy", DIGEST, **{"licence": "CC0-1.0", **more})


def painted(home: Home, number: int = 1, *, owner: str | None = None, **more: Any) -> Work:
    """A picture that may be sold."""
    return finish(Draft(scene(number), recipe(**more)), home=home, owner=owner)


def written(home: Home, text: str, *, owner: str | None = None, **more: Any) -> Work:
    """A text that may be sold; quicker to finish than a picture."""
    made = recipe(parameters={"shared_words": 0, "shared_run": ""}, **more)
    return finish(Draft(Text(text, "en"), made, kind="text"), home=home, media_type="text/plain", owner=owner)


def priced(name: str = "commercial", minor: int = 1250, currency: str = "EUR", **changes: Any) -> Terms:
    """Terms with a price."""
    return replace(preset(name), price=Money(minor, currency), **changes)


def offered(home: Home, *works: str, terms: Terms | None = None, title: str = "A thing", **more: Any) -> ListingRow:
    """Works on offer."""
    person, shared = more.pop("person", None), more.pop("shared", None)
    offer = Offer(works, title, terms or priced(), met=more.pop("met", MET), **more)
    return publish(offer, home, person=person, shared=shared)


def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish without looking at permission and bytes, and without previews, which other tests are about: works may
    then be rows alone."""
    monkeypatch.setattr(listings, "_may_be_sold", lambda *_arguments: None)
    monkeypatch.setattr(listings, "preview_of", lambda *_arguments: "")


def errands_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errands are done in this process, where works may be rows alone."""
    from luokuan.studio.material import errand_child
    from luokuan.studio.material.errands import Errands

    def ask(errands: Any, _errand: Any, asked: dict[str, Any]) -> Any:
        return errand_child._DO[asked["what"]](asked, errands._home, Any)

    monkeypatch.setattr(Errands, "_ask", ask)


def quick_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver rows without bytes, in the transaction in which a real copy is recorded."""

    def again(work_id: str, *, home: Home, copy_id: str, at_commit: Any, at_record: Any, **_more: Any) -> None:
        row = make_row(id=copy_id, blob_sha256=copy_id.rjust(64, "c"))
        with open_database(home) as database, database.write() as connection:
            at_commit(connection)
            insert_work(connection, row)
            at_record(connection, row.id)

    monkeypatch.setattr(derive, "finish_again", again)
