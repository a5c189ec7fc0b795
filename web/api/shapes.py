"""What the API takes and gives. These types check what comes in, and the API's document is made of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from bot.core.money import Money
from bot.core.postal import NOWHERE, Postal
from bot.core.postal_form import PART
from bot.services.catalogue import Range
from bot.services.orders import OrderView
from bot.services.shipments import Shipped

#: A column of text takes no NUL; `_SOME` has something in it that is no space.
_ANY, _SOME = r"^[^\x00]*$", r"^[^\x00]*[^\x00\s][^\x00]*$"
Sku = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=_SOME, description="Of a variant, as GET products tells.")
]


class Wanted(Struct, forbid_unknown_fields=True):
    """So many pieces of a variant."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=1, le=9999)]


_Part = Annotated[str, Meta(max_length=PART, pattern=_ANY)]


class Parts(Struct, forbid_unknown_fields=True):
    """An address in its parts: which of them are needed, and what each may be, is the country's.

    What addresses there do not have is kept, and not written on the parcel.
    """

    street: Annotated[str, Meta(min_length=1, max_length=PART, pattern=_SOME)]
    district: _Part = ""
    city: _Part = ""
    region: _Part = ""
    postcode: _Part = ""


class Customer(Struct, forbid_unknown_fields=True):
    """Who ordered. An address that was typed proves nothing: the order is of a customer of its own."""

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=_SOME)]
    address: Annotated[str, Meta(min_length=1, max_length=1000, pattern=_SOME)] | Parts
    email: Annotated[str, Meta(max_length=254, pattern=r"^([^@\s\x00]+@[^@\s\x00]+)?$")] = ""
    phone: Annotated[str, Meta(max_length=64, pattern=_ANY)] = ""


class NewOrder(Struct, forbid_unknown_fields=True):
    """An order to place; `language` is the customer's. Of several countries or ways to ship one must be named."""

    lines: Annotated[list[Wanted], Meta(min_length=1, max_length=100)]
    customer: Customer
    language: Literal["en", "zh"] = "en"
    country: Annotated[str, Meta(pattern=r"^([A-Z]{2})?$", description="ISO 3166, like DE.")] = ""
    shipping: Annotated[str, Meta(max_length=64, pattern=_ANY, description="The name of a way to ship.")] = ""
    code: Annotated[str, Meta(max_length=40, pattern=_ANY, description="A discount code.")] = ""
    # Left out of what is kept of a request that does not have it: those of the versions before stay the same.
    note: Annotated[str, Meta(max_length=1000, pattern=_ANY)] | UnsetType = UNSET


class Price(Struct):
    """`amount` is in minor units of ISO 4217; `text` is for people."""

    amount: int
    currency: str
    text: str


class Line(Struct):
    """One variant of an order, as it was when the order was placed."""

    sku: str
    name: str
    quantity: int
    price: Price
    subtotal: Price
    cancelled: int  # pieces that are not sent any more


class Charge(Struct):
    """What an order costs besides its lines: with them it makes the total, unless it is `included`."""

    kind: str
    name: str
    title: str
    amount: Price
    included: bool


class SentLine(Struct):
    """So many pieces of a variant."""

    sku: str
    quantity: int


class Parcel(Struct):
    """What the order, or a part of it, was sent as; each may be empty, also the lines where nobody knows them."""

    carrier: str
    number: str
    url: str
    lines: list[SentLine]


class Delivery(Struct):
    """For whom and where to: `address` as it stands on a parcel, its `parts` where it was told in parts."""

    name: str
    phone: str
    country: str
    address: str
    parts: Parts | None


class Order(Struct):
    """An order. `status_url` and `pay_url` open it without a log-in: tell them to its customer alone.

    They, the delivery and the customer's note are null for a key that did not place it.
    """

    number: str
    state: str
    total: Price
    lines: list[Line]
    charges: list[Charge]
    created_at: datetime
    hold_until: datetime | None
    paid_at: datetime | None
    parcels: list[Parcel]
    delivery: Delivery | None
    note: str | None
    status_url: str | None
    pay_url: str | None


class Variant(Struct):
    """What can be ordered: a value for each option of its product."""

    sku: str
    values: list[str]
    price: Price
    compare_at: Price | None
    available: int


class Product(Struct):
    """A product with its variants; `category` is a code, `category_name` what it is called."""

    sku: str
    name: str
    description: str
    category: str
    options: list[str]
    variants: list[Variant]
    category_name: str


class Products(Struct):
    """A page of products; `next` is the `first` of the page after it, null on the last one."""

    items: list[Product]
    next: int | None


class Problem(Struct):
    """What is wrong, as RFC 9457 has it: `detail` is a sentence for people, `code` is for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str


def order(view: OrderView, page: str | None, lang: str) -> Order:
    """`page` is the address of the order's page, None where that and what the customer told is not to be told."""
    return Order(
        number=view.number,
        state=view.state,
        total=price(view.total, lang),
        lines=[
            Line(one.sku, one.name, one.quantity, price(one.price, lang), price(one.subtotal, lang), one.cancelled)
            for one in view.lines
        ],
        charges=[Charge(one.kind, one.name, one.title, price(one.amount, lang), one.included) for one in view.charges],
        created_at=view.created_at,
        hold_until=view.hold_until,
        paid_at=view.paid_at,
        parcels=[_parcel(one) for one in view.shipments],
        delivery=_delivery(view) if page else None,
        note=view.note if page else None,
        status_url=page,
        pay_url=page and f"{page}#pay",
    )


def _parcel(sent: Shipped) -> Parcel:
    lines = [SentLine(one.sku, one.quantity) for one in sent.items]
    return Parcel(sent.parcel.carrier, sent.parcel.number, sent.parcel.url, lines)


def _delivery(view: OrderView) -> Delivery:
    parts = Parts(**asdict(view.postal)) if view.postal != NOWHERE else None
    return Delivery(view.name, view.phone, view.country, view.address, parts)


def whereabouts(address: str | Parts) -> tuple[str, Postal]:
    """An address as one text, or in parts; the other is empty."""
    if isinstance(address, str):
        return address.strip(), NOWHERE
    return "", Postal(**msgspec.structs.asdict(address))


def product(found: Range, lang: str) -> Product:
    """A product as it is sold now."""
    variants = [
        Variant(
            one.sku,
            list(one.values),
            price(one.price, lang),
            price(one.compare_at, lang) if one.compare_at else None,
            one.available,
        )
        for one in found.variants
    ]
    about = found.product
    return Product(
        about.sku, about.name, about.description, about.category, list(found.options), variants, about.category_name
    )


def price(money: Money, lang: str) -> Price:
    """Money for programs and for people."""
    return Price(money.amount, money.currency, money.format(lang))


def read(raw: bytes) -> NewOrder:
    """Raises `msgspec.DecodeError` with a sentence that says what is wrong, and where."""
    return msgspec.json.decode(raw, type=NewOrder)
