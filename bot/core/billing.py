"""The port of shops that take the money themselves: a bill that the customer pays in the shop's own checkout."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

from bot.core.money import Money
from bot.core.store import OutOrder


@dataclass(frozen=True, slots=True)
class Extra:
    """A line of a bill that is none of the shop's goods: goods of ours, or a tax."""

    title: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be paid: goods of the shop with all that the order costs besides.

    `key` is unique for ever; from `until` on the shop need not keep pieces for it.
    """

    key: str
    order: OutOrder
    extras: tuple[Extra, ...] = ()
    until: datetime | None = None

    @property
    def total(self) -> Money:
        """What the shop has to ask for."""
        return sum([one.amount for one in self.extras], self.order.total)


@dataclass(frozen=True, slots=True)
class Billed:
    """A bill as the shop has it, paid at `url`. Sums are decimal texts, "" for nothing; `order` is what it became.

    paid: by a customer, whatever was given back since. gone: nobody can pay it any more. `is_reserved`: a customer's
    bank keeps the money of an open one for the shop, which has not taken it.
    """

    id: str
    url: str
    total: str
    state: Literal["open", "paid", "gone"]
    currency: str
    order: str = ""
    paid: str = ""
    refunded: str = ""
    is_reserved: bool = False


@dataclass(frozen=True, slots=True)
class Taking:
    """Money that the shop took (or, below zero, gave back) for the bill with our `key`, as a decimal text."""

    key: str
    id: str
    amount: str
    currency: str
    at: datetime


@runtime_checkable
class TakesMoney(Protocol):
    """A connected shop whose checkout can take the money; `takes_money` where its settings say so.

    `keeps_pieces`: it takes the pieces of an open bill off what it counts, until the bill's time is over.

    All calls raise `StoreUnavailable` and `Unauthorised`; those that change something raise `BadInput`.
    """

    name: str
    takes_money: bool
    keeps_pieces: bool

    async def bill(self, bill: Bill) -> Billed:
        """Ask for the money. Two calls with a key make one, as far as the shop finds the first by then."""

    async def billed(self, id: str) -> Billed | None:  # noqa: A002 - the port's word
        """What became of it; None where it is there no more."""

    async def unbill(self, id: str) -> None:  # noqa: A002
        """Nobody shall pay it any more."""

    async def pay_back(self, id: str, amount: Money, key: str) -> None:  # noqa: A002
        """Give a part or all back, once per `key`."""

    async def paid_back(self, id: str, key: str) -> str | None:  # noqa: A002
        """The sum that was given back under this key, as a decimal text."""

    def takings(self, day: date) -> AsyncIterator[Taking]:
        """What it booked on that day, UTC."""
