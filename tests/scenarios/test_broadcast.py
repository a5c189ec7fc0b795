"""What the shop tells many: each who wants it once, through crashes, nights, takeovers and a stop in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.errors import Unreachable, WindowClosed
from bot.core.message import Inbound
from bot.core.quiet import parse
from bot.runtime import broadcasting
from bot.runtime.inbox import Inbox
from bot.services import audiences, broadcasts, conversations
from bot.services.audiences import Audience
from bot.services.broadcasts import Draft
from bot.services.tallies import Counts
from models import Broadcast, BroadcastCopy, Consent, Effect, Message, Order
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import MODES, Customer, Simulator
from tests.scenarios.test_order import who_ordered

PACE = timedelta(seconds=broadcasting.STEP_SECONDS)
WORDS = "The spring harvest is here."
FOOT = "\n\nSay STOP to get no more of these."


async def says_yes(customer: Customer) -> Customer:
    """They have written, and want news."""
    await customer.says("hello")
    identity = await customer.identity()
    await Consent.create(identity=identity, kind="news", given=True, way="asked", said="May we?", at=customer.sim.now)
    return customer


async def readers(sim: Simulator, count: int) -> list[Customer]:
    return [await says_yes(await sim.customer(f"Reader{number}")) for number in range(count)]


async def sends(sim: Simulator, audience: Audience | None = None, **more: Any) -> int:
    """A broadcast that is due now."""
    at = more.pop("at", sim.now)
    mei = await sim.staff("Mei", "manager")
    async with transaction():
        return await broadcasts.create(Draft(WORDS, audience or Audience(), **more), at, mei.id, sim.now)


async def goes_on(sim: Simulator, steps: int = 3) -> None:
    for _ in range(steps):
        sim.now += PACE
        await sim.runtime.clockwork.broadcasts_due()
        await sim.runtime.idle()


async def told(*people: Customer) -> list[int]:
    return [await one.times(WORDS) for one in people]


async def counts(id_: int) -> Counts:
    return (await broadcasts.view(id_)).counts


async def test_who_wants_news_hears_them_once_and_nobody_else(sim: Simulator) -> None:
    ann, bob = await says_yes(await sim.customer()), await sim.customer("Bob")
    await bob.says("hello")
    id_ = await sends(sim, label="Look", command="shop")
    await goes_on(sim)
    if sim.mode.restarts:
        await sim.restarts()
    await goes_on(sim)
    assert await told(ann, bob) == [1, 0]
    assert (await broadcasts.view(id_)).state == "done"
    await ann.picks("Look")
    assert await ann.sees("That is all we have.")
    await ann.says("STOP")
    assert (await counts(id_)).unsubscribed == 1
    await sends(sim)
    await goes_on(sim)
    assert await told(ann) == [1]


async def test_each_page_of_many_is_told_once(one_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 3)
    people = await readers(one_sim, 7)
    id_ = await sends(one_sim)
    await goes_on(one_sim, 5)
    assert await told(*people) == [1] * 7
    assert await counts(id_) == Counts(planned=7, sent=7)


async def test_it_waits_for_its_time(one_sim: Simulator) -> None:
    [ann] = await readers(one_sim, 1)
    await sends(one_sim, at=one_sim.now + timedelta(hours=1))
    await goes_on(one_sim)
    assert await told(ann) == [0]
    one_sim.now += timedelta(hours=1)
    await goes_on(one_sim)
    assert await told(ann) == [1]


async def test_who_talks_to_a_person_gets_none(one_sim: Simulator) -> None:
    ann, bob = await readers(one_sim, 2)
    mei = await one_sim.staff()
    await one_sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    id_ = await sends(one_sim)
    preview = await one_sim.runtime.preview_broadcast(Audience())
    assert (preview.now, dict(preview.why)) == (1, {"staffed": 1})
    await goes_on(one_sim)
    assert (await told(ann, bob), await counts(id_)) == ([0, 1], Counts(planned=1, sent=1))


async def test_who_is_taken_over_between_their_row_and_their_turn_gets_none(one_sim: Simulator) -> None:
    one_sim.quiet = parse("16:00-20:00", "Asia/Shanghai")  # it is 17:00 there
    await one_sim.restarts()
    ann, bob = await readers(one_sim, 2)
    mei = await one_sim.staff()
    id_ = await sends(one_sim)
    await goes_on(one_sim)
    await one_sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    await one_sim.passes("4h")
    assert (await told(ann, bob), await counts(id_)) == ([0, 1], Counts(planned=2, sent=1))


async def test_who_is_taken_over_while_theirs_is_tried_again_gets_none(one_sim: Simulator) -> None:
    [ann] = await readers(one_sim, 1)
    mei = await one_sim.staff()
    id_ = await sends(one_sim)
    one_sim.channel.failures.append(OSError("away"))
    await one_sim.runtime.clockwork.broadcasts_due()
    async with asyncio.timeout(30):
        while not await Effect.filter(state="pending", attempts=1).exists():
            await asyncio.sleep(0.002)
    await one_sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    one_sim.now += timedelta(minutes=5)
    await one_sim.runtime.idle()
    assert (await told(ann), await counts(id_)) == ([0], Counts(planned=1, failed=1))


async def test_it_can_be_stopped_while_it_runs(one_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 2)
    people = await readers(one_sim, 5)
    id_ = await sends(one_sim)
    await goes_on(one_sim, 1)
    async with transaction():
        await broadcasts.stop(id_, 1, one_sim.now)
    await goes_on(one_sim)
    assert sum(await told(*people)) == 2
    # Also what was on its way to a lane already.
    inbound = Inbound(
        one_sim.account, f"news:{id_}:x", people[-1].sender, "news", data=str(id_), client_id=f"news:{id_}"
    )
    await one_sim.deliver(inbound)
    assert sum(await told(*people)) == 2


async def test_what_waits_for_the_morning_is_stopped_with_it(one_sim: Simulator) -> None:
    one_sim.quiet = parse("16:00-20:00", "Asia/Shanghai")  # it is 17:00 there
    await one_sim.restarts()
    ann, bob = await readers(one_sim, 2)
    id_ = await sends(one_sim)
    assert (await one_sim.runtime.preview_broadcast(Audience())).later == 2
    await goes_on(one_sim)
    assert (await told(ann, bob), (await counts(id_)).waiting) == ([0, 0], 2)
    await ann.says("STOP")
    await one_sim.passes("4h")
    assert await told(ann, bob) == [0, 1]
    id_ = await sends(one_sim)
    one_sim.now += timedelta(hours=20)
    await goes_on(one_sim)
    async with transaction():
        await broadcasts.stop(id_, 1, one_sim.now)
    await one_sim.passes("4h")
    assert (await told(bob), await counts(id_)) == ([1], Counts(planned=1))


async def test_what_waits_for_the_morning_comes_although_an_older_node_ends_it(one_sim: Simulator) -> None:
    one_sim.quiet = parse("16:00-20:00", "Asia/Shanghai")  # it is 17:00 there
    await one_sim.restarts()
    [ann] = await readers(one_sim, 1)
    id_ = await sends(one_sim)
    await goes_on(one_sim)
    assert (await told(ann), (await counts(id_)).waiting) == ([0], 1)
    await Broadcast.all().update(state="done", ended_at=one_sim.now)
    await one_sim.passes("4h")
    await goes_on(one_sim)
    assert (await told(ann), (await broadcasts.view(id_)).state) == ([1], "done")


async def test_who_is_erased_while_they_are_told_keeps_nobody_from_it(
    one_sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    [ann] = await readers(one_sim, 1)
    id_, due = await sends(one_sim), broadcasts.due

    async def and_somebody_who_was(*args: Any) -> list[broadcasts.Copy]:
        return [broadcasts.Copy(10_000, 10_000, one_sim.account, "gone"), *await due(*args)]

    monkeypatch.setattr(broadcasts, "due", and_somebody_who_was)
    await goes_on(one_sim)
    assert (await told(ann), await counts(id_)) == ([1], Counts(planned=1, sent=1))


async def test_without_news_nobody_looks_at_the_accounts(one_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    async def looked(*_: Any) -> list[str]:
        raise AssertionError

    monkeypatch.setattr(broadcasting, "crowded", looked)
    await goes_on(one_sim)
    await sends(one_sim)
    with pytest.raises(AssertionError):
        await goes_on(one_sim)


async def test_whom_it_is_for(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim)
    await ann.pays()
    assert await Order.filter(paid_at__isnull=False).count() == 1
    await says_yes(ann)
    li = await says_yes(await one_sim.customer("李", "zh-hans"))

    async def meant(**who: Any) -> list[int]:
        found = await audiences.recipients(Audience(**who), 0, 9)
        return [one.conversation_id for one in found]

    first, second = (await ann.conversation()).id, (await li.conversation()).id
    assert [await meant(), await meant(bought="yes"), await meant(bought="no")] == [[first, second], [first], [second]]
    assert [await meant(language="zh"), await meant(language="en")] == [[second], [first]]
    assert [await meant(accounts=("telegram",)), await meant(accounts=("line",))] == [[first, second], []]


async def test_a_closed_window_is_told_of_before_and_nobody_is_sent_to(sqlite_url: str, tmp_path: Path) -> None:
    able = PROFILES["wechat"]
    async with Simulator(able, tmp_path, sqlite_url, MODES[0], more=(replace(PROFILES["whatsapp"]),)) as sim:
        ann, bob = await says_yes(await sim.customer()), await says_yes(await sim.customer("Bob", on="whatsapp"))
        sim.now += timedelta(days=3)
        await sends(sim)
        preview = await sim.runtime.preview_broadcast(Audience())
        assert (preview.all, preview.now, preview.template, dict(preview.why)) == (2, 0, 1, {"window_closed": 1})
        await goes_on(sim)
        assert await told(ann, bob) == [0, 1]


async def test_news_that_no_window_is_open_for_any_more_do_not_come_later(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["wechat"], tmp_path, sqlite_url) as sim:
        [ann] = await readers(sim, 1)
        id_ = await sends(sim)
        sim.channel.failures.append(WindowClosed("45015"))
        await goes_on(sim)
        assert (await counts(id_), await Effect.filter(state="held").count()) == (Counts(planned=1, failed=1), 0)
        assert [row.error for row in await Message.filter(delivery="failed")] == ["window_closed"]
        sim.now += timedelta(days=60)
        await ann.says("hello")
        assert await told(ann) == [0]


async def test_who_is_gone_is_no_work_for_staff(one_sim: Simulator) -> None:
    ann, bob = await readers(one_sim, 2)
    id_ = await sends(one_sim)
    one_sim.channel.failures.append(Unreachable("bot was blocked by the user"))
    await goes_on(one_sim)
    assert (sum(await told(ann, bob)), await counts(id_)) == (1, Counts(planned=2, sent=1, failed=1))
    assert [row.error for row in await Message.filter(delivery="failed")] == ["bot was blocked by the user"]
    assert sorted([(await one.identity()).reachable for one in (ann, bob)]) == [False, True]
    assert await Effect.filter(state="parked").count() == 0
    assert [(await one.conversation()).attention for one in (ann, bob)] == ["", ""]
    await sends(one_sim)
    await goes_on(one_sim)
    assert sorted(await told(ann, bob)) == [0, 2]


async def test_news_move_nobody_in_the_list_of_the_desk(one_sim: Simulator) -> None:
    people = await readers(one_sim, 2)
    one_sim.now += timedelta(minutes=1)
    bob = await one_sim.customer("Bob")
    await bob.says("where is my parcel?")
    before = (await conversations.listed("all", 1)).items
    await sends(one_sim)
    await goes_on(one_sim)
    assert await told(*people) == [1, 1]
    found = (await conversations.listed("all", 1)).items
    assert [(row.id, row.last_text, row.last_at) for row in found] == [(r.id, r.last_text, r.last_at) for r in before]


# Exactly once: through a crash at any point of a step, and with two nodes that step at the same moment.


class Crash(BaseException):
    """The process dies."""


Step = Callable[[Simulator], Awaitable[object]]


async def real(sim: Simulator) -> object:
    runtime = sim.runtime
    return await broadcasting.step(runtime._inbox, runtime._parts.shop, sim.now)


async def due_now(sim: Simulator) -> tuple[int, Sequence[broadcasts.Copy]]:
    """The broadcast with whom it tells next, who have their rows."""
    [row] = await broadcasts.running(sim.now) or [None]
    if row is None:
        return 0, ()
    page = await audiences.recipients(Audience(), row.reached, broadcasting.STEP)
    able = sim.runtime._parts.shop.capabilities
    await broadcasts.plan(row.id, await audiences.chosen(page, Audience(), able, sim.quiet, sim.now), sim.now)
    await Broadcast.filter(id=row.id).update(reached=page[-1].identity_id if page else row.reached)
    return row.id, await broadcasts.due(row.id, (), sim.now, broadcasting.STEP)


async def settled(copies: Sequence[broadcasts.Copy]) -> None:
    async with transaction() as connection:
        await broadcasts.settle(connection, {one.id: None for one in copies})


async def kept_apart(sim: Simulator) -> object:
    """Broken: that they are told is one commit, and the inbounds are another."""
    id_, copies = await due_now(sim)
    await settled(copies)
    return await sim.runtime.accept([broadcasting._told(id_, one) for one in copies])


async def keyed_anew(sim: Simulator) -> object:
    """Broken: the inbounds first, each time under another key."""
    id_, copies = await due_now(sim)
    await sim.runtime.accept([replace_key(broadcasting._told(id_, one), sim.key()) for one in copies])
    return await settled(copies)


def replace_key(inbound: Inbound, key: str) -> Inbound:
    return Inbound(inbound.account, key, inbound.sender, "news", data=inbound.data, client_id=key)


@pytest.fixture
async def many(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    monkeypatch.setattr(broadcasting, "STEP", 2)
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url) as world:
        yield world


async def dies_everywhere(sim: Simulator, step: Step, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each step of a broadcast to five is cut off before and after each of its writes, and begun again."""
    people = await readers(sim, 5)
    await sends(sim)
    for place in PLACES * 2:
        with monkeypatch.context() as armed:
            _arm(armed, place)
            sim.now += PACE
            with suppress(Crash):
                await step(sim)
        await sim.restarts()
        await sim.runtime.idle()
    for _ in range(6):
        sim.now += PACE
        await step(sim)
        await sim.restarts()
        await sim.runtime.idle()
    return await told(*people)


#: Where it dies: whose call, and whether before or behind it.
PLACES: Sequence[tuple[Any, str, bool]] = (
    (Inbox, "keep_within", True), (Inbox, "keep_within", False), (Inbox, "accept", True), (Inbox, "accept", False),
    (Broadcast, "save", True), (Broadcast, "save", False),
)  # fmt: skip


def _arm(armed: pytest.MonkeyPatch, place: tuple[Any, str, bool]) -> None:
    owner, name, before = place
    whole = getattr(owner, name)

    async def cut(*args: Any, **kwargs: Any) -> Any:
        if before:
            raise Crash
        await whole(*args, **kwargs)
        raise Crash

    armed.setattr(owner, name, cut)


async def test_a_death_at_any_point_neither_loses_nor_doubles_a_copy(
    many: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await dies_everywhere(many, real, monkeypatch) == [1] * 5


@pytest.mark.parametrize("broken", [kept_apart, keyed_anew])
async def test_a_broken_variant_is_found(many: Simulator, monkeypatch: pytest.MonkeyPatch, broken: Step) -> None:
    assert await dies_everywhere(many, broken, monkeypatch) != [1] * 5


async def test_two_nodes_that_step_at_once_tell_each_once(
    empty_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasting, "STEP", 2)
    async with Simulator(PROFILES["telegram"], tmp_path, empty_postgres) as sim:
        people = await readers(sim, 5)
        id_ = await sends(sim)
        for _ in range(4):
            sim.now += PACE
            await asyncio.gather(*(sim.runtime.clockwork.broadcasts_due() for _ in range(3)))
            await sim.runtime.idle()
        assert await told(*people) == [1] * 5
        assert await BroadcastCopy.filter(broadcast_id=id_).count() == 5
