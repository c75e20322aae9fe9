"""The books: no unit lost or made, nothing changed afterwards, everything taken back by entry."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from luokuan.appraisal.books import read_books
from luokuan.errors import UserError
from luokuan.rights.market import books, paper, royalties, statements
from luokuan.rights.market.royalties import Claim
from luokuan.rights.money import DIGITS, LARGEST
from luokuan.rights.terms import WHOLE
from luokuan.store.books import Transfer, balances, insert_transfer, transfers_of
from luokuan.store.database import Database
from luokuan.store.market_tables import transfer
from luokuan.store.tables import metadata

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ORDER = "a" * 16


def entry(key: str, debit: str, credit: str, amount: int, currency: str = "EUR", purpose: str = "sale") -> Transfer:
    return Transfer(key, debit, credit, amount, currency, purpose, ORDER, AT)


@given(st.integers(0, LARGEST), st.lists(st.integers(0, WHOLE), min_size=1, max_size=12).filter(any))
def test_splitting_neither_loses_nor_makes_a_unit(amount: int, weights: list[int]) -> None:
    parts = books.split(amount, weights)
    assert sum(parts) == amount and min(parts) >= 0
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert amount * weight // total <= part <= amount * weight // total + 1, "nobody is off by a whole unit"
        assert weight or not part, "who has no share gets none"
    assert books.split(amount, weights) == parts


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (LARGEST + 1, [1]), (5, []), (5, [0]), (5, [2, -1])])
def test_what_cant_be_split(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError):
        books.split(amount, weights)


def claim_trees() -> st.SearchStrategy[Claim]:
    points = st.integers(0, 3000)
    leaf = st.builds(Claim, st.sampled_from(["ann", "bo", "cy"]), points, st.just("g" * 16))
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            Claim, st.sampled_from(["ann", "bo", "cy"]), points, st.just("g" * 16),
            st.lists(inner, max_size=3).map(tuple),
        ),
        max_leaves=12,
    )  # fmt: skip


@given(st.integers(1, LARGEST), st.lists(claim_trees(), max_size=3))
def test_royalties_along_the_lineage_add_up(amount: int, claims: list[Claim]) -> None:
    found = royalties.shares(amount, "seller", claims)
    assert sum(one.amount for one in found) == amount and all(one.amount > 0 for one in found)
    assert [Claim.from_json(json.loads(json.dumps(one.to_json()))) for one in claims] == claims
    assert royalties.shares(amount, "seller", claims) == found


def test_royalties_by_hand() -> None:
    upstream = Claim("cy", 1000, "2" * 16)
    found = royalties.shares(1001, "ann", [Claim("bo", 2000, "1" * 16, (upstream,))])
    # 20 % of 1001 are 200.2, of which 10 % are 20.
    assert [(one.party, one.amount) for one in found] == [("ann", 801), ("bo", 180), ("cy", 20)]
    assert royalties.grants_in([Claim("bo", 0, "1" * 16, (upstream, upstream))]) == ["1" * 16, "2" * 16]
    assert [one.party for one in royalties.shares(1, "ann", [Claim("bo", 5000, "1" * 16)])] == ["ann"], (
        "of equals the first"
    )


def test_more_than_the_whole_is_refused() -> None:
    several = [Claim("bo", 6000, "1" * 16), Claim("cy", 4001, "2" * 16)]
    deep = Claim("bo", 1, "1" * 16)
    for _level in range(royalties.MAX_DEPTH + 1):
        deep = Claim("bo", 1, "1" * 16, (deep,))
    for claims in (several, [Claim("bo", WHOLE + 1, "1" * 16)], [Claim("bo", -1, "1" * 16)], [deep]):
        with pytest.raises(UserError) as caught:
            royalties.shares(100, "ann", claims)
        assert caught.value.code in ("market.shares", "market.depth")


def test_the_books_of_both_databases(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    with database.write() as connection:
        assert insert_transfer(connection, entry("p", "provider:test", "escrow:1", 1250, purpose="payment"))
        assert insert_transfer(connection, entry("s", "escrow:1", "party:ann", 1000))
        assert not insert_transfer(connection, entry("s", "escrow:1", "party:ann", 1000)), "done once"
        with pytest.raises(ValueError, match="another"):
            insert_transfer(connection, entry("s", "escrow:1", "party:ann", 999))
        insert_transfer(connection, entry("r", "escrow:1", "party:bo", 250, purpose="royalty"))
        insert_transfer(connection, entry("y", "provider:test", "party:ann", 7, "JPY", purpose="payment"))
    with database.read() as connection:
        found = balances(connection)
        assert found["party:ann"] == {"EUR": 1000, "JPY": 7} and found["escrow:1"] == {"EUR": 0}
        for currency in ("EUR", "JPY"):
            assert sum(each.get(currency, 0) for each in found.values()) == 0
        assert balances(connection, ["party:bo"]) == {"party:bo": {"EUR": 250}}
    with database.write() as connection:
        assert books.reverse_all(connection, ORDER, ("sale", "royalty"), AT) == 2
        assert books.reverse_all(connection, ORDER, ("sale", "royalty"), AT) == 0
        posted = transfers_of(connection, reference=ORDER)
        assert [one.reversed for one in posted] == [False, True, True, False, False, False]
        assert not books.reverse(connection, posted[1], AT)
        with pytest.raises(ValueError, match="isn't taken back"):
            books.reverse(connection, posted[-1], AT)
        assert balances(connection, ["party:ann", "party:bo"])["party:bo"] == {"EUR": 0}


def test_nothing_in_the_books_changes_or_goes(database: Database) -> None:
    with database.write() as connection:
        insert_transfer(connection, entry("p", "provider:test", "escrow:1", 1250))
    forged = {"key": "x", "debit": "escrow:1", "credit": "provider:test", "amount": 1250, "currency": "EUR",
              "purpose": "reversal", "reference": "", "reverses": 1, "made_at": AT}  # fmt: skip
    wrong: list[sa.Executable] = [
        transfer.update().values(amount=1),
        transfer.delete(),
        transfer.insert().values({**forged, "amount": 1249}),
        transfer.insert().values({**forged, "currency": "USD"}),
        transfer.insert().values({**forged, "credit": "party:me"}),
        transfer.insert().values({**forged, "reverses": 77}),
        transfer.insert().values({**forged, "purpose": "sale", "reverses": None, "amount": 0}),
        transfer.insert().values({**forged, "purpose": "sale", "reverses": None, "amount": -5}),
        transfer.insert().values({**forged, "purpose": "sale", "reverses": None, "amount": LARGEST + 1}),
        transfer.insert().values({**forged, "purpose": "sale", "reverses": None, "credit": "escrow:1"}),
        transfer.insert().values({**forged, "purpose": "gift", "reverses": None}),
        transfer.insert().values({**forged, "purpose": "sale", "reverses": None, "key": "p"}),
    ]
    if database.engine.dialect.name == "postgresql":
        wrong.append(sa.text("TRUNCATE transfer"))
    else:
        wrong.append(sa.text("INSERT OR REPLACE INTO transfer SELECT id, key, debit, credit, 1, currency, purpose, "
                             "reference, reverses, made_at FROM transfer"))  # fmt: skip
    for statement in wrong:
        with pytest.raises((sa.exc.IntegrityError, sa.exc.DataError)), database.write() as connection:
            connection.execute(statement)
    with database.read() as connection:
        (left,) = transfers_of(connection)
    assert left.transfer.amount == 1250 and not left.reversed


def test_statements(database: Database, tmp_path: Path) -> None:
    rows = [
        entry("1", "escrow:1", "party:ann", 1250),
        entry("2", "escrow:1", "party:ann", 1250, "KWD"),
        entry("3", "escrow:1", "party:ann", 99, "JPY"),
        entry("4", "escrow:1", "party:bo", 5),
    ]
    with database.write() as connection:
        for row in rows:
            insert_transfer(connection, row)
        books.reverse(connection, transfers_of(connection, account="party:ann")[0], AT + timedelta(days=3))
    with database.read() as connection:
        found = statements.statement(connection, "ann")
        later = statements.statement(connection, "ann", since=AT + timedelta(days=1))
        early = statements.statement(connection, "ann", until=AT + timedelta(days=1))
    assert found.after == {"EUR": 0, "KWD": 1250, "JPY": 99} and found.before == {}
    assert [one.amount for one in later.lines] == [-1250] and later.before == {"EUR": 1250, "KWD": 1250, "JPY": 99}
    assert later.lines[0].balance == 0 and early.after["EUR"] == 1250 and len(early.lines) == 3
    table = list(csv.DictReader(io.StringIO(statements.as_csv(found))))
    assert [(row["amount"], row["currency"]) for row in table] == [
        ("12.50", "EUR"), ("1.250", "KWD"), ("99", "JPY"), ("-12.50", "EUR"),
    ]  # fmt: skip
    place = tmp_path / "books.csv"
    place.write_text(statements.as_receipts(found))
    receipts = read_books(place)
    assert [one.amount for one in receipts] == [12.5, 1.25, 99.0, -12.5] and receipts[0].reference == f"{ORDER}/1"
    assert json.loads(json.dumps(found.to_json()))["lines"][1]["balance"] == 1250
    sheet = statements.as_sheet(found, "安 & Ann", AT)
    assert "1.250 KWD" in paper.to_text(sheet).decode()
    if paper.can_pdf() and database.engine.dialect.name == "sqlite":  # once: embedding a Chinese font takes seconds
        assert paper.to_pdf(sheet)[:5] == b"%PDF-"


@given(st.integers(-LARGEST, LARGEST), st.sampled_from(sorted(DIGITS)))
def test_decimal_numbers_have_the_digits_of_their_currency(minor: int, currency: str) -> None:
    text = statements.decimal(minor, currency)
    assert int(text.replace(".", "")) == minor
    assert len(text.partition(".")[2]) == DIGITS[currency]
