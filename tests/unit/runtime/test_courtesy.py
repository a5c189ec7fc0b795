"""Typing is shown to who waits, where the channel can, again while it lasts, and never at the cost of an answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from bot.core.capabilities import Capabilities
from bot.core.chat import Call, Chat
from bot.core.errors import ChannelUnavailable
from bot.core.message import Inbound
from bot.core.ports import Channel
from bot.core.router import Router
from bot.runtime import courtesy
from bot.runtime.courtesy import MOST, Courtesy
from bot.runtime.lanes import Lanes
from bot.runtime.ledger import Waiting
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import SimChannel
from tests.unit.runtime.conftest import Worlds


class Troubled(SimChannel):
    """Typing goes wrong there as `fails` says, or never ends."""

    def __init__(self, capabilities: Capabilities = TELEGRAM) -> None:
        super().__init__("telegram", capabilities)
        self.fails: Exception | None = None
        self.hangs = False

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:
        await super().typing(recipient, to)
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise self.fails


@dataclass
class Desk:
    """A courtesy over one channel, and what is handled."""

    channel: Troubled = field(default_factory=Troubled)
    handled: list[Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        channels: dict[str, Channel] = {"telegram": self.channel}
        self.courtesy = Courtesy(channels, lambda: self.handled)

    async def looks(self, times: int) -> list[str]:
        for _ in range(times):
            await self.courtesy.look()
        return self.channel.typed


def of(person: str, id_: int = 1, kind: str = "message", account: str = "telegram") -> Waiting:
    return Waiting(id_, Inbound(account, str(id_), person, kind))  # type: ignore[arg-type]


async def test_who_waits_a_moment_sees_nothing_and_who_waits_longer_does() -> None:
    desk = Desk(handled=[of("ann")])
    assert await desk.looks(1) == []
    assert await desk.looks(1) == ["ann"]


async def test_it_is_shown_again_only_while_it_lasts() -> None:
    desk = Desk(handled=[of("ann")])
    assert await desk.looks(5) == ["ann"]
    assert await desk.looks(1) == ["ann", "ann"]
    desk.handled.clear()
    assert await desk.looks(9) == ["ann", "ann"]


async def test_many_quick_turns_are_no_long_one() -> None:
    desk = Desk()
    for id_ in range(9):
        desk.handled[:] = [of("ann", id_)]
        assert await desk.looks(1) == []


@pytest.mark.parametrize("waiting", [of("ann", kind="timer"), of("ann", kind="result"), of("ann", account="sms")])
async def test_not_for_what_nobody_waits_for_nor_where_there_is_no_channel(waiting: Waiting) -> None:
    assert await Desk(handled=[waiting]).looks(3) == []


async def test_not_where_the_platform_cannot_show_it() -> None:
    desk = Desk(Troubled(replace(TELEGRAM, typing=False)), [of("ann")])
    assert await desk.looks(3) == []


async def test_a_call_to_the_outside_world_is_a_wait() -> None:
    desk = Desk()
    with desk.courtesy.waits("telegram", "ann"):
        assert await desk.looks(2) == ["ann"]
    assert await desk.looks(3) == ["ann"]


async def test_a_courtesy_that_fails_is_none() -> None:
    desk = Desk(handled=[of("ann"), of("bob", 2)])
    desk.channel.fails = ChannelUnavailable("away", after=60)
    assert await desk.looks(2) == ["ann", "bob"]


async def test_a_platform_that_hangs_delays_no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "LOOK_SECONDS", 0.01)
    desk = Desk(handled=[of("ann")])
    desk.channel.hangs = True
    assert await desk.looks(6) == ["ann", "ann"]


async def test_an_overload_makes_few_calls_of_its_own() -> None:
    desk = Desk(handled=[of(f"p{id_}", id_) for id_ in range(500)])
    assert len(await desk.looks(5)) == MOST


async def test_a_lane_is_under_way_while_a_worker_has_it() -> None:
    lanes = Lanes()
    lanes.add([of("ann", 1), of("ann", 2), of("bob", 3)])
    assert lanes.under_way() == []
    [head] = await lanes.take(1)
    assert lanes.under_way() == [of("ann", 1)]
    lanes.done(head)
    assert lanes.under_way() == []


async def test_a_dialog_that_waits_for_the_outside_world_shows_it(small_world: Worlds) -> None:
    router, go_on = Router("slow"), asyncio.Event()

    @router.command("slow")
    async def slow(chat: Chat) -> None:
        chat.say(await chat.call(Call("slow", str), "x"))

    async def callee(_key: str, word: str) -> str:
        await go_on.wait()
        return word

    sim = await small_world([router])
    sim.runtime.attempts._executors["call"]._callees["slow"] = callee  # type: ignore[attr-defined]
    ann = await sim.customer()
    waiting = asyncio.create_task(ann.says("/slow"))
    while not sim.runtime.courtesy._calls:
        await asyncio.sleep(0.001)
    for _ in range(2):
        await sim.runtime.courtesy.look()
    go_on.set()
    await waiting
    assert sim.channel.typed == [ann.sender]
    assert (await ann.last()).text == "x"
