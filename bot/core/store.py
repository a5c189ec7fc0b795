"""The port of shops. What a shop posts by itself is a hint; what it answers when asked is the catalogue.

Money and numbers come as the shop wrote them: whoever takes them in tells staff what is wrong with one, and goes on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.core.money import Money
from bot.core.ports import FileStream, HookAnswer, HookRequest
from bot.core.postal import NOWHERE, Postal
from bot.core.pricing import Charge

#: "access": our app was uninstalled. "bill": what the shop itself is to be paid for. "privacy": what is asked of
#: everybody who has data of its customers.
About = Literal["product", "order", "bill", "privacy", "access"]


@dataclass(frozen=True, slots=True)
class StoreVariant:
    """What can be bought: `values` in the order of the product's options, money as decimal texts, "" for none.

    `pieces` by the id of the place; a place with None has as many as anybody wants.
    """

    id: str
    sku: str
    price: str
    pieces: Mapping[str, int | None]
    values: tuple[str, ...] = ()
    compare_at: str = ""
    barcode: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class StoreProduct:
    """A product as the shop has it; `title` is one line, `description` HTML, `pictures` addresses in order."""

    id: str
    sku: str
    title: str
    variants: tuple[StoreVariant, ...]
    currency: str
    updated_at: datetime
    description: str = ""
    category: str = ""
    options: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    active: bool = True
    #: Of a kind that is not sold piece by piece, as a link to another shop.
    unsold: str = ""
    #: Why it could not be read, "" for it could be; nothing of it but its id counts then.
    unread: str = ""


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where pieces lie."""

    id: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Some products, in the order in which they were changed; `cursor` is where to go on, now or another day.

    `more`: the next page may be read at once. `left` is how many there are from this page on, where the shop tells.
    `late`: ids of those that are unread since the shop did not tell all of them; they are to be asked for later.
    """

    products: tuple[StoreProduct, ...]
    cursor: str
    more: bool
    left: int | None = None
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """That there is a product, and when it was changed."""

    id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """A shop's word that something happened to a product or an order; `id` is the shop's. `key` names the delivery."""

    key: str
    topic: str
    about: About
    id: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutLine:
    """So many of a variant, by its id and its product's there, at `price` for one."""

    product: str
    variant: str
    quantity: int
    price: Money


@dataclass(frozen=True, slots=True)
class OutOrder:
    """An order that was placed here, with the goods of the shop in it; it was not there before `since`.

    `charges` are what these goods cost besides: a discount is negative, an included one adds nothing.
    """

    number: str
    lines: tuple[OutLine, ...]
    name: str
    phone: str
    address: str
    is_paid: bool
    since: datetime
    charges: tuple[Charge, ...] = ()
    country: str = ""  # by ISO 3166; "" where nobody asked
    postal: Postal = NOWHERE  # the address in parts, where it was told so
    note: str = ""  # what the customer wants to be known

    @property
    def goods(self) -> Money:
        """What its lines cost."""
        prices = [line.price * line.quantity for line in self.lines]
        return sum(prices[1:], prices[0])

    @property
    def total(self) -> Money:
        """What it has to cost in the shop, too."""
        return sum([one.amount for one in self.charges if not one.included], self.goods)

    def of(self, kind: str) -> tuple[Charge, ...]:
        """Its charges of a kind."""
        return tuple(one for one in self.charges if one.kind == kind)


@dataclass(frozen=True, slots=True)
class Made:
    """An order as the shop made it: its id, and what it costs there, as a decimal text."""

    id: str
    total: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel as the shop knows it; each part may be ""."""

    carrier: str = ""
    number: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class SentLine:
    """So many pieces of a variant, by its id there."""

    variant: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What left the shop at once; `id` stays the same. Without lines it is all of the order that had not left."""

    id: str
    parcels: tuple[Sent, ...] = ()
    lines: tuple[SentLine, ...] | None = None


@dataclass(frozen=True, slots=True)
class ThereOrder:
    """What became of an order in the shop: whether all of it was sent, what left, and what was paid back there.

    `refunded` is a decimal text of the `currency`, "" for nothing.
    """

    id: str
    is_sent: bool
    dispatches: tuple[Dispatch, ...] = ()
    refunded: str = ""
    currency: str = ""
    is_cancelled: bool = False


class Store(Protocol):
    """A shop. All calls raise `StoreUnavailable` for no clear answer, and `Unauthorised`."""

    name: str
    title: str  # of the system, for staff

    async def who(self) -> str:
        """Whose shop it is, for people."""

    async def places(self) -> Sequence[StorePlace]:
        """Where its pieces lie."""

    async def page(self, cursor: str) -> Page:
        """The products that were changed after `cursor`, "" for all; a page that was read may be read again."""

    async def product(self, id: str) -> StoreProduct | None:  # noqa: A002
        """One product; None where it is there no more."""

    def every(self) -> AsyncIterator[Sequence[Brief]]:
        """Which products there are, some at a time."""

    async def find(self, order: OutOrder) -> Made | None:
        """The shop's order with our number; None where it has none."""

    async def push(self, order: OutOrder) -> Made:
        """Make the order there, and have the shop count its pieces. Two calls make two.

        Raises `BadInput` for what it does not take; what `StoreUnavailable` leaves open is told by `find`, later.
        """

    async def cancel(self, id: str) -> None:  # noqa: A002
        """It was given up here, and nothing of it was sent: its pieces lie there again. Raises `BadInput`."""

    async def pay(self, id: str) -> None:  # noqa: A002
        """It was sent as one that waits for its money, which came here. Twice is as once. Raises `BadInput`."""

    async def order(self, id: str) -> ThereOrder | None:  # noqa: A002
        """What became of an order there; None where it is there no more."""

    async def picture(self, address: str) -> FileStream:
        """The bytes of a picture. Raises `FileMissing`, too."""

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless the call is the shop's."""

    def parse(self, request: HookRequest) -> list[Hint]:
        """What a verified call is about; none for what is no business of ours. Raises `BadInput`."""

    async def subscribe(self, address: str) -> None:
        """Have the shop post there what happens; what it gave up, or somebody took away, is there again.

        Raises `BadInput` where it does not want to.
        """

    def answer(self) -> HookAnswer:
        """What the shop wants to hear once the hint is kept."""

    async def close(self) -> None:
        """Close connections."""
