"""Shapes of the desk: products with their variants, prices and pieces, and the places of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from web.values import Attachment, Cursor, Id, Number, Time, Whole, most

#: By language, "en" or "zh"; a text that is not there is none.
Words = dict[str, str]
#: By the code of a place.
Pieces = dict[str, Whole]
Position = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Price(TypedDict):
    """A price in one currency: as decimals, and as the reader writes it; "" where it is compared with none."""

    currency: str
    amount: str
    compare_at: str
    text: str
    compare_at_text: str


class Variant(TypedDict):
    """A variant with its `pieces` by place; `held` of them all are kept for unpaid orders."""

    sku: str
    barcode: str
    values: list[Words]
    active: bool
    prices: list[Price]
    pieces: Mapping[str, int]
    held: int


class ProductFacts(TypedDict):
    """A product in every language."""

    id: int
    sku: str
    name: Words
    description: Words
    category: str
    options: list[Words]
    position: int
    active: bool
    updated_at: Time
    variants: list[Variant]


class Product(ProductFacts):
    """A product with its pictures, in the order of its page; lists show the first."""

    pictures: list[Attachment]


class Products(TypedDict):
    """A page of products; `currency` is the shop's."""

    items: list[Product]
    next: Cursor
    currency: str


class Category(TypedDict):
    """A category and what it is called; its code is its name in the languages that are not there."""

    code: str
    name: Words


class Categories(TypedDict):
    """All categories that products have."""

    items: list[Category]


class OneProduct(TypedDict):
    """A product, as it is now."""

    product: Product


class Counted(TypedDict):
    """So many pieces lie there now."""

    sku: str
    pieces: Pieces


class Place(TypedDict):
    """Where pieces lie."""

    code: str
    name: Words
    active: bool
    position: int


class Places(TypedDict):
    """All places."""

    items: list[Place]


class ListQuery(TypedDict, total=False):
    """Products with these words, of a category by its code; `after` is the `next` of the page before."""

    q: str
    category: str
    after: Number


class WrittenWords(TypedDict, total=False):
    """A text in each language; an empty one is none."""

    en: Annotated[str, most(4000)]
    zh: Annotated[str, most(4000)]


class WrittenPrice(TypedDict):
    """Decimals, such as "68.50"."""

    currency: Annotated[str, most(3)]
    amount: Annotated[str, most(30)]
    compare_at: NotRequired[Annotated[str, most(30)]]


class WrittenVariant(TypedDict):
    """A variant; `was` is the SKU that it had."""

    sku: Annotated[str, most(4000)]
    prices: NotRequired[list[WrittenPrice]]
    values: NotRequired[list[WrittenWords]]
    barcode: NotRequired[Annotated[str, most(4000)]]
    active: NotRequired[bool]
    was: NotRequired[Annotated[str, most(4000)]]


class WrittenProduct(TypedDict):
    """The whole product; a variant that is not in it is no longer sold.

    `category_name` is what its category is called from now on, for all its products; without it that stays.
    `pictures` are all of them in their order, ten at most; without it they stay.
    """

    sku: Annotated[str, most(4000)]
    name: NotRequired[WrittenWords]
    description: NotRequired[WrittenWords]
    category: NotRequired[Annotated[str, most(4000)]]
    category_name: NotRequired[WrittenWords]
    options: NotRequired[list[WrittenWords]]
    position: NotRequired[Position]
    active: NotRequired[bool]
    variants: NotRequired[list[WrittenVariant]]
    pictures: NotRequired[list[Id]]


class ChangedProduct(WrittenProduct):
    """The whole product; `seen` is its `updated_at` as whoever changes it saw it."""

    seen: Time


class Switch(TypedDict):
    """Whether it is for sale."""

    active: bool


class Counting(TypedDict):
    """So many pieces of a variant at places; `was` is what whoever counted had seen there."""

    sku: Annotated[str, most(64)]
    pieces: NotRequired[Pieces]
    was: NotRequired[Pieces]


class WrittenPlace(TypedDict):
    """A place to make, or to change by its code."""

    code: Annotated[str, most(64)]
    name: NotRequired[WrittenWords]
    active: NotRequired[bool]
    position: NotRequired[Position]
