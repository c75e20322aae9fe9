"""Accounts, browsers and works for tests of the studio."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.testclient import TestClient

from luokuan.store.accounts import AccountRow, insert_account, set_password
from luokuan.store.database import Database
from luokuan.store.ownership import set_owner
from luokuan.store.tables import metadata
from luokuan.store.works import WorkRow, insert_work
from luokuan.studio import people
from luokuan.studio.app import create_app
from luokuan.studio.guard import passwords
from luokuan.studio.settings import Settings

PASSWORD = "four words of no sense"
AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)
_kept: list[str] = []


def make_account(database: Database, login: str, position: str = "maker", **changes: Any) -> AccountRow:
    """An account with ``PASSWORD``."""
    if not _kept:
        _kept.append(passwords.hashed(PASSWORD))  # once: it is slow on purpose
    row = people.new_account(login, position, AT)
    values = {key: getattr(row, key) for key in AccountRow.__slots__}
    row = AccountRow(**{**values, "password": _kept[0], **changes})
    with database.write() as connection:
        insert_account(connection, row)
        set_password(connection, row.id, _kept[0])
    return row


def make_row(number: int | None = None, **changes: Any) -> WorkRow:
    """A row of a work without bytes; each has its own id and digest."""
    number = next(_numbers) if number is None else number
    values: dict[str, Any] = {
        "id": f"{number:016x}",
        "kind": "image",
        "blob_sha256": f"{number:064x}",
        "blob_size": 1000,
        "media_type": "image/png",
        "model_name": "toy",
        "model_digest": "b" * 64,
        "recipe": {"brief": "a red dress", "seed": 7, "parameters": {"truncation": 0.7}},
        "salt": b"s" * 32,
        "commitment": "c" * 64,
        "licence": "CC0-1.0",
        "label": "人工智能生成",
        "schema_version": 1,
        "created_at": AT + timedelta(minutes=number),
    }
    return WorkRow(**{**values, **changes})


def keep_row(database: Database, owner: AccountRow | None = None, **changes: Any) -> WorkRow:
    """Insert such a row."""
    row = make_row(**changes)
    with database.write() as connection:
        insert_work(connection, row)
        if owner is not None:
            set_owner(connection, row.id, owner.id)
    return row


def kept_in(database: Database) -> str:
    """All that the database holds, as text: for what it mustn't."""
    with database.read() as connection:
        return repr([connection.execute(table.select()).all() for table in metadata.sorted_tables])


def keep_order(database: Database, seller: AccountRow, buyer: AccountRow) -> dict[str, str]:
    """A work on offer, an order of it and a licence that was granted for it, as rows alone; ids by what they are of."""
    from luokuan.store.grants import GrantRow, insert_grant
    from luokuan.store.listings import ItemRow, ListingRow, insert_listing
    from luokuan.store.orders import OrderRow, insert_order

    work, number = keep_row(database, seller).id, next(_numbers)
    listing, order, grant = (f"{letter}{number:015x}" for letter in "abc")
    terms: dict[str, Any] = {"price": {"minor": 500, "currency": "EUR"}}
    with database.write() as connection:
        insert_listing(
            connection,
            ListingRow(
                listing, seller.id, "work", "A thing", "", terms, 500, "EUR", False, "athing", (), "published", AT
            ),
            [ItemRow(listing, work, 0, work, ())],
        )
        insert_order(
            connection,
            OrderRow(order, listing, buyer.id, "Bo", None, 500, "EUR", "granted", AT, f"p{number}", "", AT, AT),
        )
        insert_grant(connection, GrantRow(grant, order, work, work, seller.id, buyer.id, terms, False, AT))
    return {"listing_id": listing, "order_id": order, "grant_id": grant, "payout_id": "f" * 16,
            "check_id": "f" * 16}  # fmt: skip


class Browser:
    """Somebody in front of the studio: keeps cookies, and sends the token of the last page with each form."""

    def __init__(self, app: Any, base_url: str = "http://localhost") -> None:
        self.client = TestClient(app, base_url=base_url, follow_redirects=False, raise_server_exceptions=False)
        self.token = ""

    def get(self, path: str, **options: Any) -> Any:
        """A page."""
        answer = self.client.get(path, **options)
        if found := re.search(r'name="csrf" value="([0-9a-f]{64})"', answer.text):
            self.token = found[1]
        return answer

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> Any:
        """A form."""
        if not self.token:
            self.get("/login")
        return self.client.post(path, data={"csrf": self.token, **(form or {})}, **options)

    def login(self, name: str, password: str = PASSWORD) -> Browser:
        """Log in."""
        self.get("/login")
        answer = self.post("/login", {"name": name, "password": password})
        assert answer.status_code == 303, answer.text
        self.get("/settings")
        return self


class Place:
    """A studio of a test's own, and its people."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.app = create_app(settings, database)

    @property
    def home(self) -> Any:
        """Its home."""
        return self.settings.home

    def account(self, name: str, role: str = "maker", **changes: Any) -> AccountRow:
        """Somebody who may come in."""
        return make_account(self.database, name, role, **changes)

    def stranger(self) -> Browser:
        """Somebody without an account."""
        return Browser(self.app)

    def browser(self, name: str, role: str = "maker", **changes: Any) -> Browser:
        """A new account, logged in."""
        self.account(name, role, **changes)
        return Browser(self.app).login(name)

    def key(self, row: AccountRow, *, role: str = "", scopes: tuple[str, ...] = ("works:read",)) -> dict[str, str]:
        """Headers with a new key."""
        at = datetime.now(UTC)
        _key, text = people.make_key(
            self.database, row, "test", at, role=role or row.role, scopes=scopes, address="test"
        )
        return {"Authorization": f"Bearer {text}"}
