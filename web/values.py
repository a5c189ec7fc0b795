"""The shapes of the API's values, as docs/web-api.md tells of them: what views answer, and its document is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from bot.core.message import FileKind

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
#: What databases and JSON hold; whoever reads it refuses more of them, with a sentence.
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
#: Of the page behind this one; null on the last one.
Cursor = str | None
#: A `Cursor` that was told.
PageKey = Annotated[str, Meta(pattern=r"^([0-9]{1,17}\.[0-9]{1,17})?$")]
#: Of a list by ids: what is asked for lies beyond this one.
Number = Annotated[int, Meta(ge=0, lt=10**18)]


# What these tell is checked where it is read, with a sentence that says more than "no such value" does.


def most(characters: int, least: int = 0) -> Meta:
    """Text of so many characters."""
    return Meta(extra_json_schema={"maxLength": characters} | ({"minLength": least} if least else {}))


def one_of(values: Iterable[str]) -> Meta:
    """One of these texts."""
    return Meta(extra_json_schema={"enum": [*values]})


#: How far a message has come; "held" until the customer writes, "quiet" until their night is over.
Delivery = Annotated[str, one_of(("", "queued", "held", "quiet", "sent", "delivered", "read", "failed"))]


class Nothing(TypedDict):
    """It is done, and there is nothing to tell."""


class Money(TypedDict):
    """`amount` is in minor units of ISO 4217; `text` is in the reader's format."""

    amount: int
    currency: str
    text: str


class Attachment(TypedDict):
    """A file; `url` and `thumb` are signed links that work for a while, empty until it is stored."""

    id: int
    kind: FileKind
    name: str
    media_type: str
    size: int
    state: Annotated[str, one_of(("pending", "stored", "failed"))]
    width: int
    height: int
    url: str
    thumb: str


class Button(TypedDict):
    """`state` is of a link that needs no tap any more: "done", or "over" where it cannot be paid any more.

    `scans`: it leads to a payment for which there may be a picture to scan.
    """

    label: str
    data: str
    url: str
    style: Literal["", "primary", "danger"]
    state: Literal["", "done", "over"]
    scans: bool


class Card(TypedDict):
    """A picture with words and buttons."""

    title: str
    text: str
    price: str
    image: Attachment | None
    buttons: list[Button]


class SummaryLine(TypedDict):
    """One line of a `Summary`."""

    label: str
    amount: str


class Summary(TypedDict):
    """What an order comes to."""

    title: str
    lines: list[SummaryLine]
    total: str


class FormField(TypedDict):
    """A field of a form: `fills` is its `autocomplete`, `options` are what there is to choose, if any.

    `value` is what stands in it, and `problem` what is wrong with that, in words.
    """

    name: str
    label: str
    fills: str
    value: str
    problem: str
    required: bool
    example: str
    options: list[str]


class Message(TypedDict):
    """A message of a conversation. `changed` and `was` are for staff: what the customer did to it since.

    A `form` is answered by a message with a line of "label: value" for each field, or in words of one's own.
    """

    seq: int
    id: str
    author: Annotated[str, one_of(("customer", "bot", "staff", "note", "event"))]
    name: str
    at: Time
    text: str
    buttons: list[Button]
    cards: list[Card]
    summary: Summary | None
    files: list[Attachment]
    input: Literal["", "text", "choice", "stars", "confirm", "files"]
    form: list[FormField]
    delivery: Delivery
    error: str
    changed: NotRequired[Annotated[str, one_of(("", "edited", "deleted"))]]
    was: NotRequired[str]


class ErrorBody(TypedDict):
    """`text` is for people, in their language; `retry` is in seconds. Plain facts may stand beside these."""

    code: str
    text: str
    retry: NotRequired[int]


class Error(TypedDict):
    """What is wrong; `code` is for programs."""

    error: ErrorBody


class Shop(TypedDict):
    """How the shop looks."""

    name: str
    color: str


class Limits(TypedDict):
    """Characters of a message, files of one, and bytes of a file or a picture."""

    text: int
    files: int
    file_bytes: int
    image_bytes: int


class Config(TypedDict):
    """What the chat box must know."""

    shop: Shop
    languages: list[str]
    limits: Limits


class ShopProduct(TypedDict):
    """A product as the shop page shows it, at `url`; where it `varies`, others of it cost more.

    `category` is the code that `/shop?category=` has, `category_name` what it is called.
    """

    sku: str
    name: str
    description: str
    category: str
    category_name: str
    url: str
    price: Money
    varies: bool
    available: int
    picture: Attachment | None


class ShopProducts(TypedDict):
    """A page of what is for sale; `next` is the `first` of the next one."""

    items: list[ShopProduct]
    next: int | None


class ShopReview(TypedDict):
    """A review that was accepted."""

    id: int
    stars: Annotated[int, Meta(ge=1, le=5)]
    text: str
    name: str
    product: str | None
    at: Time
    photos: list[Attachment]


class ShopReviews(TypedDict):
    """A page of reviews, the newest first."""

    items: list[ShopReview]
    more: bool


class After(TypedDict, total=False):
    """`after` is the id of the last one that is known."""

    after: Number


class First(TypedDict, total=False):
    """`first` is the `next` of the page before."""

    first: Number


class Before(TypedDict, total=False):
    """`before` is the `next` of the page before."""

    before: Number


class FileName(TypedDict, total=False):
    """What the file is called."""

    name: Annotated[str, most(500)]
