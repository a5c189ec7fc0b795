"""A web side that really listens, over a small runtime that keeps what it accepts in the real tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import aiohttp
import socketio  # type: ignore[import-untyped]
from aiohttp import web
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

import handlers
from bot.core.capabilities import Capabilities
from bot.core.errors import DatabaseBusy, Refused
from bot.core.events import MessageStored, OrderChanged, OwnerChanged, RowChanged
from bot.core.message import Inbound
from bot.core.money import Money
from bot.core.payment import PaymentProvider
from bot.core.ports import Channel
from bot.core.pricing import Rates
from bot.core.router import Routes
from bot.core.store import ThereOrder
from bot.runtime import broadcasting
from bot.runtime.broadcasting import Preview
from bot.runtime.bus import Bus
from bot.runtime.counter import Counter
from bot.runtime.joining import Persons
from bot.runtime.languages import Languages
from bot.runtime.lease import WholeDatabase
from bot.runtime.ledger import Waiting
from bot.runtime.order_steps import Stepped
from bot.runtime.paying import Paying
from bot.runtime.relay import Relay
from bot.runtime.selling import Selling
from bot.runtime.shop import Shop
from bot.runtime.store_sending import Steps
from bot.runtime.store_syncing import Connected
from bot.runtime.stores import Stores
from bot.services import desk_payments, order_states, orders, receipts
from bot.services.audiences import Audience
from bot.services.filing import Filing, Limits
from bot.services.order_states import NOTHING, Doing
from bot.services.payments import PaymentView, Urls
from bot.services.receipts import Confirmed
from bot.services.refunds import Wish
from bot.services.scope import Offer, PayWay
from bot.storage import keys, links, media
from bot.storage.local import LocalStorage
from models import Attachment, Contact, Conversation, Effect, Identity, Message, Staff
from models import Inbound as InboundRow
from models.database import close_database, migrate, open_database, transaction
from tests.kit.profiles import WEBCHAT
from tests.servers import free_port
from tests.unit.web.telling import Watch
from web.app import WebSettings, build, serve


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class SmallTill:
    """Writes down what staff do, and has nothing asked of providers."""

    clock: Clock
    bus: Bus

    async def step(self, order_id: int, step: str, staff_id: int, doing: Doing = NOTHING) -> None:
        async with transaction():
            if await order_states.is_heard(order_id, doing.key):
                return
            await orders.advance(order_id, step, f"staff:{staff_id}", self.clock(), doing)
        self.bus.publish(OrderChanged(order_id))

    async def receive(self, payment_id: int, money: Confirmed) -> None:
        async with transaction():
            await receipts.receive(payment_id, money, self.clock())

    async def give_back(self, payment_id: int, amount: Money, wish: Wish) -> None:
        async with transaction():
            await desk_payments.give_back(payment_id, amount, wish, self.clock())

    async def ask_again(self, refund_id: int, staff_id: int) -> None:
        raise Refused("no_failure")


class SmallParked:
    """What failed for good waits again."""

    async def retry(self, kind: str, id: int) -> None:  # noqa: A002
        table = Effect if kind == "effect" else InboundRow
        if not await table.filter(id=id, state="parked").update(state="pending"):
            raise Refused("no_failure")


async def _follow(store: str, there: ThereOrder, now: datetime) -> Stepped:
    raise AssertionError("no shop is read here")


async def _notice(payment: PaymentView, name: str) -> None:
    raise AssertionError("no bill is paid here")


@dataclass
class SmallRuntime:
    """Stores a customer's message and answers "echo: …" in the same commit, as the real one would."""

    storage: LocalStorage
    clock: Clock
    channels: dict[str, Channel] = field(default_factory=dict)
    providers: dict[str, PaymentProvider] = field(default_factory=dict)
    bus: Bus = field(default_factory=Bus)
    accepted: list[Inbound] = field(default_factory=list)
    busy: bool = False
    answers: bool = True
    nodes: int = 1
    connected: Sequence[Connected] = ()
    rates: Rates = field(default_factory=Rates)

    @cached_property
    def stores(self) -> Stores:
        filing = Filing(self.storage, media, keys.new_key)
        limits = Limits(10_000, 10_000)
        steps = Steps(_follow, lambda _: None, self.storage, self.bus.publish, _notice)
        return Stores(self.connected, WholeDatabase(), filing, limits, self.clock, steps)

    @property
    def till(self) -> SmallTill:
        return SmallTill(self.clock, self.bus)

    @property
    def desk(self) -> SmallRuntime:
        """Staff's verbs are its own."""
        return self

    @property
    def parked(self) -> SmallParked:
        return SmallParked()

    @property
    def counter(self) -> Counter:
        languages = Languages(Path(handlers.__file__).parent / "locale", ("en", "zh"))
        offers = tuple(Offer(PayWay(name, one.title.id), one.terms) for name, one in self.providers.items())
        shop = Shop(Routes(()), languages, {}, "CNY", pay_ways=offers, rates=self.rates)
        opens = Paying(self.providers, Urls("http://127.0.0.1"), self.clock).open
        return Counter(shop, opens, self.bus.publish, self.clock)

    @property
    def selling(self) -> Selling:
        languages = Languages(Path(handlers.__file__).parent / "locale", ("en", "zh"))
        able = {name: one.capabilities for name, one in self.channels.items()} | {"webchat": WEBCHAT}
        shop = Shop(Routes(()), languages, able, "CNY", rates=self.rates)

        def stepped(steps: Stepped) -> None:
            for event in steps.changed:
                self.bus.publish(event)

        return Selling(shop, self._keep, stepped=stepped, wake=lambda: None, clock=self.clock)

    @property
    def persons(self) -> Persons:
        return Persons(self.channels, self._keep, lambda _waiting: None, self.bus.publish, self.clock)

    async def _keep(self, _connection: BaseDBAsyncClient, inbounds: Sequence[Inbound]) -> list[Waiting]:
        self.accepted += inbounds
        return []

    async def receive(self, channel: Channel, inbounds: Sequence[Inbound]) -> bytes | None:
        await self.accept(inbounds)
        return b""

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        if self.busy:
            raise DatabaseBusy("locked", after=3.0)
        return sum([await self._take(inbound) for inbound in inbounds])

    async def _take(self, inbound: Inbound) -> bool:
        try:
            async with transaction():
                await InboundRow.create(
                    account=inbound.account,
                    key=inbound.key,
                    lane=inbound.lane,
                    kind=inbound.kind,
                    payload="{}",
                    received_at=self.clock(),
                )
        except IntegrityError:
            return False
        self.accepted.append(inbound)
        if inbound.kind in ("message", "callback"):
            await self._store(inbound)
        return True

    async def _store(self, inbound: Inbound) -> None:
        async with transaction():
            row = await Conversation.get_or_none(lane=inbound.lane) or await self._begin(inbound)
            seqs = [await self._say(row, "customer", inbound.text, client_id=inbound.client_id)]
            for file in inbound.files:
                await Attachment.filter(id=file.attachment).update(
                    conversation_id=row.id, contact_id=row.contact_id, message_seq=seqs[0], source=""
                )
            if self.answers and row.owner_id is None:
                seqs.append(await self._say(row, "bot", f"echo: {inbound.text}"))
        for seq in seqs:
            self.bus.publish(MessageStored(row.id, row.lane, seq))
        self.bus.publish(RowChanged(row.id))

    async def _begin(self, inbound: Inbound) -> Conversation:
        now = self.clock()
        contact = await Contact.create(name=inbound.name, created_at=now, updated_at=now)
        identity = await Identity.create(
            contact=contact, account=inbound.account, external_id=inbound.sender, name=inbound.name, created_at=now
        )
        return await Conversation.create(
            lane=inbound.lane,
            identity=identity,
            contact=contact,
            account=inbound.account,
            last_at=now,
            created_at=now,
            updated_at=now,
        )

    async def _say(
        self, row: Conversation, author: str, text: str, *, client_id: str | None = None, staff_id: int | None = None
    ) -> int:
        row.last_seq += 1
        row.last_text, row.last_author, row.last_at = text[:300], author, self.clock()
        await row.save()
        await Message.create(
            conversation_id=row.id,
            seq=row.last_seq,
            author=author,
            text=text,
            client_id=client_id or None,
            staff_id=staff_id,
            at=self.clock(),
        )
        return row.last_seq

    def standing(self) -> dict[str, object]:
        return {}

    def trouble(self) -> str:
        return ""

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        async with transaction():
            row = await Conversation.get(id=conversation_id).prefetch_related("owner")
            if row.owner is not None and row.owner_id != staff_id and not force:
                raise Refused("taken", owner=row.owner.name)
            row.owner_id, row.waiting_since = staff_id, None
            await row.save()
        name = (await Staff.get(id=staff_id)).name
        self.bus.publish(OwnerChanged(conversation_id, row.lane, name))
        self.bus.publish(RowChanged(conversation_id))

    async def give_back(self, conversation_id: int, staff_id: int) -> None:
        async with transaction():
            row = await Conversation.get(id=conversation_id)
            row.owner_id = None
            await row.save()
        self.bus.publish(OwnerChanged(conversation_id, row.lane, None))
        self.bus.publish(RowChanged(conversation_id))

    async def close(self, conversation_id: int, staff_id: int) -> None:
        await Conversation.filter(id=conversation_id).update(owner_id=None, waiting_since=None, closed_at=self.clock())
        self.bus.publish(RowChanged(conversation_id))

    def capabilities(self, account: str) -> Capabilities:
        channel = self.channels.get(account)
        return channel.capabilities if channel else Capabilities(account)

    def commands(self, language: str) -> list[tuple[str, str]]:
        return [("shop", "看看商品" if language == "zh" else "Browse and order")]

    async def preview_broadcast(self, audience: Audience) -> Preview:
        able = {account: channel.capabilities for account, channel in self.channels.items()}
        shop = Shop(Routes(()), Languages(Path(handlers.__file__).parent / "locale", ("en", "zh")), able, "CNY")
        return await broadcasting.preview(audience, shop, self.clock())

    async def say(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        return await self._by_staff(conversation_id, staff_id, client_id, text, files, "staff")

    async def note(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        return await self._by_staff(conversation_id, staff_id, client_id, text, files, "note")

    async def _by_staff(
        self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...], author: str
    ) -> int:
        async with transaction():
            row = await Conversation.get(id=conversation_id)
            if author == "staff" and row.owner_id != staff_id:
                raise Refused("not_owner")
            seq = await self._say(row, author, text, client_id=client_id, staff_id=staff_id)
            await Attachment.filter(id__in=files).update(message_seq=seq)
        self.bus.publish(MessageStored(row.id, row.lane, seq))
        self.bus.publish(RowChanged(row.id))
        return seq


@dataclass
class Site:
    """A listening web side. `get` and `post` follow no redirects."""

    url: str
    runtime: SmallRuntime
    settings: WebSettings
    clock: Clock
    client: aiohttp.ClientSession
    app: web.Application

    async def status(self, method: str, path: str, **options: object) -> int:
        async with self.client.request(method, self.url + path, allow_redirects=False, **options) as response:  # type: ignore[arg-type]
            return response.status

    async def json(self, method: str, path: str, **options: object) -> tuple[int, Mapping[str, object]]:
        async with self.client.request(method, self.url + path, **options) as response:  # type: ignore[arg-type]
            return response.status, await response.json()


@asynccontextmanager
async def site(
    folder: Path,
    settings: WebSettings | None = None,
    *,
    database: str = "",
    is_open: bool = False,
    relay: Callable[[Bus], Relay] | None = None,
) -> AsyncIterator[Site]:
    """Open the database in `folder`, unless it `is_open`, listen on a free port, and clean up.

    A `public_url` of https:// is kept, as if a proxy stood before us.
    """
    port, clock = free_port(), Clock()
    url, given = f"http://127.0.0.1:{port}", settings or WebSettings(chat_rate=(1000, 5.0))
    wanted = replace(given, port=port, public_url=given.public_url if given.secure else url)
    storage = LocalStorage(folder / "files")
    runtime = SmallRuntime(storage, clock)
    filing = Filing(storage, media, keys.new_key)
    async with AsyncExitStack() as ends:
        if not is_open:
            ends.push_async_callback(close_database)
            await open_database(database or f"sqlite://{folder / 'parley.db'}")
            await migrate()
        ends.push_async_callback(runtime.bus.close)
        connected = relay(runtime.bus) if relay else None
        if connected:
            connected.start()
            ends.push_async_callback(connected.stop)
        app, watch = build(runtime, wanted, links=links, filing=filing, clock=clock, relay=connected), Watch()
        app.on_response_prepare.append(watch.look)
        runner = await serve(app)
        ends.push_async_callback(runner.cleanup)
        client = await ends.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        yield Site(url, runtime, wanted, clock, client, app)
    assert not watch.wrong, "\n".join(watch.wrong)


class Browser:
    """A visitor's browser: remembers its token and every message in the order in which they came."""

    def __init__(self, url: str, token: str | None = None, agent: str = "") -> None:
        self.url = url
        self.agent = agent
        self.token = token
        self.client = socketio.AsyncClient(reconnection=False)
        self.session: dict[str, object] = {}
        self.texts: list[tuple[int, str]] = []
        self.heard: list[tuple[str, object]] = []
        self._came = asyncio.Condition()
        for event in ("session", "message", "update", "typing", "owner"):
            self.client.on(event, self._listener(event), namespace="/chat")

    def _listener(self, event: str) -> object:
        async def listen(body: object = None) -> None:
            async with self._came:
                self._take(event, body)
                self._came.notify_all()

        return listen

    def _take(self, event: str, body: object) -> None:
        self.heard.append((event, body))
        if event == "session":
            assert isinstance(body, dict)
            self.session, self.token = body, body["token"]
            self.texts += [(message["seq"], message["text"]) for message in body["messages"]]
        elif event == "message":
            assert isinstance(body, dict)
            self.texts.append((body["seq"], body["text"]))

    async def opens(self, **auth: object) -> Browser:
        told = ({"token": self.token} if self.token else {}) | auth
        await self.client.connect(
            self.url, {"User-Agent": self.agent}, auth=told, transports=["websocket"], namespaces=["/chat"],
            wait_timeout=30,
        )  # fmt: skip
        await self.hears(lambda: bool(self.session))
        return self

    async def hears(self, enough: object, seconds: float = 30.0) -> None:
        """Wait until `enough()`; a timeout fails the test."""
        assert callable(enough)
        async with asyncio.timeout(seconds), self._came:
            await self._came.wait_for(lambda: bool(enough()))

    async def calls(self, event: str, body: object) -> dict[str, object]:
        answer = await self.client.call(event, body, namespace="/chat", timeout=10)
        assert isinstance(answer, dict)
        return answer

    async def says(self, text: str, **more: object) -> dict[str, object]:
        return await self.calls("message", {"text": text} | more)

    async def leaves(self) -> None:
        await self.client.disconnect()
