"""The simulator: a customer on any channel, the real runtime and database behind them, and a clock that tests own.

    async def test_a_review_is_saved_once(sim: Simulator) -> None:
        ann = await sim.customer("Ann")
        await ann.says("/review")
        await ann.picks("5 ★")           # a tap, or a typed number where there are no buttons
        await sim.restarts()
        await ann.says("Great tea")
        await ann.skips()
        assert (await Review.get()).stars == 5

Scenarios enter by the front door (`accept`) and look at what a person would see: nothing here knows a handler. Fixture
`sim` runs a scenario on the capability profile of every channel, `deliveries` times each message, with a restart before
each step where the mode asks for it.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import msgspec

import handlers
from bot.app_payments import ways_to_pay
from bot.core.capabilities import Capabilities
from bot.core.message import Button, FileRef, Inbound, Reply, Summary, Wire
from bot.core.payment import PaymentProvider
from bot.core.ports import ORDINARY, Channel, FileStream, HookRequest, Occasion, Sent
from bot.core.pricing import Rates
from bot.core.question import duration
from bot.core.quiet import NEVER, QuietHours
from bot.core.router import Router, Routes
from bot.payments.local import LocalPayments
from bot.runtime.languages import Languages
from bot.runtime.parts import Parts
from bot.runtime.paying import Paying
from bot.runtime.refunds import GiveBack
from bot.runtime.runtime import Runtime
from bot.runtime.shop import NO_LATER, Able, Later, Shop
from bot.runtime.store_syncing import Connected
from bot.runtime.voiding import VoidPayment
from bot.services import payments
from bot.services.filing import Filing, Limits
from bot.services.payments import Urls
from bot.storage import media
from bot.storage.keys import new_key
from bot.storage.local import LocalStorage
from models import Conversation, Identity, Message, Staff
from models.database import close_database, migrate, open_database

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LOCALES = Path(handlers.__file__).parent / "locale"
MIB = 1024 * 1024
NUMBERED = re.compile(r"^(\d+)\. (.+)$", re.MULTILINE)


@lru_cache
def _spoken(languages: tuple[str, ...]) -> Languages:
    """One for all simulators: they are begun thousands of times, and reading a catalogue takes a millisecond."""
    return Languages(LOCALES, languages)


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as it stands on the customer's screen."""

    text: str
    buttons: tuple[Button, ...] = ()
    files: tuple[str, ...] = ()  # names


class SimChannel(Channel):
    """A channel with any capabilities whose platform is the simulator."""

    def __init__(self, account: str, capabilities: Capabilities) -> None:
        self.account = account
        self.capabilities = capabilities
        self.screens: dict[str, list[Seen]] = {}
        self.keys: list[str] = []
        self.uploads: dict[str, bytes] = {}
        self.failures: list[Exception] = []
        self.typed: list[str] = []  # whom an answer was announced to

    def verify(self, request: HookRequest) -> None:
        """Everything is genuine here."""

    def parse(self, body: bytes) -> list[Inbound]:
        """The simulator makes inbounds itself."""
        return []

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Show it; a programmed failure comes first."""
        if self.failures:
            raise self.failures.pop(0)
        self.keys.append(key)
        names = tuple(file.name for file in wire.files)
        cards = [Seen(card.title, card.buttons) for card in wire.cards]
        text = _with_summary(wire.text, wire.summary)
        buttons = tuple(button for row in wire.rows for button in row)
        self.screens.setdefault(recipient, []).extend([*cards, Seen(text, buttons, names)])
        return Sent(key)

    async def fetch(self, file: FileRef) -> FileStream:
        """The bytes that the customer sent."""

        async def chunks() -> object:
            yield self.uploads[file.ref]

        return FileStream(chunks(), file.name)  # type: ignore[arg-type]

    async def deep_link(self, data: str, words: str) -> str:
        """As Telegram has it."""
        return "" if self.capabilities.stored_delivery else f"https://{self.account}.test/?start={data}"

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:
        """Whoever looks at their screen sees it."""
        self.typed.append(recipient)


@dataclass(frozen=True, slots=True)
class Mode:
    """How unkind the world is: how often each message arrives, and whether we restart before each step."""

    name: str
    deliveries: int = 1
    restarts: bool = False


MODES = (Mode("plain"), Mode("unkind", deliveries=2, restarts=True))


@dataclass
class Simulator:
    """The world: one shop with one channel, opened on a database of its own."""

    capabilities: Capabilities
    folder: Path
    database_url: str
    mode: Mode = MODES[0]
    routers: Sequence[Router] = field(default_factory=lambda: handlers.routers)
    languages: Sequence[str] = ("en", "zh")
    now: datetime = START
    quiet: QuietHours = NEVER
    later: Later = NO_LATER  # what the clock goes on with
    currencies: Mapping[str, str] = field(default_factory=dict)  # of accounts that have their own
    rates: Rates = field(default_factory=Rates)
    more: Sequence[Capabilities] = ()  # the shop's other channels

    def __post_init__(self) -> None:
        self.account = self.capabilities.channel
        self.channels = {one.channel: SimChannel(one.channel, one) for one in (self.capabilities, *self.more)}
        self.channel = self.channels[self.account]
        self.storage = LocalStorage(self.folder / "files", low_space=0)
        self.bank = LocalPayments(self.folder / "bank.db", "secret", "http://shop.test", clock=self.clock)
        self.providers: dict[str, PaymentProvider] = {"local": self.bank}
        self.connected: tuple[Connected, ...] = ()
        self._numbers = itertools.count(1)
        self._stack = AsyncExitStack()

    def clock(self) -> datetime:
        """The simulated time."""
        return self.now

    async def __aenter__(self) -> Simulator:
        await open_database(self.database_url)
        await migrate()
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runtime.stop()
        await self.bank.close()
        await close_database()

    async def _start(self) -> None:
        providers = self.providers
        channels: dict[str, Channel] = {**self.channels}
        shop = Shop(
            Routes(self.routers),
            _spoken(tuple(self.languages)),
            Able(channels),
            "CNY",
            pay_ways=ways_to_pay(providers),
            quiet=self.quiet,
            currencies=self.currencies,
            later=self.later,
            rates=self.rates,
        )
        self.runtime = Runtime(
            Parts(
                shop=shop,
                channels=channels,
                providers=providers,
                storage=self.storage,
                filing=Filing(self.storage, media, new_key),
                limits=Limits(20 * MIB, 20 * MIB),
                callees=Paying(providers, Urls("http://shop.test"), self.clock).callees(),
                clock=self.clock,
                stores=self.connected,
            )
        )
        urls = Urls("http://shop.test")
        self.runtime.attempts.add("give_back", GiveBack(providers, urls, self.runtime.accept, self.clock))
        self.runtime.attempts.add("void", VoidPayment(providers, self.runtime.accept, self.clock))
        await self.runtime.start()

    async def restarts(self) -> None:
        """The process ends and another one starts on the same database."""
        await self.runtime.stop()
        await close_database()
        await open_database(self.database_url)
        await self._start()

    async def passes(self, span: str) -> None:
        """Time goes by ("30m", "2h", "3d"), and the clock does what became due."""
        self.now += duration(span) or timedelta()
        await self.runtime.clockwork.dialogs_due()
        await self.runtime.clockwork.orders_due()
        await self.runtime.clockwork.deliveries_due()
        await self.runtime.clockwork.carts_due()
        await self.runtime.clockwork.morning()
        await self.runtime.clockwork.back_in_stock()
        await self.runtime.clockwork.broadcasts_due()
        await self.runtime.idle()

    async def deliver(self, inbound: Inbound) -> None:
        """It arrives as often as the mode says, at the same moment, and everything that follows happens."""
        if self.mode.restarts:
            await self.restarts()
        await asyncio.gather(*(self.runtime.accept([inbound]) for _ in range(self.mode.deliveries)))
        await self.runtime.idle()

    def key(self) -> str:
        """The platform's id of the next event."""
        return f"event-{next(self._numbers)}"

    async def customer(self, name: str = "Ann", locale: str = "en", on: str = "") -> Customer:
        """Somebody who has not written yet, on the first channel or another."""
        return Customer(self, name, locale, f"{name.lower()}-{next(self._numbers)}", on or self.account)

    async def staff(self, name: str = "Mei", role: str = "agent") -> Staff:
        """A member of staff."""
        login = f"{name.lower()}{next(self._numbers)}"
        return await Staff.create(login=login, name=name, role=role, password_hash="x", created_at=self.now)


@dataclass
class Customer:
    """A person with a phone."""

    sim: Simulator
    name: str
    locale: str
    sender: str
    account: str

    @property
    def channel(self) -> SimChannel:
        """Where this person writes."""
        return self.sim.channels[self.account]

    async def says(self, text: str) -> None:
        """Type and send."""
        await self._send(text=text)

    async def opens(self, link: str) -> None:
        """Follow a link into the conversation, as the platform tells of it."""
        data = link.rpartition("?start=")[2]
        await self._send(kind="started", text=f"/start {data}", data=data)

    async def taps(self, button: Button) -> None:
        """Tap a button that the channel shows."""
        await self._send(kind="callback", data=button.data, text="")

    async def picks(self, label: str) -> None:
        """Choose what is offered: tap it, or type its number where the channel has no buttons."""
        found = [button for seen in await self.screen() for button in seen.buttons if button.label == label]
        if found and found[-1].data:
            await self.taps(found[-1])
            return
        numbers = [match for seen in await self.screen() for match in NUMBERED.findall(seen.text) if match[1] == label]
        await self.says(numbers[-1][0] if numbers else label)

    async def skips(self) -> None:
        """Leave an optional question out."""
        await self.picks("跳过" if self.locale.startswith("zh") else "Skip")

    async def sends(self, name: str, data: bytes, kind: str = "image") -> None:
        """Send a file."""
        ref = self.sim.key()
        self.channel.uploads[ref] = data
        await self._send(files=(FileRef(kind, ref, name, size=len(data)),))  # type: ignore[arg-type]

    async def sends_album(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Send pictures together: the platform delivers them one by one, with one group id."""
        group = self.sim.key()
        for name, data in files:
            ref = self.sim.key()
            self.channel.uploads[ref] = data
            inbound = self._inbound(files=(FileRef("image", ref, name, size=len(data)),), group=group)
            await self.sim.runtime.accept([inbound])
        await self.sim.runtime.idle()

    async def pays(self, amount: int | None = None) -> None:
        """Pay on the page that the last link leads to; `amount` minor units other than what is asked."""
        links = [button.url for seen in await self.screen() for button in seen.buttons if button.url]
        texts = "\n".join(seen.text for seen in await self.screen())
        url = links[-1] if links else re.findall(r"http://shop\.test/pay/\S+", texts)[-1]
        reference = url.rpartition("/")[2]
        page = await self.sim.bank.page(reference)
        money = type(page.amount)(amount, page.amount.currency) if amount is not None else None
        notice = await self.sim.bank.pay(reference, money)
        for one in await self.sim.bank.parse(HookRequest("POST", "/", {}, notice.headers, notice.body)):
            payment = await payments.by_key(one.key)
            assert payment is not None
            await self._send(kind="payment", key=f"pay:{one.id}", data=payment.key)

    async def screen(self) -> list[Seen]:
        """Everything the bot and staff have said to this person, oldest first."""
        if not self.channel.capabilities.stored_delivery:
            return self.channel.screens.get(self.sender, [])
        rows = await Message.filter(
            conversation__lane=f"{self.account}:{self.sender}", author__in=["bot", "staff"]
        ).order_by("seq")
        return [seen for row in rows for seen in _seen(row)]

    async def last(self) -> Seen:
        """The last message on the screen."""
        return (await self.screen())[-1]

    async def sees(self, text: str) -> bool:
        """Whether any message holds `text`."""
        return any(text in seen.text for seen in await self.screen())

    async def times(self, text: str) -> int:
        """How many messages hold `text`."""
        return sum(text in seen.text for seen in await self.screen())

    async def conversation(self) -> Conversation:
        """The row of this person's thread."""
        return await Conversation.get(lane=f"{self.account}:{self.sender}")

    async def identity(self) -> Identity:
        """The row of this person's address."""
        return await Identity.get(account=self.account, external_id=self.sender)

    def _inbound(self, key: str = "", kind: str = "message", **facts: object) -> Inbound:
        key = key or self.sim.key()
        return Inbound(self.account, key, self.sender, kind, name=self.name, locale=self.locale, **facts)  # type: ignore[arg-type]

    async def blocks(self) -> None:
        """Block the shop; the platform tells it."""
        await self._send(kind="reach", data="blocked")

    async def unblocks(self) -> None:
        """Let the shop write again."""
        await self._send(kind="reach", data="open")

    async def _send(self, key: str = "", kind: str = "message", **facts: object) -> None:
        await self.sim.deliver(self._inbound(key, kind, **facts))


def _seen(row: Message) -> list[Seen]:
    if not row.body:
        return [Seen(row.text)]
    reply = msgspec.json.decode(row.body, type=Reply)
    cards = [Seen(card.title, card.buttons) for card in reply.cards]
    text = _with_summary(reply.text, reply.summary)
    return [*cards, Seen(text, reply.buttons, tuple(file.name for file in reply.files))]


def _with_summary(text: str, summary: Summary | None) -> str:
    if summary is None:
        return text
    lines = (f"{line.label}  {line.amount}" for line in summary.lines)
    return "\n".join(part for part in (text, *lines, summary.total) if part)
