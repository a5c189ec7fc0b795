"""News go their way behind whatever somebody waits for: a few at a time, one person after the other, each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.message import Wire
from bot.core.ports import ORDINARY, Occasion, Sent
from bot.core.quiet import parse
from bot.runtime import broadcasting
from bot.runtime.node import Node
from bot.services import same_person
from bot.services.audiences import Audience
from bot.services.tallies import Counts
from models import Broadcast, BroadcastCopy, Effect, Identity
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.test_broadcast import PACE, WORDS, counts, goes_on, readers, says_yes, sends, told

HOUR = timedelta(hours=1)


class SlowPlatform:
    """What is sent there waits until the test lets it through, in the order in which it came."""

    def __init__(self, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        self._doors = asyncio.Queue[asyncio.Event]()
        self._is_quick = False
        self._real = sim.channel.send
        monkeypatch.setattr(sim.channel, "send", self._send)

    async def _send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        door = asyncio.Event()
        self._doors.put_nowait(door)
        if not self._is_quick:
            await door.wait()
        self.sent.append(wire.text)
        return await self._real(recipient, wire, key, occasion)

    async def lets_one_through(self) -> None:
        async with asyncio.timeout(30):
            (await self._doors.get()).set()

    def lets_all_through(self) -> None:
        self._is_quick = True
        while not self._doors.empty():
            self._doors.get_nowait().set()


async def test_who_writes_in_the_morning_is_answered_ahead_of_the_news(
    one_sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty get news when their night ends, from a platform that is slow; of those two leave before an answer."""
    monkeypatch.setattr(broadcasting, "STEP", 2)
    monkeypatch.setattr(broadcasting, "CROWDED", 2)
    one_sim.quiet = parse("16:00-20:00", "Asia/Shanghai")  # it is 17:00 there
    await one_sim.restarts()
    people = await readers(one_sim, 30)
    id_ = await sends(one_sim)
    await goes_on(one_sim, 16)
    assert (await told(*people), await counts(id_)) == ([0] * 30, Counts(planned=30, waiting=30))
    assert await Effect.exclude(state="done").count() == 0
    one_sim.now += 4 * HOUR
    platform = SlowPlatform(one_sim, monkeypatch)
    await one_sim.runtime.clockwork.morning()
    for _ in range(5):
        one_sim.now += PACE
        await one_sim.runtime.clockwork.broadcasts_due()
        await handled(one_sim)
    [ann] = people[-1:]
    await one_sim.runtime.accept([ann._inbound(text="hello")])
    while not any(WORDS not in text for text in platform.sent):
        await platform.lets_one_through()
    assert len(platform.sent) == 3
    platform.lets_all_through()
    await goes_on(one_sim, 16)
    assert await told(*people) == [1] * 30


async def handled(sim: Simulator) -> None:
    """What is kept has become messages, whether they have left or not."""
    while sim.runtime.waiting:
        await asyncio.sleep(0.002)


async def test_an_account_that_is_slow_keeps_no_other_waiting(
    two_apps: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 2)
    monkeypatch.setattr(broadcasting, "CROWDED", 2)
    slow = await readers(two_apps, 8)
    quick = await says_yes(await two_apps.customer("Quick", on="line"))
    await sends(two_apps)
    platform = SlowPlatform(two_apps, monkeypatch)
    for _ in range(9):
        two_apps.now += PACE
        await two_apps.runtime.clockwork.broadcasts_due()
        await handled(two_apps)
        async with asyncio.timeout(30):
            while two_apps.runtime.effects.size > 2:
                await asyncio.sleep(0.002)
    assert (await told(quick), platform.sent) == ([1], [])
    platform.lets_all_through()
    await two_apps.runtime.idle()
    await goes_on(two_apps, 5)
    assert await told(*slow) == [1] * 8


async def test_who_is_due_while_their_night_falls_waits_for_their_morning(one_sim: Simulator) -> None:
    [ann] = await readers(one_sim, 1)
    id_ = await sends(one_sim)
    one_sim.quiet = parse("17:00-20:00", "Asia/Shanghai")
    await one_sim.restarts()
    await BroadcastCopy.create(
        broadcast_id=id_, conversation_id=(await ann.conversation()).id, person=(await ann.conversation()).contact_id,
        account=one_sim.account, due_at=one_sim.now,
    )  # fmt: skip
    await goes_on(one_sim)
    assert (await told(ann), (await Broadcast.get()).state) == ([0], "running")
    assert (await BroadcastCopy.get()).due_at == one_sim.now.replace(hour=12, minute=0, second=0)
    await one_sim.passes("3h")
    assert (await told(ann), (await Broadcast.get()).state) == ([1], "done")


async def test_ticks_of_several_nodes_are_one_step(one_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 2)
    people = await readers(one_sim, 5)
    await sends(one_sim)
    for so_far in (2, 4, 5):
        one_sim.now += PACE
        await asyncio.gather(*(one_sim.runtime.clockwork.broadcasts_due() for _ in range(3)))
        one_sim.now += PACE / 2
        await one_sim.runtime.clockwork.broadcasts_due()
        one_sim.now -= PACE / 2
        await one_sim.runtime.idle()
        assert sum(await told(*people)) == so_far


async def test_steps_that_are_a_little_early_do_not_add_up(one_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 1)
    people, begin = await readers(one_sim, 9), one_sim.now
    await sends(one_sim)
    for number in range(40):
        one_sim.now = begin + number * PACE * 0.95
        await one_sim.runtime.clockwork.broadcasts_due()
        await one_sim.runtime.idle()
        assert sum(await told(*people)) <= number * 0.95 + 1.1
    assert await told(*people) == [1] * 9


async def test_messages_that_wait_on_other_nodes_go_ahead_of_news(
    empty_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Simulator(PROFILES["telegram"], tmp_path, empty_postgres) as sim:
        people = await readers(sim, 1)
        await sends(sim)
        for elsewhere in (500, 499):
            monkeypatch.setattr(Node, "waiting", elsewhere)
            await goes_on(sim, 2)
            assert await told(*people) == [int(elsewhere < 500)]


async def test_a_clock_that_was_set_back_stops_nothing(one_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 1)
    people = await readers(one_sim, 2)
    await sends(one_sim)
    await goes_on(one_sim, 1)
    await Broadcast.all().update(stepped_at=one_sim.now + HOUR)
    await goes_on(one_sim, 3)
    assert await told(*people) == [1, 1]


async def test_several_broadcasts_take_turns(one_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 2)
    await readers(one_sim, 6)
    first, second = await sends(one_sim), await sends(one_sim)
    for so_far in ((2, 0), (2, 2), (4, 2), (4, 4), (6, 4), (6, 6)):
        await goes_on(one_sim, 1)
        assert ((await counts(first)).sent, (await counts(second)).sent) == so_far


# People with several addresses


@pytest.fixture
async def two_apps(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    more = (PROFILES["line"],)
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url, more=more) as world:
        yield world


async def on_both(sim: Simulator) -> tuple[Customer, Customer]:
    """One person on Telegram and, since a minute, on LINE."""
    telegram = await says_yes(await sim.customer())
    sim.now += timedelta(minutes=1)
    line = await says_yes(await sim.customer(on="line"))
    async with transaction():
        await same_person.join((await telegram.identity()).id, (await line.identity()).id, sim.now)
    return telegram, line


async def test_one_person_hears_it_once_in_the_app_that_they_used_last(two_apps: Simulator) -> None:
    telegram, line = await on_both(two_apps)
    await sends(two_apps)
    await goes_on(two_apps)
    assert await told(telegram, line) == [0, 1]
    await sends(two_apps, Audience(accounts=("telegram",)))
    await goes_on(two_apps)
    assert await told(telegram, line) == [1, 1]


@pytest.mark.parametrize("first", ["telegram", "line"])
async def test_who_changes_the_app_meanwhile_hears_it_once(
    two_apps: Simulator, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 1)
    there = dict(zip(("telegram", "line"), await on_both(two_apps), strict=True))
    two_apps.now += timedelta(minutes=1)
    await there[first].says("hello")
    id_ = await sends(two_apps)
    await goes_on(two_apps, 1)
    await there["line" if first == "telegram" else "telegram"].says("hi")
    await goes_on(two_apps, 4)
    assert {name: await one.times(WORDS) for name, one in there.items()} == {"telegram": 0, "line": 0} | {first: 1}
    assert await counts(id_) == Counts(planned=1, sent=1)


async def test_a_language_is_asked_of_each_address(two_apps: Simulator) -> None:
    telegram, line = await on_both(two_apps)  # the one used last is not of those who are meant
    await Identity.filter(account="telegram").update(locale="zh-hans")
    id_ = await sends(two_apps, Audience(language="zh"))
    await goes_on(two_apps)
    assert (await told(telegram, line), await counts(id_)) == ([1, 0], Counts(planned=1, sent=1))


async def test_a_preview_counts_people(two_apps: Simulator) -> None:
    await on_both(two_apps)
    bob = await two_apps.customer("Bob")
    await bob.says("hello")
    found = await two_apps.runtime.preview_broadcast(Audience())
    assert (found.all, found.now, dict(found.why), found.more) == (2, 1, {"unwanted": 1}, False)


async def test_who_talks_to_a_person_in_one_app_gets_none_in_another(two_apps: Simulator) -> None:
    telegram, line = await on_both(two_apps)
    mei = await two_apps.staff()
    await two_apps.runtime.desk.take_over((await telegram.conversation()).id, mei.id)
    assert dict((await two_apps.runtime.preview_broadcast(Audience())).why) == {"staffed": 1}
    id_ = await sends(two_apps)
    await goes_on(two_apps)
    assert (await told(telegram, line), await counts(id_)) == ([0, 0], Counts())
