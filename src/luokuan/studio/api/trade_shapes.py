"""What programs send and get of market, books, chain and appraisal, for the OpenAPI document. Amounts are whole minor
units of their currency; times are ISO 8601."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from luokuan.rights.money import LARGEST
from luokuan.store.house import LONGEST_PRICES, MOST_FEE
from luokuan.studio.api.shapes import Shape, Wrong

ID = "^[0-9a-f]{16}$"


class OfferTold(Shape):
    """What is offered. ``terms``: as the licence says them; ``closed``: why it can't be licensed now, or null."""

    id: str
    title: str
    about: str
    kind: Literal["work", "collection"]
    seller: str
    terms: dict[str, Any]
    amount: int
    currency: str
    exclusive: bool
    state: Literal["published", "withdrawn", "sold"]
    published: str
    works: int
    own: bool
    closed: str | None


class OfferPage(Shape):
    """Some offers; ``next`` is what to give as ``after`` for more."""

    offers: list[OfferTold]
    next: str | None


class OfferOrder(Shape):
    """Works of one's own to be offered; several are a collection. ``terms``: the name of a preset; ``met``: kinds of
    conditions that the seller meets."""

    works: list[str] = Field(min_length=1, max_length=200)
    title: str = Field(min_length=1, max_length=200)
    about: str = Field(default="", max_length=4000)
    terms: str = Field(default="commercial", max_length=40)
    days: int | None = Field(default=None, ge=1, le=36_500)
    amount: int = Field(ge=1, le=LARGEST)
    currency: str = Field(min_length=3, max_length=3)
    met: list[str] = Field(default_factory=list, max_length=20)


class OfferCheck(Shape):
    """Works that are looked at before they are offered. ``listing``: the offer's id, once it is ``published``;
    ``error``: why it is ``refused``, or that the studio was started anew meanwhile (``stopped``)."""

    id: str
    state: Literal["checking", "published", "refused", "stopped"]
    listing: str | None
    error: Wrong | None


class OrderOrder(Shape):
    """What is ordered, in whose name; the same ``key`` again is the same order."""

    listing: str = Field(pattern=ID)
    licensee: str = Field(default="", max_length=200)
    key: str = Field(default="", max_length=80)


class GrantTold(Shape):
    """A licence. ``holds``: whether it does now; ``delivered``: when its copy was made."""

    id: str
    order: str
    work: str
    terms: dict[str, Any]
    exclusive: bool
    granted: str
    expires: str | None
    ended: str | None
    delivered: str | None
    holds: bool


class OrderTold(Shape):
    """An order of one's own. ``making``: whether its copies are being made; ``error``: why that broke off."""

    id: str
    listing: str
    title: str
    licensee: str | None
    amount: int
    currency: str
    state: Literal["placed", "paid", "granted", "delivered", "refunding", "refunded", "cancelled"]
    placed: str
    reason: str
    making: bool
    error: Wrong | None
    grants: list[GrantTold]


class OrderList(Shape):
    """All orders of one's own, the newest first."""

    orders: list[OrderTold]


class GrantList(Shape):
    """All licences of one's own, the newest order first."""

    grants: list[GrantTold]


class SaleTold(Shape):
    """An order of what one sells. Who bought isn't told; ``grants``: the licences, whose ids the copies carry as their
    watermarks."""

    id: str
    listing: str
    title: str
    amount: int
    currency: str
    state: Literal["placed", "paid", "granted", "delivered", "refunding", "refunded", "cancelled"]
    placed: str
    reason: str
    grants: list[GrantTold]


class SalePage(Shape):
    """Some sales; ``next`` is what to give as ``after`` for more."""

    sales: list[SaleTold]
    next: str | None


class RefundOrder(Shape):
    """Why a sale is taken back; the buyer reads it."""

    reason: str = Field(min_length=1, max_length=500)


class LineTold(Shape):
    """One entry of the books, as one party sees it; a negative amount went away."""

    number: int
    at: str
    purpose: str
    order: str
    amount: int
    currency: str
    balance: int


class StatementTold(Shape):
    """A party's lines, and what it had in each currency before and after them."""

    party: str
    before: dict[str, int]
    after: dict[str, int]
    lines: list[LineTold]


class FeeTold(Shape):
    """What the house takes of each sale of others, in basis points of the price."""

    fee: int = Field(ge=0, le=MOST_FEE)


class PayoutOrder(Shape):
    """Whom to pay out what: ``party`` is the name of an account, or ``house``. The same ``key`` again is the same."""

    party: str = Field(min_length=1, max_length=64)
    amount: int = Field(ge=1, le=LARGEST)
    currency: str = Field(min_length=3, max_length=3)
    reason: str = Field(min_length=1, max_length=500)
    key: str = Field(default="", pattern="^([0-9a-f]{16})?$")


class PayoutTold(Shape):
    """Money that left the books. ``party``: id of an account, or ``house``."""

    id: str
    party: str
    amount: int
    currency: str
    reason: str
    decided_by: str | None
    made: str
    taken_back: bool


class PayoutList(Shape):
    """All payouts, the oldest first."""

    payouts: list[PayoutTold]


class AnchorTold(Shape):
    """A checkpoint of the log that was anchored."""

    origin: str
    size: int
    root: str
    transaction: str
    block: int
    block_hash: str


class RegistrationTold(Shape):
    """A work that was registered on the chain; its token's number is the SHA-256 of its bytes."""

    work: str
    token: str
    transaction: str
    block: int


class ChainTold(Shape):
    """What the home remembers of its contract; null: nothing was deployed."""

    chain: int | None
    contract: str | None
    anchors: list[AnchorTold]
    works: list[RegistrationTold]
    log_size: int


class EarningTold(Shape):
    """An entry of the books by which a work earned; ``work`` is null for fees of the house."""

    entry: int
    day: str
    order: str
    purpose: Literal["sale", "royalty", "fee"]
    work: str | None
    model: str | None
    amount: int
    currency: str


class EarnedTold(Shape):
    """What a work or model earned in one currency, with the numbers of its entries."""

    name: str
    currency: str
    amount: int
    sales: int
    entries: list[int]


class RevenueTold(Shape):
    """Revenue by the market's books."""

    models: list[EarnedTold]
    works: list[EarnedTold]
    entries: list[EarningTold]


class CostLine(Shape):
    """One model: its training, its works, and what one of them costs with its part of the training."""

    model: str
    training: float
    works: int
    making: float
    total: float
    unit_cost: float | None
    estimated: bool
    without_time: int


class CostTold(Shape):
    """What works and models have cost, by the home's records and a price table."""

    currency: str
    on: str
    total: float
    models: list[CostLine]
    notes: list[str]


class PricesTold(Shape):
    """The price table by which costs are counted: the text of a price file (YAML). ``own``: whether the house has
    settled it; ``version``: 0 where nothing was ever settled."""

    text: str
    own: bool
    version: int


class PricesChange(Shape):
    """Another table, in the place of the one that ``version`` saw."""

    text: str = Field(min_length=1, max_length=LONGEST_PRICES)
    version: int = Field(ge=0, le=2**31 - 2)
