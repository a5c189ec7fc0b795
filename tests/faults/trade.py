"""A shop whose customers pay at a bank outside of it, and what they, the bank and the desk do all at once."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot.core.money import Money
from bot.services import products
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models.database import migrate, transaction
from tests.faults import oracle
from tests.faults.crowd import Crowd, update
from tests.faults.nodes import Awake, Freezing
from tests.faults.parts.takeover import PASSWORD
from tests.faults.shop import Shop
from tests.kit.platforms.stripe import KEY, SECRET, StripeServer
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser

PRICE = 6800
MODULES = ("handlers.checkout", "handlers.orders", "tests.faults.trading")
PAGE = "https://checkout.stripe.com/c/pay/"
RECEIPT, SORRY = "Your payment has arrived", "that does not fit it"
#: Somebody is asked to pay at the latest so many seconds after the last death of a process.
LONGEST = 600.0
#: Without any progress for so long, by a clock that stands still where the machine does, nothing more is to come.
PATIENCE = 40.0
WAITING = (
    "SELECT (SELECT count(*) FROM inbound WHERE state = 'pending') + "
    "(SELECT count(*) FROM effect WHERE state = 'pending') AS count"
)


class Bank(StripeServer):
    """With a clock of its own, which goes as ours does."""

    def __init__(self) -> None:
        super().__init__(time.time())

    @property
    def now(self) -> float:  # type: ignore[override]
        """Seconds since 1970."""
        return time.time()

    @now.setter
    def now(self, _: float) -> None: ...

    def settings(self, timeout: float) -> Mapping[str, Mapping[str, object]]:
        """How a shop is paid there, and only there."""
        stripe = {"secret_key": KEY, "webhook_secret": SECRET, "api_base": self.base, "timeout": timeout}
        return {"payments.stripe": stripe, "payments.local": {"enabled": False}}


async def stock(url: str, pieces: Mapping[str, int]) -> None:
    """Products by sku; the shop does not run."""
    async with oracle.database(url):
        await migrate()
        async with transaction():
            await products.place("main", {"en": "Main"})
        for sku, many in pieces.items():
            spec = ProductSpec(sku, {"en": sku}, [VariantSpec(sku, [PriceSpec(Money(PRICE, "CNY"))])])
            async with transaction():
                await products.save(spec, datetime.now(UTC))
            async with transaction():
                await products.count(sku, {"main": many})


class Desk:
    """A manager, at whichever node answers."""

    def __init__(self, shops: Sequence[Shop], http: aiohttp.ClientSession) -> None:
        self._shops, self._http = shops, http
        self._headers = {"Origin": "https://shop.example"}

    async def logs_in(self) -> None:
        """Once: a session outlives its process."""
        body = {"login": "ann", "password": PASSWORD}
        async with self._http.post(f"{self._shops[0].url}/api/desk/login", json=body, headers=self._headers) as told:
            assert told.status == 200, await told.text()
            cookie = told.headers["Set-Cookie"].partition(";")[0]
            self._headers |= {"Cookie": cookie, "X-CSRF-Token": (await told.json())["csrf"]}

    async def steps(self, number: str, step: str) -> int:
        """The status of a step that is tried until somebody answers."""
        order = (await self._call("GET", f"/api/desk/orders?q={number}"))[1]["items"][0]["id"]
        return (await self._call("POST", f"/api/desk/orders/{order}/{step}", {"note": "of the tests"}))[0]

    async def _call(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        while True:
            for shop in self._shops:
                try:
                    sent = {"json": body} if body is not None else {}
                    async with self._http.request(verb, shop.url + path, headers=self._headers, **sent) as told:
                        if told.status < 500:
                            return told.status, await told.json()
                except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
                    pass
            await asyncio.sleep(0.1)


@dataclass
class Trade:
    """Customers, their bank and a manager around one shop. `tampered` is the share that pays another amount."""

    telegram: TelegramServer
    bank: Bank
    shops: Sequence[Shop]
    crowd: Crowd
    desk: Desk
    http: aiohttp.ClientSession
    chance: random.Random
    tampered: float = 0.0
    cancelled: float = 0.0
    refunded: float = 0.0
    taps: int = 2
    dying: bool = False  # one process after the other dies

    async def buys(self, person: TelegramUser, sku: str) -> bool:
        """From the wish to the money: what the bank, the browser and the desk do then comes all at once."""
        wish = update(person, f"/buy {sku}")
        await self.crowd.delivers(wish)
        session = await self.is_asked(person)
        if session is None:
            return False
        number = next(one.text for one in person.shown if PAGE in str(one.raw)).rpartition("order ")[2].rstrip(".")
        amount = PRICE - self.chance.randint(1, PRICE - 1) if self.chance.random() < self.tampered else None
        event = self.bank.pays(session, amount)
        acts = [self.crowd.delivers(wish), *[self.returns(session) for _ in range(2)]]
        if event is not None:
            acts += [self.hears(event) for _ in range(self.chance.randint(1, 3))]
        if self.chance.random() < self.cancelled:
            acts.append(self.desk.steps(number, "cancel"))
        self.chance.shuffle(acts)
        await asyncio.gather(*acts)
        if self.chance.random() < self.refunded:
            await self.is_told(person)
            await asyncio.gather(*[self.desk.steps(number, "refund") for _ in range(2)])
        return True

    async def is_asked(self, person: TelegramUser) -> str | None:
        """The session behind the button that was shown; None for who was told that nothing is left."""
        clock = Awake()
        while clock.seconds < LONGEST:
            clock = Awake() if self.dying else clock
            for one in person.shown:
                if "sold out" in one.text:
                    return None
                for button in (button for row in one.rows for button in row):
                    if button.url.startswith(PAGE):
                        return button.url.removeprefix(PAGE)
            await clock.tick()
        raise TimeoutError(f"person {person.id} was not asked to pay, and sees {[one.text for one in person.shown]}")

    async def is_told(self, person: TelegramUser) -> None:
        """What became of the money."""
        clock = Awake()
        while clock.seconds < LONGEST and not any(RECEIPT in one.text or SORRY in one.text for one in person.shown):
            clock = Awake() if self.dying else clock
            await clock.tick()

    async def hears(self, event: bytes) -> None:
        """The bank posts a notice until it is taken."""
        while True:
            told = self.bank.signed(event, 1)
            if await self._goes("POST", "/hooks/pay/stripe", told.body, told.headers) == 200:
                return
            await asyncio.sleep(0.1)

    async def returns(self, session: str) -> None:
        """The browser comes back, or looks again; it does not insist."""
        await self._goes("GET", f"/paid/{self.bank.sessions[session]['client_reference_id']}")

    async def _goes(self, verb: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> int:
        shop = self.chance.choice(self.shops)
        try:
            async with self.http.request(verb, shop.url + path, data=body, headers=headers) as told:
                await told.read()
                return told.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    async def all_buy(self, people: Sequence[TelegramUser], *skus: str, at_once: int = 48) -> int:
        """How many came as far as to pay; they want one thing after the other."""
        free = asyncio.Semaphore(at_once)

        async def one(person: TelegramUser, sku: str) -> bool:
            async with free:
                return await self.buys(person, sku)

        wishes = zip(people, itertools.cycle(skus))
        return sum(await asyncio.gather(*[one(person, sku) for person, sku in wishes]))


async def is_over(url: str) -> None:
    """Until nothing waits any more, or nothing goes on."""
    clock, before = Awake(), -1
    while clock.seconds < PATIENCE:
        [left] = await oracle.rows(url, WAITING, lock=False)
        if not left["count"]:
            return
        if left["count"] != before:
            clock, before = Awake(), left["count"]
        await asyncio.sleep(0.2)
        await clock.tick()


def opened(folder: Path, url: str, server: TelegramServer, count: int, **options: Any) -> list[Freezing]:
    """One installation, or several of one shop."""
    made = []
    for number in range(count):
        own = folder / f"node{number}"
        own.mkdir()
        made.append(Freezing(own, url, (server.token, server.base), modules=MODULES, **options))
    return made
