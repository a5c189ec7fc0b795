"""Who wants a person is given to one in the platform's own client, behind what was said, until it is given back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.core.chat import Chat
from bot.core.errors import ChannelUnavailable
from bot.core.router import Router
from models import Effect, Message
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import Customer, SimChannel, Simulator
from tests.unit.runtime.conftest import Worlds

OUTSIDE = replace(TELEGRAM, channel="outside", hands_over=True)


class Handing(SimChannel):
    """Notes what was on the screen when somebody was handed over; fails as it is told."""

    def __init__(self, account: str) -> None:
        super().__init__(account, OUTSIDE)
        self.handed: list[tuple[str, int]] = []
        self.fails: list[Exception] = []
        self.called, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()
        self.takes = True

    async def hand_over(self, recipient: str) -> bool:
        self.called.set()
        await self.goes_on.wait()
        if self.fails:
            raise self.fails.pop(0)
        self.handed.append((recipient, len(self.screens.get(recipient, []))))
        return self.takes


def desk() -> Router:
    router = Router("desk")

    @router.keyword("person")
    async def person(chat: Chat) -> None:
        chat.say("A colleague will answer.")
        await chat.hand_over("wants a person")

    @router.fallback
    async def echo(chat: Chat) -> None:
        chat.say("Heard you.")

    return router


async def opened(world: Worlds) -> tuple[Simulator, Handing, Customer]:
    sim = await world([desk()], OUTSIDE)
    handing = Handing(sim.account)
    sim.channel = sim.runtime.channels[sim.account] = handing  # type: ignore[index]
    return sim, handing, await sim.customer()


async def test_what_was_said_leaves_first_and_then_the_bot_is_silent(world: Worlds) -> None:
    sim, handing, ann = await opened(world)
    await ann.says("person")
    assert handing.handed == [(ann.sender, 1)]
    await ann.says("are you there?")
    assert [row.text for row in await Message.filter(author="bot")] == ["A colleague will answer."]
    await sim.deliver(ann._inbound(kind="returned"))
    await ann.says("thank you")
    assert [row.text for row in await Message.filter(author="bot").order_by("seq")][1:] == ["Heard you."]


async def test_who_writes_while_it_is_under_way_is_not_answered_behind_it(world: Worlds) -> None:
    sim, handing, ann = await opened(world)
    handing.goes_on.clear()
    await sim.runtime.accept([ann._inbound(text="person")])
    async with asyncio.timeout(30):
        await handing.called.wait()
        await sim.runtime.accept([ann._inbound(text="are you there?")])
        while not await Effect.filter(kind="send", state="pending").exists():
            await asyncio.sleep(0.002)
        handing.goes_on.set()
        await sim.runtime.idle()
    rows = [(row.text, row.delivery, row.error) for row in await Message.filter(author="bot").order_by("seq")]
    assert rows == [("A colleague will answer.", "sent", ""), ("Heard you.", "failed", "takeover")]
    assert [seen.text for seen in handing.screens[ann.sender]] == ["A colleague will answer."]
    assert sorted([(row.kind, row.state) for row in await Effect.all()]) == [
        ("handover", "done"), ("send", "cancelled"), ("send", "done"),
    ]  # fmt: skip


async def test_where_nobody_took_it_the_bot_goes_on(small_world: Worlds) -> None:
    sim, handing, ann = await opened(small_world)
    handing.takes = False
    await ann.says("person")
    row = await ann.conversation()
    assert (row.elsewhere_until, row.waiting_since) == (None, sim.now)
    await ann.says("are you there?")
    assert [seen.text for seen in handing.screens[ann.sender]] == ["A colleague will answer.", "Heard you."]


async def test_a_platform_that_is_away_is_asked_again(small_world: Worlds, at_once: None) -> None:
    _, handing, ann = await opened(small_world)
    handing.fails = [ChannelUnavailable("away")] * 2
    await ann.says("person")
    assert handing.handed == [(ann.sender, 1)]


async def test_who_takes_over_at_the_desk_keeps_the_word(small_world: Worlds) -> None:
    sim, handing, ann = await opened(small_world)
    handing.fails = [ChannelUnavailable("away", after=60)]
    await sim.runtime.accept([ann._inbound(text="person")])
    while not await Effect.filter(kind="handover", attempts=1).exists():
        await sim.runtime._ledger.record([])
    mei = await sim.staff()
    await sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    sim.now = sim.now.replace(hour=12)
    sim.runtime.wake()
    await sim.runtime.idle()
    assert handing.handed == []
    assert [row.state for row in await Effect.filter(kind="handover")] == ["cancelled"]


async def test_where_the_desk_here_serves_people_nothing_is_handed_over(small_world: Worlds) -> None:
    sim = await small_world([desk()], TELEGRAM)
    ann = await sim.customer()
    await ann.says("person")
    assert (await ann.conversation()).waiting_since == sim.now
    assert not await Effect.filter(kind="handover").exists()
