"""The port of payment providers. What a provider says by itself is a hint; what it answers when asked settles."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from bot.core.money import Money
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import Text

Device = Literal["any", "desktop", "phone", "wechat", "chat"]
"""Where the customer pays: on a page of the provider that fits every screen, on a desktop with a picture to scan, in a
phone's browser, inside WeChat, or on an invoice in the chat itself."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a provider takes. `currencies` empty: any; `least` and `most` are minor units by currency.

    `by_hand`: no provider tells of the money, staff do. `on_delivery`: it comes once the goods are there, so that the
    order goes on unpaid. `hold` is how long an order waits for it; None: as long as the shop's orders do. `good_for` is
    how long what was opened can be paid, where the provider says so. `captures`: the customer only agrees, and to
    `fetch` is to take the money.
    """

    devices: frozenset[Device] = frozenset({"any"})
    currencies: frozenset[str] = frozenset()
    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    #: The channel account in whose conversations alone it can be paid; "" for all.
    account: str = ""
    #: What the shop calls it, by language; empty: the provider's own title.
    titles: Mapping[str, str] = field(default_factory=dict)
    #: Of the phone numbers to which it is offered, like "+86"; one without any is of the shop's country.
    calling_codes: tuple[str, ...] = ()
    hold: timedelta | None = None
    good_for: timedelta | None = None
    captures: bool = False
    on_delivery: bool = False
    by_hand: bool = False
    #: The connected shop that takes the money for orders with goods of its own, and then alone does; "" for none.
    store: str = ""

    def reaches(self, phone: str) -> bool:
        """Whether it is offered where this phone number is of."""
        digits = re.sub(r"[^+\d]", "", phone)
        return not (self.calling_codes and digits.startswith("+")) or digits.startswith(self.calling_codes)

    def takes(self, amount: Money, account: str) -> bool:
        """Whether so much of this currency can be paid there."""
        if self.account not in ("", account):
            return False
        if self.currencies and amount.currency not in self.currencies:
            return False
        least, most = self.least.get(amount.currency, 1), self.most.get(amount.currency)
        return least <= amount.amount and (most is None or amount.amount <= most)


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What to charge. `key` is unique for ever: a provider that saw it must not charge twice.

    `notify_url` is where the provider says that something happened, `cancel_url` where a customer goes who does not
    pay. From `expires_at` on nobody may pay any more. `payer` is the customer's id at the platform inside which they
    pay, and `ip` their network address, where a provider wants these.
    """

    key: str
    order_number: str
    amount: Money
    description: str
    return_url: str
    locale: str
    device: Device = "any"
    notify_url: str = ""
    cancel_url: str = ""
    made_at: datetime | None = None
    expires_at: datetime | None = None
    payer: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The provider's own reference, and how the customer pays.

    By `url`, a page to go to; by `code`, what a picture to scan holds; by `sheet`, what the platform's own client is
    given to open its sheet; or by hand, to `account` or where none is on delivery, with the shop's own `words`.
    """

    reference: str
    url: str = ""
    code: str = ""
    sheet: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class RefundTruth:
    """What the provider itself says of the refund with our `key`: "given" once it has taken the order to give back.

    "failed": the money is ours again, or never left; `reason` says to staff why, and what to do.
    """

    key: str
    state: Literal["given", "failed"]
    amount: Money
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PaymentTruth:
    """What the provider itself says of a payment, asked for and not told by a notice.

    `refunded` is in minor units, as far as the provider tells it of the payment; some tell it of each refund alone, and
    whoever asks for these puts them into `refunds`, with the time of asking. `disputed`: the payer wants the money back
    by way of their bank.
    """

    reference: str
    state: str  # "open" | "paid" | "failed" | "refunded"
    paid: Money | None = None
    refunded: int = 0
    disputed: bool = False
    refunds: tuple[RefundTruth, ...] = ()
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A provider's hint that something happened to the payment with our `key`."""

    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Booking:
    """One line of a provider's own books: money taken (positive) or given back (negative), in minor units."""

    reference: str
    amount: Money
    at: datetime
    key: str = ""  # ours, where their books have it


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that staff wrote down as received, or (negative) as given back; `key` is its own, or the refund's."""

    key: str
    amount: Money
    at: datetime


class Receipts(Protocol):
    """What staff wrote down of payments by hand, each by the payment's key."""

    async def of(self, payment: str) -> Sequence[Receipt]:
        """All of a payment, the oldest first."""

    async def given_back(self, payment: str, refund: str, amount: Money) -> None:
        """Write down that the refund with this key was given back, once."""

    async def booked(self, provider: str, day: date) -> Sequence[Booking]:
        """What was written down for a provider on that day, UTC."""


@runtime_checkable
class KnowsPayers(Protocol):
    """A provider that charges inside a platform's client, where it must be told who pays."""

    def authorize(self, back: str, state: str) -> str:
        """An address of the platform that sends whoever opens it to `back`, with a `code` for `payer`."""

    async def payer(self, code: str) -> str:
        """The id of who opened it.

        Raises `BadInput` for a code that was used or is none: authorize again; `ProviderUnavailable`, `Unauthorised`.
        """


@runtime_checkable
class PaymentProvider(Protocol):
    """A way to be paid. A notice is a hint; only `fetch` settles."""

    name: str
    title: Text  # for customers, where there is a choice
    terms: Terms

    async def create(self, request: PaymentRequest) -> Checkout:
        """Open a payment; the same `key` gives the same one.

        Raises `ProviderUnavailable`, `Refused("wrong_amount")` for what `terms` do not take.
        """

    async def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless the notice is the provider's; `ProviderUnavailable` when that cannot be told."""

    async def parse(self, request: HookRequest) -> list[Notice]:
        """What a verified notice is about; none for what is no business of ours.

        Raises `BadInput` for no notice, `ProviderUnavailable` where the provider had to be asked in vain.
        """

    def answer(self) -> HookAnswer:
        """What the provider wants to hear once the notice is kept."""

    async def fetch(self, reference: str) -> PaymentTruth:
        """Ask the provider. Raises `ProviderUnavailable`, `Refused("no_payment")`."""

    async def void(self, reference: str) -> PaymentTruth:
        """Nobody shall pay it any more; what was paid before stays so. Raises as `fetch` does."""

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:
        """Give a part or all back, once per `key`, however late it is asked again; `notify_url` hears what follows.

        Raises `ProviderUnavailable` when the outcome is not known; `Refused`: "no_payment", "not_paid", "too_much".
        """

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:
        """What has become of the refund with this key; None where there is none. Raises `ProviderUnavailable`."""

    def books(self, day: date) -> AsyncIterator[Booking]:
        """What the provider booked on that day, UTC. Raises `ProviderUnavailable`."""

    async def who(self) -> str:
        """Whose account this is, for people. Raises `ProviderUnavailable`, `Unauthorised`."""

    async def close(self) -> None:
        """Close connections."""
