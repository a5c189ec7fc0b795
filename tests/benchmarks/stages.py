"""What one Telegram message costs stage by stage, in one process, so that it shows where the time of a reply goes.

    python -m tests.benchmarks.stages [--rounds 5] [--total 4800]

Each stage is run for all messages before the next one begins, 32 at a time, as many as arrive together under load.
Microseconds a message: of the clock, and of the processor (all threads). Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import handlers
from bot.app_shop import load_routers
from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.core.events import Event
from bot.core.message import Attachment, Inbound, Wire
from bot.core.ports import ORDINARY, Channel, HookRequest, Occasion, Sent
from bot.core.router import Routes
from bot.runtime.attempts import Attempts
from bot.runtime.blocking import Watch
from bot.runtime.effects import Effects
from bot.runtime.executors import Send
from bot.runtime.inbox import Inbox
from bot.runtime.lanes import Lanes
from bot.runtime.languages import Languages
from bot.runtime.ledger import Ledger
from bot.runtime.shop import Shop
from bot.runtime.worker import Worker
from bot.runtime.writes import Writes
from models.database import close_database, migrate, open_database
from tests.benchmarks.staged import Cost, cost, main

GROUP = 32
CHATS = 200
SECRET = "bench-secret"


class Quiet(TelegramChannel):
    """Sends nothing: what the wire costs is the business of `telegram_wire`."""

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Sent."""
        return Sent()


async def no_files(_file: Attachment) -> AsyncIterator[bytes]:
    """An echo has none."""
    yield b""


def update(number: int) -> bytes:
    """A webhook body, as the load of `telegram_wire` posts it."""
    chat = number % CHATS + 1000
    person = {"id": chat, "is_bot": False, "first_name": f"User{chat}", "language_code": "en"}
    message = {
        "message_id": number,
        "date": 1760000000,
        "chat": {"id": chat, "type": "private", "first_name": f"User{chat}"},
        "from": person,
        "text": f"echo mark-{number}-mark",
    }
    return json.dumps({"update_id": number, "message": message}).encode()


class Line:
    """The parts of the runtime, started one after the other."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.events: list[Event] = []
        self.lanes = Lanes()
        self.ledger = Ledger(self.lanes.add)
        self.inbox = Inbox(self.ledger, backlog=lambda: 0, most=1)
        send = Send({channel.account: channel})
        self.effects = Effects(Attempts({"send": send}, self.ledger, published=lambda _: None))
        locale = Path(handlers.__file__).parent / "locale"
        shop = Shop(
            Routes(load_routers(("tests.benchmarks.peers.echo",))),
            Languages(locale, ("en", "zh"), "UTC"),
            {channel.account: channel.capabilities},
            "CNY",
            timedelta(minutes=30),
        )
        self.worker = Worker(self.lanes, self.ledger, shop, self._committed, watch=Watch(0.5))

    def _committed(self, writes: Writes) -> None:
        self.effects.offer(writes.effects)
        self.events += writes.events

    def read(self, body: bytes) -> list[Inbound]:
        """Verify and parse, as the webhook does."""
        headers = {"x-telegram-bot-api-secret-token": SECRET, "content-type": "application/json"}
        self.channel.verify(HookRequest("POST", "/hooks/telegram", {}, headers, body))
        return self.channel.parse(body)

    async def keep(self, inbounds: list[list[Inbound]]) -> None:
        """Commit what arrives together."""
        for start in range(0, len(inbounds), GROUP):
            await asyncio.gather(*map(self.inbox.accept, inbounds[start : start + GROUP]))

    async def answer(self) -> None:
        """Run every turn."""
        self.worker.start()
        await _until(lambda: self.lanes.size == 0)

    async def send(self) -> None:
        """Run every effect; those of the table are found by the first poll."""
        self.effects.start()
        await _until(lambda: self.effects.size == 0)

    async def close(self) -> None:
        """End every part."""
        await self.worker.stop()
        await self.effects.stop()
        await self.ledger.close()
        await self.channel.stop()


async def _until(done: Callable[[], bool]) -> None:
    while not done():
        await asyncio.sleep(0.001)


async def measure(folder: Path, total: int) -> dict[str, Cost]:
    """One round."""
    await open_database(f"sqlite://{folder / 'stages.db'}")
    try:
        await migrate()
        settings = TelegramSettings(token="42:TEST", api_base="http://127.0.0.1:9", webhook_secret=SECRET)
        line = Line(Quiet(settings, no_files))
        bodies = [update(number) for number in range(1, total + 1)]
        inbounds: list[list[Inbound]] = []

        async def read() -> None:
            inbounds.extend(map(line.read, bodies))

        found = {"verify and parse": await cost(read(), total)}
        found["keep: one commit for what arrives together"] = await cost(line.keep(inbounds), total)
        found["turn: route, handle, render, commit"] = await cost(line.answer(), total)
        found["effect: run and record"] = await cost(line.send(), total)
        await line.close()
        return found
    finally:
        await close_database()


if __name__ == "__main__":
    main("stages", __doc__, measure)
