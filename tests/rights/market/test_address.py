"""The market's public address, and what copies say of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from market_for_tests import TALE, offered, written
from people import make_account

from luokuan.errors import UserError
from luokuan.rights.market import delivery, orders
from luokuan.rights.market.address import VARIABLE, page_of, public_address
from luokuan.store.blobs import Blobs
from luokuan.store.database import open_database
from luokuan.store.grants import grants
from luokuan.store.home import Home
from luokuan.store.works import find_work
from luokuan.studio.app import create_app
from luokuan.studio.settings import Settings


@pytest.mark.parametrize(
    "wrong",
    [
        "studio.example.org", "ftp://a.example", "https://", "https://a.example?x", "https://a.example/#x",
        "//a.example", "https://ann:secret@a.example", "https://a.example:x", "https://a b.example",
        "javascript:alert(1)",
        'https://a.example/"onload=', "https://a.example/<b>", "https://[::1", "https://例.example",
        "https://" + "a" * 300,
    ],
)  # fmt: skip
def test_what_is_no_address(wrong: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, wrong)
    for ask in (public_address, lambda: page_of("a"), lambda: create_app(Settings(Home(tmp_path)))):
        with pytest.raises(UserError) as caught:
            ask()
        assert caught.value.code == "market.address" and "secret" not in str(caught.value)


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert public_address() == "" == page_of("1" * 16)
    for given in ("https://a.example", " https://a.example/ ", "https://a.example//"):
        monkeypatch.setenv(VARIABLE, given)
        assert page_of("1" * 16) == f"https://a.example/market/{'1' * 16}"
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:8600/studio")
    assert public_address() == "http://127.0.0.1:8600/studio"


def test_a_copy_leads_to_where_it_was_offered(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "https://studio.example.org")
    with open_database(home) as database:
        bo = make_account(database, "bo")
    listing = offered(home, written(home, TALE).id)
    order = orders.place(listing.id, bo, home)
    orders.pay(order.id, home)
    assert delivery.deliver(order.id, home) == 1
    with open_database(home) as database, database.read() as connection:
        (licence,) = grants(connection, order_id=order.id)
        copy = find_work(connection, licence.id)
    assert copy is not None
    page = f"https://studio.example.org/market/{listing.id}".encode()
    assert page in Blobs(home).get(copy.sidecars[".c2pa"]), "signed with the rest"
