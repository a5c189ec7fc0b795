"""What the web side asks of the rest: the runtime, the signer of file links, the test bank, the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from bot.core.capabilities import Capabilities
from bot.core.message import Inbound
from bot.core.money import Money
from bot.core.payment import PaymentProvider
from bot.core.period import Period
from bot.core.ports import Channel, HookAnswer, HookRequest, Storage
from bot.core.report import ReportInfo
from bot.runtime.broadcasting import Preview
from bot.runtime.bus import Bus
from bot.runtime.counter import Counter
from bot.runtime.selling import Selling
from bot.runtime.stores import Known
from bot.services.audiences import Audience
from bot.services.calls import Way
from bot.services.order_states import NOTHING, Doing
from bot.services.receipts import Confirmed
from bot.services.refunds import Wish


class Persons(Protocol):
    """One person, several apps."""

    def others(self, account: str) -> Sequence[Channel]:
        """The shop's channels but this one."""

    async def way(self, visitor: str, account: str) -> Way:
        """From the web chat to another channel. Raises `Refused("no_channel")`."""

    async def door(self, account: str, data: str = "webchat", words: str = "/link") -> Way:
        """Another channel, with no code to bring along: `data`, or where it brings none `words` that stand ready.

        Raises `Refused("no_channel")`.
        """

    async def part(self, link_id: int, staff_id: int) -> None:
        """These are two people. Raises `Refused("no_link")`."""


class Till(Protocol):
    """What staff do about an order and its money."""

    async def step(self, order_id: int, step: str, staff_id: int, doing: Doing = NOTHING) -> None:
        """Take a step of an order and tell its customer. Raises `Refused`: "no_order", "wrong_state", …"""

    async def receive(self, payment_id: int, money: Confirmed) -> None:
        """Money came by hand. Raises `Refused`: "no_payment", "not_by_hand", "wrong_amount", "seen_otherwise",
        "no_money_due"."""

    async def give_back(self, payment_id: int, amount: Money, wish: Wish) -> None:
        """Give a part back, or all. Raises `Refused`: "no_payment", "nothing_paid", "too_much"(left)."""

    async def ask_again(self, refund_id: int, staff_id: int) -> None:
        """Ask for a refund of which nobody knows what became. Raises `Refused("no_failure")`."""


class Desk(Protocol):
    """What staff do to conversations."""

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        """Make this person the owner. Raises `Refused("taken", owner=name)`."""

    async def say(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """Say something to the customer; returns its seq. Raises `Refused("not_owner")`."""

    async def note(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """Leave a note for colleagues; returns its seq."""

    async def give_back(self, conversation_id: int, staff_id: int) -> None:
        """Let the bot speak again."""

    async def close(self, conversation_id: int, staff_id: int) -> None:
        """Done for now; the customer's next message opens it again."""


class Parked(Protocol):
    """Effects and inbounds that failed for good."""

    async def retry(self, kind: str, id: int) -> None:  # noqa: A002
        """Try a parked effect or inbound again. Raises `Refused("no_failure")`."""


class Stores(Protocol):
    """The connected shops."""

    @property
    def known(self) -> Sequence[Known]: ...

    async def compare(self, name: str, staff_id: int) -> None:
        """Staff want it compared now. Raises `Refused`: "no_store", "store_rests"."""

    def install_at(self, name: str, back: str, state: str) -> str | None:
        """Where our app is allowed what it needs, to come back with `state`; None for no shop to install in."""

    async def installed(self, name: str, query: Mapping[str, str], staff_id: int) -> None:
        """Staff came back from there. Raises `Unauthorised`, `BadInput`, `StoreUnavailable`."""

    async def hear(self, name: str, call: HookRequest) -> HookAnswer | None:
        """Keep what a shop tells; None for no shop of ours. Raises `Unauthorised`, `BadInput`, `DatabaseBusy`."""


class Runtime(Protocol):
    """The running Parley. What it raises, the web side turns into answers."""

    @property
    def channels(self) -> Mapping[str, Channel]: ...
    @property
    def providers(self) -> Mapping[str, PaymentProvider]: ...
    @property
    def storage(self) -> Storage: ...
    @property
    def bus(self) -> Bus: ...
    @property
    def persons(self) -> Persons: ...
    @property
    def desk(self) -> Desk: ...
    @property
    def parked(self) -> Parked: ...
    @property
    def till(self) -> Till: ...
    @property
    def counter(self) -> Counter: ...

    @property
    def selling(self) -> Selling: ...
    @property
    def stores(self) -> Stores: ...

    async def receive(self, channel: Channel, inbounds: Sequence[Inbound]) -> bytes | None:
        """See `bot.runtime.Runtime.receive`."""

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        """Keep inbounds on disk. Raises `Retryable`: answered with 503."""

    def standing(self) -> Mapping[str, object]:
        """How this node stands among others; nothing where there can be none."""

    @property
    def nodes(self) -> int:
        """Nodes that serve, this one included."""

    def trouble(self) -> str:
        """Why this node should get no visitors at this moment; "" when it may."""

    def capabilities(self, account: str) -> Capabilities:
        """What the channel of an account can show."""

    def commands(self, language: str) -> Sequence[tuple[str, str]]:
        """The main menu of customers: the names of its commands and what they are called."""

    async def preview_broadcast(self, audience: Audience) -> Preview:
        """How many people a broadcast would reach now."""


class Relay(Protocol):
    """How well this node hears the others."""

    @property
    def others(self) -> int:
        """Other nodes that were heard lately."""

    @property
    def polls(self) -> bool:
        """Whether live events of other nodes may be missing now, so that screens must look at the database."""

    @property
    def trouble(self) -> str:
        """Why this node should get no visitors; "" when it may."""


@dataclass(frozen=True, slots=True)
class Alone:
    """There is no other node and cannot be."""

    others: int = 0
    polls: bool = False
    trouble: str = ""


class Links(Protocol):
    """Signs links to files; the module `bot.storage.links` is one."""

    def sign(self, secret: bytes, file_id: str, expires: int, variant: str = "") -> str:
        """A token that works until `expires` (Unix seconds)."""

    def check(self, secret: bytes, file_id: str, token: str, now: float, variant: str = "") -> bool:
        """Whether `sign` made it and it still works."""


class Notice(Protocol):
    """A signed notice, as the provider would post it to us; header names are in lower case."""

    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class PayPage(Protocol):
    """What the test pay page shows; `state` is open, paid, failed or refunded."""

    @property
    def key(self) -> str: ...
    @property
    def order_number(self) -> str: ...
    @property
    def amount(self) -> Money: ...
    @property
    def description(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def state(self) -> str: ...


@runtime_checkable
class OwnBank(Protocol):
    """A payment provider whose pay page is ours: the local test bank."""

    name: str

    async def page(self, reference: str) -> PayPage:
        """What is to be paid. Raises `Refused("no_payment")`."""

    async def pay(self, reference: str) -> Notice:
        """The customer pays; the notice to deliver."""

    async def decline(self, reference: str) -> Notice:
        """The customer does not pay; the notice to deliver."""


class Reports(Protocol):
    """The reports that ship, and runs on demand; the composition root connects it to analytics."""

    def all(self) -> Sequence[ReportInfo]:
        """Every report."""

    async def run(self, name: str, period: Period, staff_id: int) -> int:
        """Start a run; returns its id. Raises `Refused("not_found")`."""

    async def subscribe(
        self, name: str, staff_id: int, conversation_id: int, cron: str, timezone: str, locale: str
    ) -> int:
        """Send it there at these times; returns the subscription's id.

        Raises `Refused`: "not_found", "bad_cron", "bad_timezone", "no_conversation".
        """

    def page(self, result: Mapping[str, Any], locale: str) -> Mapping[str, Any]:
        """A run's stored result as the desk draws it, in the reader's language."""

    async def files(self, run_id: int, locale: str) -> ReportFiles:
        """The attachments of a run's picture and spreadsheet."""


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Attachment ids; None while there is none."""

    picture: int | None
    sheet: int | None
