"""Shapes of the desk: what staff put together for a customer, what it costs, and the order that comes of it."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from bot.services.staff_orders import LINES
from web.desk.values.addresses import Parts, ToldParts
from web.desk.values.trade import Charge, Order
from web.values import Money, Whole, most

Sku = Annotated[str, most(64, 1)]


class Choice(TypedDict):
    """A variant that can be put in; `available` are free at this moment."""

    sku: str
    name: str
    price: Money
    available: int


class Goods(TypedDict):
    """What the customer can buy here."""

    items: list[Choice]


class Where(TypedDict):
    """Where something was delivered before; no parts where it was told as one text."""

    name: str
    phone: str
    address: str
    country: str
    parts: Parts | None


class Form(TypedDict):
    """What is known before anything is put in; no countries where the shop sells everywhere."""

    addresses: list[Where]
    countries: list[str]
    codes: bool


class Line(TypedDict):
    """So many pieces of a variant."""

    sku: Sku
    quantity: Whole


class Basket(TypedDict):
    """What somebody is to get; "" is what the shop decides."""

    lines: Annotated[list[Line], Meta(max_length=LINES)]
    country: NotRequired[Annotated[str, most(2)]]
    method: NotRequired[Annotated[str, most(64)]]
    code: NotRequired[Annotated[str, most(40)]]


class QuotedLine(TypedDict):
    """A line at today's price."""

    sku: str
    name: str
    quantity: int
    price: Money
    subtotal: Money


class Method(TypedDict):
    """A way to ship."""

    name: str
    title: str


class Quote(TypedDict):
    """What a basket costs, sent by `method`."""

    lines: list[QuotedLine]
    charges: list[Charge]
    total: Money
    methods: list[Method]
    method: str


class Wish(Basket):
    """An order for the customer: `key` names the click, `agreed` is the total that was seen, in minor units."""

    name: Annotated[str, most(200)]
    phone: NotRequired[Annotated[str, most(64)]]
    address: Annotated[str, most(1000)]  # "" where it is told in parts
    parts: NotRequired[ToldParts | None]
    note: NotRequired[Annotated[str, most(300)]]
    key: Annotated[str, most(64, 1)]
    agreed: Whole


class Change(Basket):
    """An order as it shall be, and why: `version` and the `agreed` total are those that were seen."""

    name: Annotated[str, most(200)]
    phone: NotRequired[Annotated[str, most(64)]]
    address: Annotated[str, most(1000)]  # "" where it is told in parts
    parts: NotRequired[ToldParts | None]
    reason: NotRequired[Annotated[str, most(200)]]
    version: Whole
    agreed: Whole


class Sent(TypedDict):
    """The order, its page for the customer, and whether they are told of it now; if not, `why` as a sentence."""

    order: Order
    link: str
    told: bool
    why: str


class GoodsQuery(TypedDict, total=False):
    """Pieces of words that a product has."""

    q: str
