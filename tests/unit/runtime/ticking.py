"""A channel that names what it is sent, and worlds in which the bot says something there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.core.capabilities import Capabilities
from bot.core.chat import Chat
from bot.core.message import Wire
from bot.core.ports import ORDINARY, Occasion, Sent
from bot.core.router import Router
from models import Message
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import Customer, SimChannel, Simulator
from tests.unit.runtime.conftest import Worlds

TICKS = replace(TELEGRAM, channel="ticks", receipts=True)
NARROW = replace(TICKS, reply_window=timedelta(days=2), reply_quota=1, proactive="no")


def echo() -> Router:
    router = Router("echo")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"Heard {chat.inbound.text}")

    return router


class Ticking(SimChannel):
    """Names what it is sent."""

    slow: asyncio.Event | None = None  # waited for before a message is named
    several = 1  # of each wire, so many messages

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        await super().send(recipient, wire, key, occasion)
        if self.slow:
            await self.slow.wait()
        name = f"w{len(self.keys)}"
        return Sent(name, self.several, tuple(f"{name}.{number}" for number in range(1, self.several)))


def twice() -> Router:
    router = Router("twice")

    @router.keyword("hello")
    async def answer(chat: Chat) -> None:
        chat.say("One")
        chat.say("Two")

    @router.fallback
    async def asks(chat: Chat) -> None:
        chat.say("What?")

    return router


async def opened(
    world: Worlds, router: Router | None = None, capabilities: Capabilities = TICKS
) -> tuple[Simulator, Customer]:
    sim = await world([router or echo()], capabilities)
    ticking = Ticking(sim.account, sim.capabilities)
    sim.channel = sim.runtime.channels[sim.account] = ticking  # type: ignore[index]
    return sim, await sim.customer("")


async def delivery(**which: object) -> tuple[str, str]:
    row = await Message.get(author="bot", **which)
    return row.delivery, row.error


def in_pieces() -> Router:
    """Says one thing in three wires: a text that is too long for one."""
    router = Router("pieces")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("one two three four five six seven eight nine")

    return router


async def three(world: Worlds) -> tuple[Simulator, Customer, list[str]]:
    sim = await world([in_pieces()], replace(TICKS, text_limit=16))
    ticking = Ticking(sim.account, sim.capabilities)
    sim.channel = sim.runtime.channels[sim.account] = ticking  # type: ignore[index]
    ann = await sim.customer()
    await ann.says("hi")
    assert len(sim.channel.keys) == 3
    return sim, ann, ["w1", "w2", "w3"]
