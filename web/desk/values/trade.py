"""Shapes of the desk: orders, their payments, and reviews."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from bot.services import order_states
from web.desk.values.addresses import Parts
from web.values import Attachment, Cursor, Delivery, Id, Money, PageKey, Time, Whole, most, one_of

State = Annotated[str, one_of(order_states.STATES)]
#: What lists of reviews may be of: "shop" are those of connected shops.
REVIEW_STATES = ("pending", "accepted", "rejected", "shop")


class OrderLine(TypedDict):
    """One variant of an order; of its pieces so many are not sent any more."""

    name: str
    sku: str
    quantity: int
    price: Money
    cancelled: int


class OrderStep(TypedDict):
    """A step that leads on from an order's state at the desk; `why`: it needs a note."""

    name: str
    role: str
    why: bool


class OrderRow(TypedDict):
    """An order in a list."""

    id: int
    number: str
    state: State
    total: Money
    created_at: Time
    contact_id: int
    name: str
    account: str
    channel: str
    paid_at: Time | None
    conversation_id: int | None
    refunded: Money | None
    lines: list[OrderLine]
    steps: list[OrderStep]


class Orders(TypedDict):
    """A page of orders, the newest first."""

    items: list[OrderRow]
    next: Cursor


class Told(TypedDict):
    """How the customer was told of a step of their order, and how far the message has come."""

    conversation_id: int
    account: str
    channel: str
    delivery: Delivery
    error: str
    template: bool


#: "from" is a word of Python's own.
OrderEvent = TypedDict(
    "OrderEvent", {"from": str, "to": str, "actor": str, "note": str, "at": Time, "told": Told | None, "what": str}
)


class SentLine(TypedDict):
    """Pieces that left together."""

    sku: str
    name: str
    quantity: int


class Parcel(TypedDict):
    """What an order, or a part of it, was sent as; no lines: what is in it, nobody knows."""

    carrier: str
    number: str
    url: str
    lines: list[SentLine]


class LeftLine(TypedDict):
    """Pieces that may be sent or cancelled; `line` names them."""

    line: int
    sku: str
    name: str
    quantity: int
    price: Money


class Cost(TypedDict):
    """What an order costs by its goods, in minor units: those that it was priced with, what came off or on top, and
    those that were not cancelled. `rates` of taxes are thousandths of a percent."""

    goods: int
    off: int
    shipping: int
    rates: list[int]
    kept: int


class Refund(TypedDict):
    """Money that was asked back of a payment."""

    id: int
    state: Annotated[str, one_of(("asked", "given", "failed", "unknown"))]
    reason: str
    error: str
    staff_id: int | None
    amount: Money
    at: Time


class PaymentFacts(TypedDict):
    """One attempt to be paid; `left` may still be given back."""

    id: int
    provider: str
    reference: str
    amount: Money
    state: str
    captured: int
    refunded: int
    taken: Money | None
    left: Money | None
    created_at: Time
    refunds: list[Refund]


class Payment(PaymentFacts):
    """Of money that comes `by_hand` staff say that it came."""

    by_hand: bool


class Charge(TypedDict):
    """What an order costs besides its goods: `name` is the code, the method or the country, `rate` a tax's per cent.

    One that is `included` in the prices adds nothing to the total.
    """

    kind: Annotated[str, one_of(("cancelled", "discount", "shipping", "tax"))]
    name: str
    title: str
    rate: str
    amount: Money
    included: bool


class StaffNote(TypedDict):
    """What staff wrote down about an order, for each other."""

    staff_id: int | None  # None: whoever wrote it is gone
    text: str
    at: Time


class NoteTaken(TypedDict):
    """What to write down."""

    text: Annotated[str, most(1000, 1)]


class OrderFacts(OrderRow):
    """An order with what happened to it."""

    phone: str
    address: str
    country: str  # "" where nobody asked
    parts: Parts | None  # of the address, where it was told so
    note: str  # what the customer wants us to know
    notes: list[StaffNote]
    hold_until: Time | None
    version: int  # another one after each thing that happened to it
    charges: list[Charge]
    events: list[OrderEvent]
    parcels: list[Parcel]
    left: list[LeftLine]
    cost: Cost


class Order(OrderFacts):
    """An order with its events and payments."""

    payments: list[Payment]


class OneOrder(TypedDict):
    """An order, as it is now."""

    order: Order


class Review(TypedDict):
    """What a customer said of an order, or of one product of it."""

    id: int
    stars: int
    text: str
    state: Annotated[str, one_of(("pending", "accepted", "rejected"))]
    created_at: Time
    display_name: str
    contact_id: int | None
    order: str | None
    product: str | None
    photos: list[Attachment]
    conversation_id: int | None
    store: str  # of the connected shop that it was written in, else ""


class Reviews(TypedDict):
    """A page of reviews."""

    items: list[Review]
    next: Cursor


class OneReview(TypedDict):
    """A review, as it is now."""

    review: Review


class ListQuery(TypedDict, total=False):
    """Orders in a state, or with these words."""

    state: Annotated[str, one_of(("", *order_states.STATES))]
    q: str
    before: PageKey


class ReviewsQuery(TypedDict, total=False):
    """Reviews in a state, or those of connected shops."""

    state: Annotated[str, one_of(REVIEW_STATES)]
    before: PageKey


class Pieces(TypedDict):
    """So many pieces of a line of an order."""

    line: Id
    quantity: Annotated[int, Meta(ge=0, le=1_000_000)]


class TakenStep(TypedDict, total=False):
    """A note; what the order is sent as; and whether what came back is on the shelf again.

    `pieces` are sent or cancelled, all that are left where it is not there; for cancelled ones no money goes back where
    it is kept. What staff had seen has the `version`; `key` names the click.
    """

    note: Annotated[str, most(300)]
    carrier: Annotated[str, most(80)]
    number: Annotated[str, most(80)]
    url: Annotated[str, most(500)]
    restock: bool
    pieces: Annotated[list[Pieces], Meta(max_length=200)]
    keep_money: bool
    version: Whole
    key: Annotated[str, most(64, 1)]


class Received(TypedDict):
    """Money that came by hand, as decimals; `seen` was confirmed before, in minor units; `key` names the click."""

    amount: Annotated[str, most(20)]
    seen: Whole
    key: Annotated[str, most(64, 1)]
    note: NotRequired[Annotated[str, most(300)]]


class GivenBack(TypedDict):
    """Money to give back, as decimals; `key` names the click."""

    amount: Annotated[str, most(20)]
    reason: NotRequired[Annotated[str, most(200)]]
    key: Annotated[str, most(64, 1)]
