"""Publishing: what may be sold, what the guard lets pass, what is free; previews; withdrawing."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from drafts import clip, score_draft, sound
from market_for_tests import MET, TALE, offered, painted, priced, scene, unchecked, written
from people import keep_row, make_account
from PIL import Image

from luokuan.colophon.erasure import erase_work
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.verification import verify_file
from luokuan.errors import UserError
from luokuan.media import Picture, Sound, Text
from luokuan.rights import notices
from luokuan.rights.market import listings, previews
from luokuan.rights.market.listings import Offer
from luokuan.rights.money import Money, money
from luokuan.rights.names import protect
from luokuan.rights.terms import Terms, read_terms
from luokuan.store import library, logbook
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database, open_database
from luokuan.store.home import Home
from luokuan.store.ingredients import IngredientRow, insert_ingredients
from luokuan.store.library import Wanted
from luokuan.store.listings import ListingRow, find_preview, items_of, root_of, set_preview
from luokuan.store.ownership import throw_away
from luokuan.store.works import WorkRow, find_work


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Works are rows alone."""
    unchecked(monkeypatch)


AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return caught.value.code


def seen(home: Home, **wanted: Any) -> list[ListingRow]:
    with open_database(home) as database, database.read() as connection:
        return listings.listings(connection, **wanted)


def kinds(home: Home, work: str) -> list[str]:
    with open_database(home) as database, database.read() as connection:
        assert audit(connection, home).problem is None
        return [one.entry.kind for one in logbook.entries_of_work(connection, work)]


def test_a_picture_is_published_with_a_reduced_preview_and_withdrawn(home: Home, tmp_path: Any) -> None:
    work = painted(home)
    assert refused(lambda: offered(home, work.id, met=())) == "market.permission", "its model is gone"
    row = offered(home, work.id, title="  Red <b>blocks</b> ", about="Two\nlines", met=MET)
    assert (row.title, row.kind, row.state, row.seller) == ("Red <b>blocks</b>", "work", "published", None)
    assert seen(home, state="published") == [row] and listings.terms_of(row) == priced()
    with open_database(home) as database, database.read() as connection:
        (item,) = items_of(connection, row.id)
        preview = find_work(connection, find_preview(connection, work.id) or "")
    assert (item.work_id, item.root_id, item.claims) == (work.id, work.id, []) and preview is not None
    data = Blobs(home).get(preview.blob_sha256)
    with Image.open(io.BytesIO(data)) as shown:
        assert shown.format == "JPEG"
    path = tmp_path / "preview.jpg"
    path.write_bytes(data)
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.work) == ("ours", preview.id), "labelled and signed as all that leaves"
    assert kinds(home, work.id) == ["work", "publication"]
    assert previews.preview_of(_row(home, work.id), home) == preview.id, "made once"
    out = listings.withdraw(row.id, home, reason="enough")
    assert out.state == "withdrawn" and out.closed_at is not None and seen(home, state="published") == []
    assert refused(lambda: listings.withdraw(row.id, home)) == "market.closed"
    assert kinds(home, work.id) == ["work", "publication", "withdrawal"]
    assert offered(home, work.id).state == "published", "again"
    assert refused(lambda: offered(home, preview.id)) == "work.unknown", "a preview isn't for sale"
    with open_database(home) as database:
        erase_work(home, database, work.id)
        with database.read() as connection:
            left = find_work(connection, preview.id)
    assert left is not None and left.erased and not Blobs(home).path(preview.blob_sha256).exists()


def _row(home: Home, work: str) -> Any:
    with open_database(home) as database, database.read() as connection:
        return find_work(connection, work)


def test_every_kind_is_reduced() -> None:
    small = previews.reduced(scene(1, 1024))
    assert isinstance(small, Picture) and small.pixels.shape == (480, 480, 3)
    clear = Picture(np.zeros((64, 128, 4), np.uint8))
    found = previews.reduced(clear)
    assert isinstance(found, Picture) and found.pixels.shape == (32, 64, 3) and found.pixels.min() == 255
    still = previews.reduced(clip())
    assert isinstance(still, Picture) and still.pixels.shape == (24, 32, 3)
    heard = previews.reduced(sound(90_000, rate=3_000))
    assert isinstance(heard, Sound) and heard.seconds == 10.0
    text = previews.reduced(Text(TALE, "en"))
    assert isinstance(text, Text) and len(text.text) <= len(TALE) // 3 + 1 and TALE.startswith(text.text[:-1])
    media: Any = replace(score_draft().media, bar=3.0)
    score: Any = previews.reduced(media)
    assert score.bar == 3.0, "a waltz stays one"
    assert 0 < score.quarters < media.quarters


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        ("-5", "EUR", "money.amount"),
        ("NaN", "EUR", "money.amount"),
        ("1e9", "EUR", "money.amount"),
        ("10000000000001", "EUR", "money.amount"),
        ("9" * 40, "JPY", "money.amount"),
        ("1.5", "JPY", "money.amount"),
        ("1.2345", "KWD", "money.amount"),
        ("5", "XXX", "money.currency"),
        ("5", "eur", "money.currency"),
        ("0", "EUR", "market.price"),
        ("0.000", "KWD", "market.price"),
    ],
)
def test_prices_that_are_none(amount: str, currency: str, code: str) -> None:
    assert refused(lambda: Offer(("a" * 16,), "x", replace(priced(), price=money(amount, currency)))) == code


def test_terms_that_are_none() -> None:
    for wrong in ('{"minor": NaN, "currency": "EUR"}', '{"minor": 1e400, "currency": "EUR"}',
                  '{"minor": -1, "currency": "EUR"}', '{"minor": 1.5, "currency": "EUR"}'):  # fmt: skip
        text = f'{{"schema": "org.luokuan.terms", "version": 1, "price": {wrong}}}'
        assert refused(lambda text=text: read_terms(text)) in ("terms.json", "money.amount")
    assert refused(lambda: Terms(royalty=10_001)) == "terms.value", "over 100 %"
    assert refused(lambda: Terms(derivatives="revenue-share", revenue_share=10_001)) == "terms.value"
    assert money("1.234", "KWD") == Money(1234, "KWD") and money("12", "JPY") == Money(12, "JPY")


@pytest.mark.parametrize("title", ["", "  ", "x" * 121, "a\nb", "a\u202egpj", "zero\u200bwidth", "\x00"])
def test_titles_that_are_none(title: str) -> None:
    assert refused(lambda: Offer(("a" * 16,), title, priced())) == "market.title"


def test_offers_that_are_none() -> None:
    works = tuple(f"{number:016x}" for number in range(101))
    assert refused(lambda: Offer((), "x", priced())) == "market.works"
    assert refused(lambda: Offer(works, "x", priced())) == "market.works"
    assert refused(lambda: Offer(works[:1] * 2, "x", priced())) == "market.works"
    assert refused(lambda: Offer(works[:1], "x", priced(), about="x" * 2001)) == "market.about"
    assert refused(lambda: Offer(works[:1], "x", priced(), about="a\x07b")) == "market.about"
    assert refused(lambda: Offer(works[:1], "x", Terms())) == "market.price"


def test_what_may_not_be_offered(home: Home) -> None:
    with open_database(home) as database:
        tale, gone, thrown, out, disputed = (keep_row(database) for _number in range(5))
        unknown, shared = keep_row(database, licence="unknown"), keep_row(database, licence="CC-BY-SA-4.0")
        erase_work(home, database, gone.id)
        with database.write() as connection:
            throw_away(connection, thrown.id, AT)
            protect(connection, "Nike", AT, kind="mark")
    notices.withdraw(out.id, home, who="Ann", reason="not good")
    notices.file_notice(disputed.id, notices.Claim("Bo", "bo", "copyright", "Mine."), home)
    assert refused(lambda: offered(home, "f" * 16)) == "work.unknown"
    assert refused(lambda: offered(home, gone.id)) == "work.erased"
    assert refused(lambda: offered(home, thrown.id)) == "market.trash"
    assert refused(lambda: offered(home, out.id)) == "work.withdrawn"
    assert refused(lambda: offered(home, disputed.id)) == "market.disputed"
    assert refused(lambda: offered(home, unknown.id)) == "market.permission"
    assert refused(lambda: offered(home, shared.id)) == "market.permission"
    assert refused(lambda: offered(home, shared.id, met=(*MET, "share-alike", "name"))) == "market.under"
    for title in ("Nike dress", "N\u0456ke dress", "N-i-k-e"):  # a Cyrillic letter; signs
        assert refused(lambda title=title: offered(home, tale.id, title=title)) == "market.name", title
    assert refused(lambda: offered(home, tale.id, about="better than NIKE")) == "market.name"
    marked = written(home, "Nike makes shoes, and this is a tale of two of them that went to sea.")
    assert refused(lambda: offered(home, marked.id)) == "market.guard"
    assert seen(home) == [], "nothing half"


def copied(database: Database, whole: WorkRow, purpose: str = "derived", **more: Any) -> WorkRow:
    """A row of a copy of a work, or of what was made from it."""
    copy = keep_row(database, **more)
    with database.write() as connection:
        role = "parentOf" if purpose != "reference" else "inputTo"
        row = IngredientRow(copy.id, 0, role, purpose, whole.id, whole.blob_sha256, "")
        insert_ingredients(connection, [row])
    return copy


def test_of_two_offers_of_a_work_neither_is_exclusive(home: Home, database: Database, quick: None) -> None:
    tale = keep_row(database)
    copy = copied(database, copied(database, tale, "licensed"))
    with database.read() as connection:
        assert root_of(connection, copy.id) == tale.id == root_of(connection, tale.id)
    first = offered(home, tale.id)
    second = offered(home, tale.id, terms=priced("personal"))
    exclusive = priced("exclusive")
    assert refused(lambda: offered(home, copy.id, terms=exclusive)) == "market.offered", "a copy is the same work"
    for row in (first, second):
        listings.withdraw(row.id, home)
    offered(home, copy.id, terms=exclusive)
    assert refused(lambda: offered(home, tale.id)) == "market.offered"


def test_collections_search_and_whose_they_are(home: Home, database: Database, quick: None) -> None:
    ann, bo = make_account(database, "ann"), make_account(database, "bo")
    chief = make_account(database, "chief", "admin")
    hers = [keep_row(database, ann) for _number in range(2)]
    his, own = keep_row(database, bo), keep_row(database)
    row = offered(home, *(work.id for work in hers), title="Café au lait", about="Zwei Märchen", person=ann)
    assert (row.kind, row.seller) == ("collection", ann.id)
    assert refused(lambda: offered(home, hers[0].id, his.id)) == "market.owners"
    assert refused(lambda: offered(home, his.id, person=ann)) == "work.unknown", "another's is nobody's"
    assert refused(lambda: offered(home, own.id, person=bo)) == "work.unknown"
    assert offered(home, own.id, title="夜曲", person=chief).seller is None
    assert refused(lambda: listings.withdraw(row.id, home, person=bo)) == "market.listing"
    assert refused(lambda: listings.withdraw("f" * 16, home)) == "market.listing"
    fold = listings.fold
    assert [one.id for one in seen(home, words=fold("CAFE AU").letters)] == [row.id]
    assert [one.title for one in seen(home, words=fold("曲").letters)] == ["夜曲"]
    assert seen(home, words=fold("100%").letters) == [] and len(seen(home)) == 2
    assert [one.id for one in seen(home, sellers=[ann.id])] == [row.id]
    newest = seen(home, limit=1)[0]
    assert newest.id not in [one.id for one in seen(home, after=(newest.published_at, newest.id))]
    with database.write() as connection:
        set_preview(connection, hers[0].id, hers[1].id)
        assert library.count_works(connection, ann, Wanted()) == 1, "previews stand in no library"
    twin = make_account(database, "аnn")  # its first letter is Cyrillic
    alike = keep_row(database, twin)
    assert refused(lambda: offered(home, alike.id, person=twin)) == "market.seller"


def test_a_work_made_from_anothers_isnt_ones_own_to_sell(home: Home, database: Database, quick: None) -> None:
    ann, bo = make_account(database, "ann"), make_account(database, "bo")
    hers = keep_row(database, ann)
    for purpose in ("edited", "reference", "derived"):
        his = copied(database, hers, purpose, owner=bo)
        assert refused(lambda his=his: offered(home, his.id, person=bo)) == "market.source"
    mine = copied(database, hers, "edited", owner=ann)
    assert offered(home, mine.id, person=ann).state == "published"
